// Axes of size 0, on every instruction set where kernels are chosen by it.

#include <boost/test/unit_test.hpp>

#include "autodiff/ops/convolution.hpp"
#include "autodiff/workspace.hpp"
#include "gradcheck/bridge/network_check.hpp"
#include "ops/derivatives.hpp"

namespace dtheta {
namespace {

using namespace dtheta::testing;

BOOST_AUTO_TEST_SUITE(ops_empty_axes)

// The window lies in the padding: y is 0 whatever the filter, which receives 0.
BOOST_AUTO_TEST_CASE(convolution_over_nothing) {
  for (const DType precision : {DType::float32, DType::float64}) {
    Tape tape(precision);
    const Var x = tape.leaf(Tensor(Shape{1, 1, 0, 5}));
    const Var w = tape.leaf(Tensor(Shape{1, 1, 2, 3}, {1., 2., 3., 4., 5., 6.}));
    const Var y = conv(x, w, {.padding = 1});
    BOOST_TEST((y.shape() == Shape{1, 1, 1, 5}));
    expect(numbers_of(y), std::vector<double>(5, 0.0));
    const std::vector<Var> g = grad(sum(square(y)), {x, w});
    BOOST_TEST((g[0].shape() == x.shape()));
    expect(numbers_of(g[1]), std::vector<double>(6, 0.0));
    expect(numbers_of(grad(sum(y), w)), std::vector<double>(6, 0.0));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace dtheta
