// Operands that broadcast to more elements than are computed at a time: what is repeated in one tile may
// stand there for the next, or not.

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <vector>

#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/plan.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"

namespace dtheta {
namespace {

struct Pair {
  Shape all, narrow;
  friend std::ostream& operator<<(std::ostream& out, const Pair& p) {
    return out << to_string(p.narrow) << " to " << to_string(p.all);
  }
};

/// Rows that divide a tile of 512 elements, that do not, that are longer; rows that change after some
/// repetitions, within a tile and between two; single elements likewise.
const std::vector<Pair> pairs{{{40, 128}, {128}},
                              {{70, 96}, {1, 96}},
                              {{300, 10}, {10}},
                              {{7, 512}, {512}},
                              {{5, 700}, {700}},
                              {{6, 9, 64}, {6, 1, 64}},
                              {{3, 16, 128}, {3, 1, 128}},
                              {{3, 2, 16, 32}, {3, 1, 1, 32}},
                              {{4, 8, 128}, {4, 8, 1}},
                              {{3, 1024}, {3, 1}},
                              {{2, 3, 700}, {2, 1, 1}},
                              {{2, 5, 3, 64}, {1, 5, 1, 64}},
                              {{1537}, {1}}};

/// Which element of what is narrow stands at each place.
std::vector<std::size_t> places(const Pair& p) {
  std::vector<std::size_t> result;
  for (Index i = 0; i < p.all.size(); ++i) {
    Index rest = i, place = 0, stride = 1;
    for (int axis = 1; axis <= p.narrow.rank(); ++axis) {
      const Index n = p.narrow[p.narrow.rank() - axis], size = p.all[p.all.rank() - axis];
      if (n != 1) place += rest % size * stride;
      rest /= size, stride *= n;
    }
    result.push_back(static_cast<std::size_t>(place));
  }
  return result;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(broadcast_tiles)

BOOST_DATA_TEST_CASE(each_element_meets_its_own, boost::unit_test::data::make(pairs), p) {
  for (unsigned threads : {1U, 2U, 3U}) {
    Tape tape;
    const Tensor a = materialize(real(p.all), 1), b = materialize(real(p.narrow), 2);
    const Var x = tape.leaf(a), y = tape.leaf(b);
    const Var once = x * y, twice = once + y;
    const auto place = places(p);
    Workspace<double> ws(Plan({twice}), threads);
    ws.run();
    ws.run();
    const auto xs = a.data<double>(), ys = b.data<double>();
    const auto recorded = once.data<double>(), replayed = ws[twice];
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < place.size(); ++i) {
      const double product = xs[i] * ys[place[i]];
      wrong += recorded[i] != product || replayed[i] != product + ys[place[i]];
    }
    BOOST_TEST(wrong == 0U);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
