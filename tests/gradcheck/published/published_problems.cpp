// The problems of Moré, Garbow and Hillstrom with right Jacobians and with Jacobians known to be
// wrong, at the published starting points and at ten and a hundred times them.
#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "gradcheck/check.hpp"
#include "tests/gradcheck/published/more_garbow_hillstrom.hpp"

namespace gc = dtheta::gradcheck;
namespace data = boost::unit_test::data;
using namespace more_garbow_hillstrom;

namespace {

constexpr std::size_t count = 35;
const auto starts = data::make({1.0, 10.0, 100.0});

double cost(const Problem& problem, Span x) {
  double sum = 0.0;
  for (const Row& row : problem.rows(x)) sum += row.f * row.f;
  return sum;
}

/// ∇J = 2 Σ f_k ∇f_k.
Values gradient(const std::vector<Row>& rows) {
  Values g(rows.front().slope.size(), 0.0);
  for (const Row& row : rows) {
    for (std::size_t j = 0; j < g.size(); ++j) g[j] += 2.0 * row.f * row.slope[j];
  }
  return g;
}

double largest(Span values) {
  double most = 0.0;
  for (const double v : values) most = std::max(most, std::abs(v));
  return most;
}

/// The published starting point times `factor`. `off`: moved a little from its round numbers, where
/// some Jacobians vanish and every bug in them hides.
Values point(const Problem& problem, double factor, bool off) {
  Values x = problem.start;
  for (std::size_t j = 0; j < x.size(); ++j) {
    if (off) x[j] += 0.013 * static_cast<double>(j + 1);
    x[j] *= factor;
  }
  return x;
}

/// Far out some residuals overflow; the paper leaves out such points.
bool defined(const Problem& problem, const Values& x) {
  const double value = cost(problem, x);
  const Values g = gradient(problem.rows(x));
  return std::isfinite(value) && value < 1e150 &&
         std::ranges::all_of(g, [](double v) { return std::isfinite(v); });
}

gc::Result run(const Problem& problem, const Values& g, const Values& x) {
  return gc::check([&](Span t) { return cost(problem, t); }, g, x);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(published_problems)

BOOST_AUTO_TEST_CASE(all_of_them_in_order) {
  BOOST_TEST(problems().size() == count);
  for (std::size_t p = 0; p < count; ++p) {
    BOOST_TEST(problems()[p].number == static_cast<int>(p) + 1);
  }
}

// Values of J at the starting points, from the paper's formulas worked out by other means.
BOOST_AUTO_TEST_CASE(known_costs) {
  const auto at_start = [](int number) {
    const Problem& problem = problems()[static_cast<std::size_t>(number) - 1];
    return cost(problem, problem.start);
  };
  // Sums of at most a hundred squares: less than a hundred roundings of one sign, 2^-53 each.
  const auto close = boost::test_tools::tolerance(100 * 0x1p-53);
  BOOST_TEST(at_start(1) == 24.2, close);
  BOOST_TEST(at_start(2) == 400.5, close);
  BOOST_TEST(at_start(5) == 14.203125, close);
  BOOST_TEST(at_start(7) == 2500.0, close);
  BOOST_TEST(at_start(13) == 215.0, close);
  BOOST_TEST(at_start(14) == 19192.0, close);
  BOOST_TEST(at_start(16) == 7926693.336997432, close);
  BOOST_TEST(at_start(20) == 30.0, close);
  BOOST_TEST(at_start(21) == 4.0 * 24.2, close);
  BOOST_TEST(at_start(22) == 2.0 * 215.0, close);
}

BOOST_DATA_TEST_CASE(right_jacobian_never_fails, data::xrange(count) * starts, which, factor) {
  const Problem& problem = problems()[which];
  for (const bool off : {false, true}) {
    const Values x = point(problem, factor, off);
    if (!defined(problem, x)) continue;
    const auto result = run(problem, gradient(problem.rows(x)), x);
    BOOST_TEST((result.verdict != gc::Verdict::fail), problem.name << "\n" << result);
    if (factor == 1.0 && off) BOOST_TEST(result, problem.name << "\n" << result);
  }
}

namespace {

struct Bug {
  const char* name;
  void (*spoil)(Row& row, std::size_t j);
};

const Bug bugs[] = {
    {"wrong sign", [](Row& row, std::size_t j) { row.slope[j] *= -1.0; }},
    {"a factor 2 of the chain rule is missing",
     [](Row& row, std::size_t j) { row.slope[j] *= 0.5; }},
    {"index off by one",
     [](Row& row, std::size_t j) {
       std::swap(row.slope[j], row.slope[(j + 1) % row.slope.size()]);
     }},
};

}  // namespace

// Entries of the residuals' Jacobians in turn: wherever the bug changes an entry of the gradient by
// more than a part in 10⁵ of the largest, the check fails, and accuses wrong entries only.
BOOST_DATA_TEST_CASE(wrong_jacobian_fails,
                     data::xrange(count) * starts * data::xrange(std::size(bugs)), which, factor,
                     bug) {
  const Problem& problem = problems()[which];
  const Values x = point(problem, factor, true);
  if (!defined(problem, x)) return;
  const auto rows = problem.rows(x);
  const Values right = gradient(rows);
  const double least = 1e-5 * largest(right);
  const std::size_t stride = 1 + rows.size() / 8;
  std::size_t planted = 0;
  for (std::size_t k = 0; k < rows.size(); k += stride) {
    for (std::size_t j = 0; j < x.size(); ++j) {
      auto spoilt = rows;
      bugs[bug].spoil(spoilt[k], j);
      const Values wrong = gradient(spoilt);
      double most = 0.0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        most = std::max(most, std::abs(wrong[i] - right[i]));
      }
      if (most <= least) continue;
      ++planted;
      const auto result = run(problem, wrong, x);
      BOOST_TEST((result.verdict == gc::Verdict::fail),
                 problem.name << ", " << bugs[bug].name << " in " << k << ", " << j << "\n"
                              << result);
      for (const gc::Component& c : result.worst()) {
        if (c.verdict != gc::Verdict::fail) continue;
        BOOST_TEST(wrong[c.position] != right[c.position]);
      }
    }
  }
  BOOST_TEST((planted > 0U || factor > 1.0), problem.name);
}

BOOST_AUTO_TEST_SUITE_END()
