// What does not fit together is refused, and both sizes are named.
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <functional>
#include <ostream>

#include "gradcheck/errors.hpp"
#include "tests/jacobian/residuals.hpp"

namespace gc = dtheta::gradcheck;
namespace data = boost::unit_test::data;
using Span = std::span<const double>;
using Out = std::span<double>;
using Vector = std::vector<double>;

namespace bad_call_case {

const Vector x{0.5, -1.2, 2.0};
const Vector some(11, 1.0), many(12, 1.0);

Vector two(Span) { return {1.0, 2.0}; }

struct Call {
  const char* says;
  std::function<void()> make;
};
std::ostream& operator<<(std::ostream& out, const Call& call) { return out << call.says; }

void check(const gc::VectorFunction& f, const gc::Jacobian& jacobian,
           const gc::JacobianOptions& options = {}) {
  gc::check_jacobian(f, jacobian, x, options);
}

gc::SparseRows rows_of(std::vector<std::size_t> starts, std::vector<std::size_t> columns) {
  return {std::move(starts), std::move(columns), many};
}

const std::vector<Call> calls{
    {"11 entries were given, but 4 outputs by 3 inputs are 12",
     [] {
       check({jacobian_test::residuals, 4}, gc::RowMajor(some));
     }},
    {"11 entries were given, which are no whole number of rows for 3 inputs",
     [] { check(jacobian_test::residuals, gc::RowMajor(some)); }},
    {"12 entries were given, but 2 outputs by 3 inputs are 6",
     [] { check(two, gc::RowMajor(many)); }},
    {"how many outputs it writes is not known",
     [] { check(jacobian_test::residuals, gc::RowMajor(jacobian_test::right)); }},
    {"their blocks have 5 entries, but f has 4 values",
     [] {
       gc::JacobianOptions options;
       options.outputs = {{"r", {5}}};
       check({jacobian_test::residuals, 4}, gc::RowMajor(many), options);
     }},
    {"jacobian: the function returned 11 entries, but 12 are expected",
     [] {
       check({jacobian_test::residuals, 4}, gc::RowMajor([](Span) { return some; }));
     }},
    {"jacobian: it wrote outside of the 12 entries that it was lent, at position 12",
     [] {
       check({jacobian_test::residuals, 4}, gc::RowMajor([](Span at, Out out) {
               jacobian_test::right(at, out);
               out.data()[12] = 1.0;
             }));
     }},
    {"jacobian: it wrote outside of the 12 entries that it was lent, at position -1",
     [] {
       check({jacobian_test::residuals, 4}, gc::RowMajor([](Span at, Out out) {
               jacobian_test::right(at, out);
               *(out.data() - 1) = 0.0;
             }));
     }},
    {"f: it wrote outside of the 4 entries that it was lent, at position 4",
     [] {
       check({[](Span at, Out y) {
                jacobian_test::residuals(at, y);
                y.data()[4] = 1.0;
              },
              4},
             gc::RowMajor(many));
     }},
    {"4 outputs need 5 starts of rows, but the pattern has 3",
     [] {
       check({jacobian_test::residuals, 4}, rows_of({0, 6, 12}, std::vector<std::size_t>(12, 0)));
     }},
    {"row 1 names column 0 twice",
     [] {
       check(two, rows_of({0, 1, 3}, {0, 0, 0}));
     }},
    {"row 0 is unsorted: column 0 stands after column 2",
     [] {
       check(two, rows_of({0, 2, 3}, {2, 0, 0}));
     }},
    {"entry 1 of the pattern is in column 3, but there are 3 inputs",
     [] {
       check(two, rows_of({0, 2, 3}, {0, 3, 0}));
     }},
    {"row 0 starts at 0 and ends at 4, but the pattern has 3 columns",
     [] {
       check(two, rows_of({0, 4, 3}, {0, 1, 2}));
     }},
    {"row 1, column 2 is given twice, by entries 0 and 2",
     [] {
       check(two, gc::Triplets({1, 0, 1}, {2, 0, 2}, std::span(many).first(3)));
     }},
    {"entry 0 of the pattern is in row 2, but there are 2 outputs",
     [] { check(two, gc::Triplets({2}, {0}, std::span(many).first(1))); }},
    {"2 rows and 1 columns of triplets were given",
     [] {
       check(two, gc::Triplets({1, 1}, {0}, std::span(many).first(1)));
     }},
    {"jacobian: 12 entries were given, but 2 are expected",
     [] {
       check(two, gc::Triplets({0, 1}, {0, 1}, many));
     }},
    {"nobody",
     [] {
       gc::JacobianOptions options;
       options.blocks = {"nobody"};
       check({jacobian_test::residuals, 4}, gc::RowMajor(many), options);
     }},
};

}  // namespace bad_call_case
using namespace bad_call_case;

BOOST_AUTO_TEST_SUITE(jacobian_bad_calls)

BOOST_DATA_TEST_CASE(a_wrong_call_is_refused, data::make(calls), call) {
  BOOST_CHECK_EXCEPTION(call.make(), std::invalid_argument, [&](const std::invalid_argument& e) {
    BOOST_TEST_MESSAGE(e.what());
    return std::string(e.what()).find(call.says) != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(an_entry_never_written_is_told_from_a_nan) {
  const auto forgets = [](Span at, Out out) {
    Vector all(12);
    jacobian_test::right(at, all);
    for (std::size_t k = 0; k < 12; ++k) {
      if (k != 7) out[k] = all[k];
    }
  };
  const auto result = gc::check_jacobian({jacobian_test::residuals, 4}, gc::RowMajor(forgets), x);
  BOOST_TEST((result.verdict == gc::Verdict::fail));
  BOOST_TEST(result.causes.front().sentence.find("never written") != std::string::npos);
  BOOST_TEST(result.causes.front().where == "f[2] by x[1]");
}

BOOST_AUTO_TEST_CASE(a_jacobian_that_remembers_does_not_pass) {
  int calls_made = 0;
  const auto remembers = [&](Span at, Out out) {
    jacobian_test::right(at, out);
    out[0] += 1e-12 * ++calls_made;
  };
  const auto result = gc::check_jacobian({jacobian_test::residuals, 4}, gc::RowMajor(remembers), x);
  BOOST_TEST((result.verdict == gc::Verdict::inconclusive), result);
}

BOOST_AUTO_TEST_SUITE_END()
