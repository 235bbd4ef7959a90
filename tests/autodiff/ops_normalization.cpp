#include "autodiff/ops/network/normalization.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <vector>

#include "autodiff/grad.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/spatial/channels.hpp"
#include "autodiff/tape.hpp"
#include "tests/autodiff/quad_gradient.hpp"

namespace dtheta {
namespace {

using testing::gradient_errors;
using testing::varied;

/// The largest difference of two values.
double apart(Var a, Var b) { return max(abs(a - b)).item(); }

/// (x - mean) / sqrt(variance + epsilon) over some axes, by ops that are tested elsewhere.
Var by_definition(Var x, const Axes& axes, double epsilon) {
  const Var d = x - mean(x, axes, true);
  return d / sqrt(mean(square(d), axes, true) + epsilon);
}

void expect_gradients(Var y, std::initializer_list<Var> leaves) {
  const auto off = gradient_errors(y, std::span(leaves.begin(), leaves.size()));
  BOOST_TEST(off.first < 1e-19);
  BOOST_TEST(off.second < 1e-19);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(normalization_suite)

BOOST_AUTO_TEST_CASE(each_layer_is_its_definition) {
  Tape tape;
  const Var x = tape.leaf(varied({5, 6, 3, 7}, 1));
  BOOST_TEST(apart(layer_norm(x), by_definition(x, 3, 1e-5)) < 1e-14);
  BOOST_TEST(apart(layer_norm(x, 2, 0.5), by_definition(x, {2, 3}, 0.5)) < 1e-14);
  BOOST_TEST(apart(batch_norm(x), by_definition(x, {0, 2, 3}, 1e-5)) < 1e-14);
  BOOST_TEST(apart(instance_norm(x), by_definition(x, {2, 3}, 1e-5)) < 1e-14);
  const Var grouped = reshape(x, {5, 2, 3, 3, 7});
  BOOST_TEST(apart(reshape(group_norm(x, 2), grouped.shape()),
                   by_definition(grouped, {2, 3, 4}, 1e-5)) < 1e-14);
  BOOST_TEST(apart(rms_norm(x, 2), x / sqrt(mean(square(x), {2, 3}, true) + 1e-6)) < 1e-14);
  const Var rows = tape.leaf(varied({70, 9}, 2));  // several blocks of rows
  BOOST_TEST(apart(batch_norm(rows), by_definition(rows, 0, 1e-5)) < 1e-14);
  const Var wide = tape.leaf(varied({2, 1, 1001}, 3));
  BOOST_TEST(apart(batch_norm(wide), by_definition(wide, {0, 2}, 1e-5)) < 1e-14);
}

BOOST_AUTO_TEST_CASE(weights_and_biases_go_with_channels_or_with_elements) {
  Tape tape;
  const Var x = tape.leaf(varied({4, 3, 2, 2}, 1));
  const Var w = tape.leaf(varied({3}, 2)), b = tape.leaf(varied({3}, 3));
  const auto scaled = [&](Var y) { return y * reshape(w, {3, 1, 1}) + reshape(b, {3, 1, 1}); };
  // Scaled before it is divided by the deviation: a few roundings of numbers of about 1.
  BOOST_TEST(apart(batch_norm(x, w, b), scaled(batch_norm(x))) < 1e-14);
  BOOST_TEST(apart(group_norm(x, 3, w, b), scaled(group_norm(x, 3))) == 0);
  BOOST_TEST(apart(instance_norm(x, w, b), scaled(instance_norm(x))) == 0);
  const Var u = tape.leaf(varied({2, 2}, 4)), v = tape.leaf(varied({2, 2}, 5));
  BOOST_TEST(apart(layer_norm(x, u, v), layer_norm(x, 2) * u + v) == 0);
  BOOST_TEST(apart(rms_norm(x, u), rms_norm(x, 2) * u) == 0);
}

BOOST_AUTO_TEST_CASE(running_statistics_reproduce_the_batch) {
  Tape tape;
  const Var x = tape.leaf(varied({4, 3, 5}, 1));
  const Var w = tape.leaf(varied({3}, 2)), b = tape.leaf(varied({3}, 3));
  const auto [mean_, variance] = batch_statistics(x);
  BOOST_TEST(apart(mean_, mean(x, {0, 2})) < 1e-15);
  BOOST_TEST(apart(variance, mean(square(x - reshape(mean_, {3, 1})), {0, 2})) < 1e-15);
  BOOST_TEST(apart(batch_norm_inference(x, mean_, variance, w, b), batch_norm(x, w, b)) < 1e-14);
}

BOOST_AUTO_TEST_CASE(a_large_offset_costs_no_more_digits_than_it_must) {
  Tape tape;
  const Var x = tape.leaf(Tensor(Shape{1, 4}, {1e8 + 1, 1e8 + 2, 1e8 + 3, 1e8 + 4}));
  const Var y = layer_norm(x, 1, 0);
  BOOST_TEST(y.data<double>()[0] == -1.5 / std::sqrt(1.25), boost::test_tools::tolerance(1e-15));
}

BOOST_AUTO_TEST_CASE(constant_channels_give_zero) {
  Tape tape;
  const Var x = tape.leaf(Tensor(Shape{2, 3}, {7.0, 7.0, 7.0, 0.0, 0.0, 0.0}));
  BOOST_TEST((layer_norm(x).value() == Tensor(Shape{2, 3})));
  BOOST_TEST((grad(sum(square(layer_norm(x))), x).value() == Tensor(Shape{2, 3})));
}

BOOST_AUTO_TEST_CASE(channels_are_what_broadcasting_gives) {
  Tape tape;
  const Var x = tape.leaf(varied({2, 3, 4}, 1)), v = tape.leaf(varied({3}, 2));
  const Var wide = reshape(v, {3, 1});
  BOOST_TEST(apart(add_channels(x, v), x + wide) == 0);
  BOOST_TEST(apart(scale_channels(x, v), x * wide) == 0);
  BOOST_TEST(apart(sum_channels(x), sum(x, {0, 2})) < 1e-15);
  BOOST_TEST((sum_channels(tape.leaf(Tensor(Shape{0, 2, 3}))).value() == Tensor(Shape{2})));
}

BOOST_AUTO_TEST_CASE(unit_vectors_of_any_size) {
  Tape tape;
  const Var x = tape.leaf(Tensor(Shape{4, 2}, {3.0, -4.0, 3e200, -4e200, 3e-10, 4e-10, 0.0, 0.0}));
  const Var y = l2_normalize(x);
  const auto v = y.data<double>();
  const std::vector<double> expected{0.6, -0.8, 0.6, -0.8, 0.6, 0.8, 0, 0};
  for (std::size_t i = 0; i < 8; ++i) {
    BOOST_TEST(v[i] == expected[i], boost::test_tools::tolerance(1e-15));
  }
  // Below epsilon the vector is divided by epsilon.
  const Var tiny = tape.leaf(Tensor(Shape{2}, {3e-13, -4e-13}));
  BOOST_TEST(l2_normalize(tiny).data<double>()[1] == -0.4, boost::test_tools::tolerance(1e-15));
  BOOST_TEST(grad(sum(l2_normalize(tiny)), tiny).data<double>()[0] == 1e12,
             boost::test_tools::tolerance(1e-15));
  const Var z = tape.leaf(varied({2, 3}, 1));
  expect_gradients(l2_normalize(z), {z});
  expect_gradients(l2_normalize(z, 0), {z});
}

BOOST_AUTO_TEST_CASE(weight_norm_separates_length_and_direction) {
  Tape tape;
  const Var v = tape.leaf(varied({2, 3, 2}, 1)), g = tape.leaf(varied({2, 1, 1}, 2));
  const Var k = tape.leaf(varied({1, 3, 1}, 3));
  BOOST_TEST(apart(weight_norm(v, g), g * v / sqrt(sum(square(v), {1, 2}, true))) < 1e-15);
  BOOST_TEST(apart(weight_norm(v, k, 1), k * v / sqrt(sum(square(v), {0, 2}, true))) < 1e-15);
  expect_gradients(weight_norm(v, g), {v, g});
  expect_gradients(weight_norm(v, k, -2), {v, k});
  const Var zero = tape.leaf(Tensor(Shape{1, 2})), one = tape.leaf(Tensor(Shape{1, 1}, {1.0}));
  const Var w = weight_norm(zero, one);
  BOOST_TEST((w.value() == Tensor(Shape{1, 2})));
  BOOST_TEST((grad(sum(w), zero).value() == Tensor(Shape{1, 2})));
}

BOOST_AUTO_TEST_CASE(local_response_by_hand) {
  Tape tape;
  const Var x = tape.leaf(Tensor(Shape{1, 4, 1}, {1.0, 2.0, 3.0, 4.0}));
  const auto expect = [&](Var y, std::initializer_list<double> sums, double share) {
    std::size_t i = 0;
    for (double s : sums) {
      const double xi = x.data<double>()[i];
      BOOST_TEST(y.data<double>()[i] == xi / std::pow(2 + share * s, 0.75),
                 boost::test_tools::tolerance(1e-14));
      ++i;
    }
  };
  expect(local_response_norm(x, 3, {.alpha = 0.5, .k = 2}), {5, 14, 29, 25}, 0.5 / 3);
  // An even window leans to the front, in ONNX to the back.
  expect(local_response_norm(x, 2, {.alpha = 0.5, .k = 2}), {1, 5, 13, 25}, 0.25);
  expect(local_response_norm(x, 2, {.alpha = 0.5, .k = 2, .before = 0}), {5, 13, 25, 16}, 0.25);
  const Var z = tape.leaf(varied({2, 5, 2}, 1));
  expect_gradients(local_response_norm(z, 3, {.alpha = 0.5}), {z});
}

BOOST_AUTO_TEST_CASE(dropout2d_takes_whole_channels) {
  Tape tape;
  const Var x = tape.leaf(varied({8, 16, 3, 3}, 1));
  const Var y = dropout2d(x, 0.5, {1, 2});
  Index dropped = 0;
  for (std::size_t c = 0; c < 128; ++c) {
    const bool gone = y.data<double>()[c * 9] == 0;
    dropped += gone;
    for (std::size_t i = 0; i < 9; ++i) {
      const double expected = gone ? 0 : 2 * x.data<double>()[c * 9 + i];
      BOOST_REQUIRE(y.data<double>()[c * 9 + i] == expected);
    }
  }
  BOOST_TEST(dropped > 40);
  BOOST_TEST(dropped < 88);
  BOOST_TEST(dropout2d(x, 1, {}).is(x));
}

BOOST_AUTO_TEST_CASE(gradients_with_parameters) {
  Tape tape;
  const Var x = tape.leaf(varied({3, 2, 2}, 1));
  const Var w = tape.leaf(varied({2}, 2)), b = tape.leaf(varied({2}, 3));
  const Var m = tape.leaf(varied({2}, 4));
  const Var s = tape.leaf(Tensor(Shape{2}, {0.5, 2.0}));
  expect_gradients(batch_norm(x, w, b), {x, w, b});
  expect_gradients(layer_norm(x, w, b, 0.25), {x, w, b});
  expect_gradients(rms_norm(x, w, 0.25), {x, w});
  expect_gradients(group_norm(x, 1, w, b), {x, w, b});
  expect_gradients(batch_norm_inference(x, m, s, w, b), {x, m, s, w, b});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
