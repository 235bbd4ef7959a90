// Infinite operands, everyday in logarithmic space: derivatives are finite where their limits are,
// and a side that was not taken counts for nothing.

#include <boost/test/unit_test.hpp>

#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/comparison.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/elementwise/trigonometric.hpp"
#include "autodiff/ops/loss/loss.hpp"
#include "autodiff/ops/loss/losses_classification.hpp"
#include "autodiff/ops/network/activation_units.hpp"
#include "autodiff/ops/reduction/norm.hpp"
#include "autodiff/ops/reduction/running_extrema.hpp"
#include "autodiff/ops/reduction/softmax.hpp"
#include "derivatives.hpp"

namespace dtheta {
namespace {

using namespace dtheta::testing;

BOOST_AUTO_TEST_SUITE(ops_infinities)

BOOST_AUTO_TEST_CASE(a_sum_of_nothing_has_no_parts) {
  expect(gradient([](Var x) { return logsumexp(x); }, {-infinity, -infinity}), {0, 0});
  // The first result is the first element, whatever that is.
  expect(gradient([](Var x) { return logcumsumexp(x, 0); }, {-infinity, -infinity}), {1, 0});
  expect(gradient(logaddexp, -infinity, -infinity), {0, 0});
  expect(gradient(logaddexp, -infinity, 1), {0, 1});
}

BOOST_AUTO_TEST_CASE(an_infinite_term_is_all_of_a_sum) {
  expect(gradient([](Var x) { return logsumexp(x); }, {infinity, 1}), {1, 0});
  expect(gradient(logaddexp, infinity, 1), {1, 0});
  Tape tape;
  const Var x = tape.leaf(vector_of({infinity, 1, -infinity}));
  expect(numbers_of(softmax(x)), {1, 0, 0});
  expect(numbers_of(log_softmax(x)), {0, -infinity, -infinity});
}

BOOST_AUTO_TEST_CASE(cross_entropy_with_a_masked_class) {
  Tape tape;
  const Var z = tape.leaf(vector_of({-infinity, 0})), t = tape.leaf(vector_of({0, 1}));
  const Var label = tape.leaf(Tensor(Shape{}, {Index{1}}));
  for (const Var loss : {cross_entropy_with_logits(z, t), cross_entropy_with_logits(z, label),
                         smoothed_cross_entropy(z, t, 0), smoothed_cross_entropy(z, label, 0)}) {
    BOOST_TEST(loss.item() == 0);
    expect(numbers_of(grad(loss, z)), {0, 0});
  }
}

BOOST_AUTO_TEST_CASE(entropy_with_a_masked_class) {
  Tape tape;
  const Var z = tape.leaf(vector_of({-infinity, 0, 0}));
  const Var p = softmax(z), entropy = -sum(xlogy(p, p));
  expect({entropy.item()}, {std::log(2.0)});
  const std::vector<double> g = numbers_of(grad(entropy, z));
  expect({g[0]}, {0});
  BOOST_TEST(std::abs(g[1]) <= 0x1p-50);  // the terms are of size one and cancel
  BOOST_TEST(std::abs(g[2]) <= 0x1p-50);
}

BOOST_AUTO_TEST_CASE(binary_labels_that_are_met_for_sure) {
  Tape tape;
  for (const auto& [logit, label] : {std::pair{infinity, 1.0}, {-infinity, 0.0}}) {
    const Var z = tape.leaf(Tensor(logit)), y = tape.leaf(Tensor(label));
    const Var loss = binary_cross_entropy_with_logits(z, y);
    BOOST_TEST(loss.item() == 0);
    BOOST_TEST(grad(loss, z).item() == 0);
  }
}

BOOST_AUTO_TEST_CASE(the_side_not_taken) {
  const auto guarded = [](Var (*f)(Arg)) { return [f](Var x) { return where(x > 0, f(x), 0); }; };
  expect(gradient(guarded(sqrt), {0, 4}), {0, 0.25});
  expect(gradient(guarded(sqrt), {-1, 4}), {0, 0.25});
  expect(gradient(guarded(log), {0, 4}), {0, 0.25});
  expect(gradient(guarded(log), {-1, 4}), {0, 0.25});
  expect(gradient(guarded(reciprocal), {0, 4}), {0, -1.0 / 16});
  expect(gradient(guarded(rsqrt), {0, 4}), {0, -1.0 / 16});
  expect(gradient([](Var x) { return where(x < 100, exp(x), 0); }, {1000, 0}), {0, 1});
  expect(gradient([](Var x) { return where(equal(x, 0), 1, sin(x) / x); }, {0}), {0});
  expect(gradient([](Var x) { return where(x > 0, pow(x, 0.5), 0); }, {0, 4}), {0, 0.25});
  expect(gradient([](Var x) { return where(abs(x) < 1, asin(x), 0); }, {1, 0}), {0, 1});
  expect(gradient([](Var x) { return where(abs(x) < 1, atanh(x), 0); }, {1, 0}), {0, 1});
}

// and in the derivative of the derivative: -1/4 x^(-3/2) at 4
BOOST_AUTO_TEST_CASE(the_side_not_taken_twice) {
  Tape tape;
  const Var x = tape.leaf(vector_of({0, 4}));
  const Var g = grad(sum(where(x > 0, sqrt(x), 0)), x);
  expect(numbers_of(grad(sum(g), x)), {0, -1.0 / 32});
}

BOOST_AUTO_TEST_CASE(lengths_of_infinite_vectors) {
  expect(gradient([](Var x) { return norm(x); }, {infinity, 1}), {1, 0});
  expect(gradient(hypot, infinity, 1), {1, 0});
  expect(gradient(hypot, -3, -infinity), {0, -1});
}

BOOST_AUTO_TEST_CASE(units_at_minus_infinity) {
  for (const auto f : {silu, gelu, gelu_tanh, mish}) {
    expect(gradient([f](Var x) { return f(x); }, {-infinity, infinity}), {0, 1});
    Tape tape;
    BOOST_TEST(f(tape.leaf(Tensor(-infinity))).item() == 0);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace dtheta
