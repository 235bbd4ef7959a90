// relu and the max pooling behind it, which a plan computes in the other order. Bits are held against those of a
// plan that fuses nothing, wherever ties, zeros of both signs, infinities and NaN stand.

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <bit>
#include <limits>
#include <ostream>
#include <random>
#include <vector>

#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/spatial/max_pool.hpp"
#include "autodiff/plan.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"

namespace dtheta {
namespace {

/// Numbers of which many are alike, and now and then what is none.
Tensor drawn(const Shape& shape, unsigned seed, bool special) {
  std::mt19937 random(seed);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const std::vector<double> rare{infinity, -infinity, std::numeric_limits<double>::quiet_NaN()};
  Tensor t(shape);
  for (double& v : t.data<double>()) {
    v = static_cast<double>(random() % 7) - 3.0;
    if (random() % 8 == 0) v = -0.0;
    if (special && random() % 16 == 0) v = rare[random() % rare.size()];
  }
  return t;
}

struct Net {
  const char* name;
  /// From x and c, which is shaped like a pooling of x by 2.
  std::vector<Var> (*record)(Var x, Var c);
  double
      memory;  // of a plan that exchanges, in sizes of x; one more where what relu gives for all of x is kept
};
std::ostream& operator<<(std::ostream& out, const Net& n) { return out << n.name; }

std::vector<Var> with_gradient(Var x, Var y, Var c) { return {y, grad(sum(y * c), x)}; }

const std::vector<Net> nets{
    {"value", [](Var x, Var) { return std::vector{max_pool2d(relu(x), 2)}; }, 1.25},
    {"value and gradient", [](Var x, Var c) { return with_gradient(x, max_pool2d(relu(x), 2), c); },
     3},
    {"of something else",
     [](Var x, Var c) { return with_gradient(x, max_pool2d(relu(x * x - 2.0), 2), c); }, 4},
    {"two gradients",
     [](Var x, Var c) {
       const Var y = max_pool2d(relu(x), 2);
       return std::vector{grad(sum(y * c), x), grad(sum(y * y * c), x)};
     },
     4},
    {"windows that overlap",
     [](Var x, Var) {
       const Var y = max_pool2d(relu(x), 3, {.stride = 1, .padding = 1});
       return std::vector{y, grad(sum(y * y), x)};
     },
     5},
    {"pooled in two ways",
     [](Var x, Var c) {
       const Var r = relu(x);
       return with_gradient(x,
                            max_pool2d(r, 2) + max_pool2d(r, 2, {.stride = 2, .dilation = 1}) +
                                max_pool2d(r, 1, {.stride = 2}),
                            c);
     },
     5.25},
    {"read by others, too",
     [](Var x, Var c) {
       const Var r = relu(x);
       return with_gradient(x, max_pool2d(r, 2) + sum(r), c);
     },
     5},
    {"asked for",
     [](Var x, Var c) {
       const Var r = relu(x), y = max_pool2d(r, 2);
       return std::vector{r, y, grad(sum(y * c), x)};
     },
     4},
    {"its cotangent asked for",
     [](Var x, Var c) {
       const Var r = relu(x), y = max_pool2d(r, 2);
       return std::vector{grad(sum(y * c), r), grad(sum(y * c), x)};
     },
     3.75},
    {"second derivatives",
     [](Var x, Var c) {
       const Var y = max_pool2d(relu(x), 2);
       return std::vector{grad(sum(square(grad(sum(y * y * c), x))), x)};
     },
     5.25}};

std::vector<std::vector<double>> results(const std::vector<Var>& asked, bool fuse) {
  Workspace<double> w{Plan(asked, {.fuse = fuse})};
  w.run();
  std::vector<std::vector<double>> all;
  for (const Var y : asked) all.emplace_back(w[y].begin(), w[y].end());
  return all;
}
bool same(double a, double b) {
  // One NaN is as good as another.
  return (a != a && b != b) || std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(plan_exchange)

BOOST_DATA_TEST_CASE(the_order_does_not_show, boost::unit_test::data::make(nets), net) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    Tape tape;
    const Index columns = 2 * (seed % 19 + 1);
    const Var x = tape.leaf(drawn({2, 3, 6, columns}, seed, seed % 2 == 0));
    const Var c = tape.leaf(drawn({2, 3, 3, columns / 2}, seed + 1000, seed % 4 == 0));
    const std::vector<Var> asked = net.record(x, c);
    const auto fused = results(asked, true), plain = results(asked, false);
    for (std::size_t k = 0; k < asked.size(); ++k) {
      for (std::size_t i = 0; i < plain[k].size(); ++i) {
        BOOST_TEST_CONTEXT("seed " << seed << ", result " << k << ", element " << i << ": "
                                   << fused[k][i] << " and " << plain[k][i]) {
          BOOST_REQUIRE(same(fused[k][i], plain[k][i]));
        }
      }
    }
  }
}

/// Behind the pooling relu has a fourth of the elements; where others read what it gives for all, it stays.
BOOST_DATA_TEST_CASE(memory_is_less_by_what_is_never_written, boost::unit_test::data::make(nets),
                     net) {
  Tape tape;
  const Var x = tape.leaf(drawn({8, 4, 16, 16}, 1, false)),
            c = tape.leaf(drawn({8, 4, 8, 8}, 2, false));
  const auto sizes = static_cast<double>(Plan(net.record(x, c)).memory_elements()) /
                     static_cast<double>(x.shape().size());
  constexpr double single_numbers = 0.01;
  BOOST_TEST(sizes >= net.memory);
  BOOST_TEST(sizes <= net.memory + single_numbers);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
