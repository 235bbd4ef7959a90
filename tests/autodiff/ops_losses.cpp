#include <boost/test/unit_test.hpp>

#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/loss/loss.hpp"
#include "autodiff/ops/loss/losses_classification.hpp"
#include "autodiff/ops/loss/losses_embedding.hpp"
#include "autodiff/ops/loss/losses_regression.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "tests/autodiff/quad_gradient.hpp"
#include "tests/autodiff/values.hpp"

namespace dtheta {
namespace {

using namespace testing;

/// Composites are not ops of their own: their derivatives are held against differences here.
template <class F>
void expect_right_derivatives(F f, std::initializer_list<Shape> shapes) {
  Tape tape;
  std::vector<Var> leaves;
  unsigned seed = 3;
  for (const Shape& s : shapes) leaves.push_back(tape.leaf(varied(s, ++seed)));
  const GradientErrors off = gradient_errors(f(tape, leaves), leaves);
  BOOST_TEST(off.first < 1e-18);
  BOOST_TEST(off.second < 1e-18);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(losses_suite)

BOOST_AUTO_TEST_CASE(errors_of_numbers) {
  Tape tape;
  const Var a = vector(tape, {1, 2, 5}), b = vector(tape, {1, 4, 2});
  expect_values(squared_error(a, b), {0, 4, 9});
  expect_values(absolute_error(a, b), {0, 2, 3});
  BOOST_TEST(near(mse(a, b).item(), 13.0 / 3));
  BOOST_TEST(near(l1(a, b).item(), 5.0 / 3));
  expect_values(huber(a, b), {0, 1.5, 2.5});
  expect_values(huber(a, b, 2), {0, 2, 4});
  expect_values(smooth_l1(a, b), {0, 1.5, 2.5});
  expect_values(smooth_l1(a, b, 4), {0, 0.5, 1.125});
  expect_values(smooth_l1(a, b, 0), {0, 2, 3});
  expect_values(grad(sum(huber(a, b, 2)), a), {0, -2, 2});
  expect_values(grad(sum(absolute_error(a, b)), a), {0, -1, 1});
}

BOOST_AUTO_TEST_CASE(logarithm_of_cosh) {
  for (const auto& [x, y] : std::vector<std::pair<double, double>>{{1e-10, 5.0000000000000005e-21},
                                                                   {1e-3, 4.999999166666889e-07},
                                                                   {-0.5, 0.12011450695827752},
                                                                   {0.9999999, 0.43378075432361374},
                                                                   {1, 0.4337808304830272},
                                                                   {2, 1.3250027473578645},
                                                                   {50, 49.30685281944005},
                                                                   {-700, 699.3068528194401},
                                                                   {1e300, 1e300},
                                                                   {-infinity, infinity},
                                                                   {nan, nan}}) {
    BOOST_TEST(near(value_at([](Var v) { return log_cosh(v); }, x), y), "log_cosh at " << x);
  }
}

BOOST_AUTO_TEST_CASE(likelihoods) {
  Tape tape;
  const Var mean = vector(tape, {1, 2}), target = vector(tape, {2, 2});
  expect_values(gaussian_nll(mean, target, vector(tape, {4, 1})), {std::log(4) / 2 + 0.125, 0});
  expect_values(gaussian_nll(mean, target, 0.0, 0.5), {(std::log(0.5) + 2) / 2, std::log(0.5) / 2});
  expect_values(gaussian_nll(mean, target, 1.0, 1e-6, true),
                {0.5 + 0.9189385332046728, 0.9189385332046728});
  expect_values(poisson_nll(vector(tape, {0, 2}), vector(tape, {3, 1})), {1, std::exp(2) - 2});
  expect_values(poisson_nll_of_rate(vector(tape, {1, 2}), vector(tape, {3, 0}), 0), {1, 2});
  expect_values(poisson_constant(vector(tape, {0, 1, 4})),
                {0, 0, 4 * std::log(4) - 4 + 0.9189385332046728 + std::log(4) / 2});
  expect_right_derivatives(
      [](Tape&, const auto& x) { return poisson_nll_of_rate(x[0] + 3, x[1], 0.25); }, {{4}, {4}});
  expect_right_derivatives([](Tape&, const auto& x) { return poisson_constant(x[0] + 3); }, {{4}});
}

BOOST_AUTO_TEST_CASE(negative_log_likelihood_of_labels) {
  Tape tape;
  const Var log_p = matrix(tape, 3, 2, {-1, -2, -3, -4, -5, -6});
  const Var labels = indices(tape, {1, 0, ignored_label});
  expect_values(nll(log_p, labels), {2, 3, 0});
  expect_values(grad(sum(nll(log_p, labels)), log_p), {0, -1, -1, 0, 0, 0});
  expect_values(nll(log_p, indices(tape, {1, 0, 1}), 0), {2, 0, 6});
  const Var w = weights_of(vector(tape, {0.5, 3}), labels);
  expect_values(w, {3, 0.5, 0});
  BOOST_TEST(near(weighted_mean(nll(log_p, labels), w).item(), 7.5 / 3.5));
}

BOOST_AUTO_TEST_CASE(label_smoothing_mixes_with_the_uniform_distribution) {
  Tape tape;
  const Var z = matrix(tape, 2, 3, {1, 2, 3, 100, -100, 0});
  const Var labels = indices(tape, {2, 0});
  const Var uniform = tape.constant(Tensor(Shape{2, 3}, {.1, .1, .8, .8, .1, .1}));
  const Var smoothed = smoothed_cross_entropy(z, labels, 0.3);
  const auto reference = cross_entropy_with_logits(z, uniform).data<double>();
  expect_values(smoothed, {reference[0], reference[1]}, 16);
  const Var hot = tape.constant(Tensor(Shape{2, 3}, {0., 0., 1., 1., 0., 0.}));
  expect_values(smoothed_cross_entropy(z, hot, 0.3), {reference[0], reference[1]}, 16);
  expect_right_derivatives(
      [](Tape& t, const auto& x) {
        return smoothed_cross_entropy(x[0], indices(t, {2, 0}), 0.25);
      },
      {{2, 3}});
}

BOOST_AUTO_TEST_CASE(divergence) {
  Tape tape;
  const Var log_q = vector(tape, {std::log(0.5), -3, -infinity}), p = vector(tape, {0.25, 0, 0});
  const Var loss = kl_div(log_q, p);
  BOOST_TEST(near(loss.data<double>()[0], 0.25 * std::log(0.5)));
  BOOST_TEST(loss.data<double>()[1] == 0);
  BOOST_TEST(loss.data<double>()[2] == 0);
  expect_values(grad(sum(loss), p), {std::log(0.25) + 1 - std::log(0.5), 0, 0});
}

BOOST_AUTO_TEST_CASE(margins) {
  Tape tape;
  const Var z = vector(tape, {2, 0.5, -1}), y = vector(tape, {1, -1, 1});
  expect_values(hinge(z, y), {0, 1.5, 2});
  expect_values(hinge_embedding(z, y), {2, 0.5, -1});
  expect_values(hinge_embedding(z, y, 3), {2, 2.5, -1});
  expect_values(margin_ranking(z, 1, y, 0.25), {0, 0, 2.25});
  expect_right_derivatives([](Tape&, const auto& x) { return hinge(x[0], sign(x[1])); },
                           {{5}, {5}});
}

BOOST_AUTO_TEST_CASE(similarities) {
  Tape tape;
  const Var a = matrix(tape, 2, 2, {3, 4, 0, 0}), b = matrix(tape, 2, 2, {4, 3, 1, 1});
  expect_values(cosine_similarity(a, b), {0.96, 0});
  expect_values(
      cosine_similarity(vector(tape, {3e200, 4e200}), vector(tape, {4e-200, 3e-200}), 0, 1e-300),
      {0.96});
  expect_values(cosine_embedding(a, b, vector(tape, {1, -1})), {1 - 0.96, 0}, 16);
  expect_values(cosine_embedding(a, b, vector(tape, {-1, -1}), 0.5), {0.46, 0}, 16);
  expect_values(pairwise_distance(a, b, 2, 0), {std::sqrt(2), std::sqrt(2)});
  expect_values(pairwise_distance(a, b, 1, 0), {2, 2});
  expect_right_derivatives([](Tape&, const auto& x) { return cosine_similarity(x[0], x[1], 0); },
                           {{3, 2}, {3, 1}});
  expect_right_derivatives(
      [](Tape&, const auto& x) { return pairwise_distance(x[0] + 4, 2 * x[1]); }, {{3, 2}, {2}});
}

BOOST_AUTO_TEST_CASE(triplets) {
  Tape tape;
  const Var anchor = vector(tape, {0, 0}), positive = vector(tape, {3, 4});
  const Var negative = vector(tape, {0, 3});
  BOOST_TEST(near(triplet_margin(anchor, positive, negative, 1, 2, 0).item(), 3));
  BOOST_TEST(triplet_margin(anchor, negative, positive, 1, 2, 0).item() == 0);
  const Var other = vector(tape, {3, 3});
  // From positive to `other` it is 1, less than from the anchor.
  BOOST_TEST(near(triplet_margin(anchor, positive, other, 1, 2, 0, true).item(), 5));
  expect_right_derivatives(
      [](Tape&, const auto& x) {
        return triplet_margin(x[0] + 4, 2 * x[1], 3 * x[2] - 6, 20, 2, 1e-6, true);
      },
      {{3, 2}, {3, 2}, {3, 2}});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
