// Axes of size 0, on every instruction set where kernels are chosen by it.

#include <boost/test/unit_test.hpp>

#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/network/attention.hpp"
#include "autodiff/ops/spatial/convolution.hpp"
#include "derivatives.hpp"
#include "gradcheck/bridge/network_check.hpp"
#include "tests/autodiff/simd/reference.hpp"

namespace dtheta {
namespace {

using namespace dtheta::testing;

// The window lies in the padding: y is 0 whatever the filter, which receives 0.
void convolve_nothing() {
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

BOOST_AUTO_TEST_SUITE(ops_empty_axes)

BOOST_AUTO_TEST_CASE(convolution_over_nothing) {
  for (const std::int64_t target : simd_reference::targets()) {
    const simd_reference::ForcedTarget forced(target);
    BOOST_TEST_CONTEXT(hwy::TargetName(target)) { convolve_nothing(); }
  }
}

// What moves reaches a value of no elements, of which nothing can be taken.
BOOST_AUTO_TEST_CASE(a_check_over_values_of_no_elements) {
  Tape tape;
  const Var w = tape.leaf(vector_of({0.75})), nothing = tape.leaf(Tensor(Shape{0}));
  const Var empty_rows = tape.leaf(Tensor(Shape{0, 1}));
  const Var cost = sum(nothing * w) + sum(w * nothing) + sum(empty_rows * w) + sum(square(w));
  const std::vector<gradcheck::CheckedLeaf> leaves{{"w", 1, w}};
  BOOST_TEST(gradcheck::check_network(cost, leaves));
}

BOOST_AUTO_TEST_CASE(attention_and_dense_layers_of_no_samples) {
  Tape tape;
  const Var x = tape.leaf(Tensor(Shape{0, 3})),
            w = tape.leaf(Tensor(Shape{2, 3}, {1., 2., 3., 4., 5., 6.})),
            b = tape.leaf(vector_of({1, 2}));
  const std::vector<Var> g = grad(sum(square(affine(x, w, b))), {x, w, b});
  expect(numbers_of(g[1]), std::vector<double>(6, 0.0));
  expect(numbers_of(g[2]), {0, 0});
  const Var y = scaled_dot_attention(x, x, x);
  BOOST_TEST((y.shape() == x.shape()));
  BOOST_TEST(grad(sum(y), x).size() == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace dtheta
