// What a run has computed so far may be taken away while it goes on.

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <vector>

#include "autodiff/errors.hpp"
#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/plan.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"

namespace dtheta {
namespace {

Tensor draw(const Shape& shape, std::uint64_t seed) { return materialize(real(shape), seed); }

/// Layers of a width, 1 being a chain of single numbers, and something that depends on nothing.
struct Layers {
  explicit Layers(Index width) {
    Var a = tape.leaf(draw({width, width}, 99));
    x = a;
    for (std::uint64_t i = 0; i < 7; ++i) {
      weights.push_back(tape.leaf(draw({width, width}, i)));
      a = tanh(width == 1 ? a * weights.back() : matmul(a, weights.back()));
    }
    outputs = grad(sum(a), weights);
    outputs.push_back(tape.constant(draw({2}, 5)) * 2);
    outputs.push_back(weights[3]);
    outputs.push_back(sum(a));
  }
  Tape tape;
  Var x;
  std::vector<Var> weights, outputs;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(plan_arrivals_suite)

BOOST_DATA_TEST_CASE(what_is_there_stays,
                     boost::unit_test::data::make({1, 3, 40}) *
                         boost::unit_test::data::make({1, 2}),
                     width, threads) {
  const Layers net(width);
  const Plan plan(net.outputs);
  Workspace<double> plain(plan, static_cast<unsigned>(threads)),
      watched(plan, static_cast<unsigned>(threads));
  const Arrivals arrivals = watched.arrivals(net.outputs);
  // Everything once, the last layer's gradient before the first one's.
  std::vector<int> times(net.outputs.size());
  for (const std::size_t i : arrivals.order) ++times[i];
  BOOST_TEST(times == std::vector<int>(times.size(), 1), boost::test_tools::per_element());
  const auto place = [&](std::size_t i) {
    return std::ranges::find(arrivals.order, i) - arrivals.order.begin();
  };
  if (width > 1) BOOST_TEST(place(6) < place(0));
  for (double shift :
       {0.0, 0.25}) {  // the second time the values of the first are there to be mistaken
    for (auto* ws : {&plain, &watched}) ws->leaf(net.x)[0] += shift;
    plain.run();
    std::vector<Tensor> taken;
    const std::vector<Var>& outputs = net.outputs;
    watched.run(arrivals, [&](std::size_t n) {
      BOOST_TEST(n == taken.size() + 1);
      taken.push_back(watched.tensor(outputs[arrivals.order[n - 1]]));
    });
    BOOST_REQUIRE(taken.size() == net.outputs.size());
    for (std::size_t k = 0; k < taken.size(); ++k) {
      BOOST_TEST((taken[k] == plain.tensor(net.outputs[arrivals.order[k]])));
    }
  }
}

BOOST_AUTO_TEST_CASE(what_is_not_kept_does_not_arrive) {
  Layers net(3);
  const Var between = net.weights[0] * 2;
  Workspace<double> ws(Plan({sum(between)}));
  BOOST_CHECK_THROW((void)ws.arrivals(std::vector{between}), StateError);
  BOOST_CHECK_THROW((void)ws.arrivals(std::vector{net.x}), StateError);
  const Workspace<double> moved = std::move(ws);
  BOOST_CHECK_THROW((void)ws.arrivals(std::vector{between}), StateError);
}

BOOST_AUTO_TEST_CASE(arrivals_of_a_longer_plan_are_refused) {
  Layers net(3);
  Workspace<double> whole(Plan(net.outputs)), part(Plan({net.outputs.front()}, {}));
  Workspace<double> least(Plan({net.weights[0] * 2}));
  BOOST_CHECK_THROW(least.run(whole.arrivals(net.outputs), [](std::size_t) {}), StateError);
  BOOST_CHECK_NO_THROW(
      part.run(part.arrivals(std::vector{net.outputs.front()}), [](std::size_t) {}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
