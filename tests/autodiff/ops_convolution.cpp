#include "autodiff/ops/spatial/convolution.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <ostream>
#include <vector>

#include "autodiff/grad.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/spatial/unfold.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"
#include "tests/autodiff/quad_gradient.hpp"

namespace dtheta {
namespace {

using testing::varied;

/// A two-dimensional convolution and what it must agree with.
struct Case {
  Shape x, w;
  Index sy = 1, sx = 1, top = 0, left = 0, bottom = 0, right = 0, dy = 1, dx = 1, groups = 1;

  [[nodiscard]] ConvOptions options() const {
    return {{sy, sx}, {top, left}, {{bottom, right}}, {dy, dx}, groups};
  }
  [[nodiscard]] Index rows() const { return (x[2] + top + bottom - dy * (w[2] - 1) - 1) / sy + 1; }
  [[nodiscard]] Index columns() const {
    return (x[3] + left + right - dx * (w[3] - 1) - 1) / sx + 1;
  }
  friend std::ostream& operator<<(std::ostream& out, const Case& c) {
    return out << to_string(c.x) << " * " << to_string(c.w) << " in " << c.groups;
  }
};

const std::vector<Case> cases{
    {{1, 1, 5, 5}, {1, 1, 3, 3}},
    {{2, 3, 5, 7}, {4, 3, 3, 2}},
    {{2, 3, 6, 5}, {2, 3, 3, 3}, 2, 1, 1, 1, 1, 1},
    {{1, 2, 6, 9}, {3, 2, 2, 3}, 1, 3, 0, 2, 1, 0, 2, 2},
    {{3, 4, 5, 5}, {6, 2, 3, 3}, 1, 1, 1, 1, 1, 1, 1, 1, 2},
    {{2, 6, 4, 4}, {6, 1, 3, 3}, 2, 2, 1, 1, 1, 1, 1, 1, 6},
    {{2, 5, 4, 3}, {3, 5, 1, 1}},
    {{1, 2, 1, 1}, {2, 2, 3, 3}, 1, 1, 2, 2, 2, 2},
    {{4, 8, 20, 20}, {8, 8, 5, 5}, 1, 1, 2, 2, 2, 2},   // several blocks of columns
    {{40, 3, 4, 4}, {2, 3, 2, 2}},                      // several samples in a block
    {{2, 2, 9, 1100}, {2, 2, 3, 3}, 1, 1, 1, 1, 1, 1},  // a row longer than a block
    // Samples side by side, there or back or both: more than a block, and with pads, strides, dilation
    // and groups.
    {{17, 6, 6, 6}, {16, 6, 5, 5}},
    {{35, 5, 5, 4}, {6, 5, 3, 3}, 1, 1, 2, 1, 2, 2},
    {{48, 5, 4, 5}, {7, 5, 3, 3}, 2, 2, 1, 1, 1, 1},
    {{16, 8, 5, 5}, {10, 4, 3, 3}, 1, 1, 1, 1, 1, 1, 1, 1, 2},
    {{31, 4, 6, 6}, {5, 4, 3, 2}, 1, 1, 2, 1, 2, 1, 2, 2}};

/// The definition, in loops.
std::vector<double> reference(const Case& c, std::span<const double> x, std::span<const double> w) {
  std::vector<double> y;
  const Index out = c.w[0] / c.groups, in = c.w[1];
  const auto at = [](Index i) { return static_cast<std::size_t>(i); };
  for (Index n = 0; n < c.x[0]; ++n) {
    for (Index o = 0; o < c.w[0]; ++o) {
      for (Index p = 0; p < c.rows(); ++p) {
        for (Index q = 0; q < c.columns(); ++q) {
          double sum = 0;
          for (Index i = 0; i < in; ++i) {
            for (Index k = 0; k < c.w[2]; ++k) {
              for (Index l = 0; l < c.w[3]; ++l) {
                const Index row = p * c.sy - c.top + k * c.dy, col = q * c.sx - c.left + l * c.dx;
                if (row < 0 || row >= c.x[2] || col < 0 || col >= c.x[3]) continue;
                const Index channel = o / out * in + i;
                sum += x[at(((n * c.x[1] + channel) * c.x[2] + row) * c.x[3] + col)] *
                       w[at(((o * in + i) * c.w[2] + k) * c.w[3] + l)];
              }
            }
          }
          y.push_back(sum);
        }
      }
    }
  }
  return y;
}

double worst(std::span<const double> a, std::span<const double> b) {
  BOOST_REQUIRE(a.size() == b.size());
  double apart = 0;
  for (std::size_t i = 0; i < a.size(); ++i) apart = std::max(apart, std::abs(a[i] - b[i]));
  return apart;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(convolution_suite)

BOOST_DATA_TEST_CASE(conv2d_is_its_definition, boost::unit_test::data::make(cases), c) {
  Tape tape;
  const Var x = tape.leaf(varied(c.x, 1)), w = tape.leaf(varied(c.w, 2));
  const Var y = conv2d(x, w, c.options());
  BOOST_TEST((y.shape() == Shape{c.x[0], c.w[0], c.rows(), c.columns()}));
  const auto expected = reference(c, x.data<double>(), w.data<double>());
  BOOST_TEST(worst(y.data<double>(), expected) < 1e-13);
}

BOOST_DATA_TEST_CASE(every_scalar_computes_the_same, boost::unit_test::data::make(cases), c) {
  if (c.x.size() > 5000) return;
  Tape tape;
  const Var x = tape.leaf(varied(c.x, 1)), w = tape.leaf(varied(c.w, 2));
  const Var y = conv2d(x, w, c.options());
  const auto g = grad(sum(y * y), {x, w});
  const Plan plan({y, g[0], g[1]});
  Workspace<double> wide(plan);
  Workspace<Quad> quad(plan);
  wide.run();
  quad.run();
  for (Var v : {y, g[0], g[1]}) {
    for (std::size_t i = 0; i < wide[v].size(); ++i) {
      BOOST_REQUIRE_SMALL(static_cast<double>(Quad(wide[v][i]) - quad[v][i]), 1e-11);
    }
  }
}

/// <conv(x, w), y> = <x, conv_transpose(y, w)>: it is the adjoint in the data.
BOOST_DATA_TEST_CASE(conv_transpose_is_the_adjoint, boost::unit_test::data::make(cases), c) {
  Tape tape;
  const Var x = tape.leaf(varied(c.x, 1)), w = tape.leaf(varied(c.w, 2));
  const Var y = conv2d(x, w, c.options());
  const Var z = tape.leaf(varied(y.shape(), 3));
  const auto left_over = [](Index in, Index pads, Index reach, Index stride) {
    return (in + pads - reach) % stride;
  };
  const ConvTransposeOptions o{
      {c.sy, c.sx},
      {c.top, c.left},
      {{c.bottom, c.right}},
      {c.dy, c.dx},
      c.groups,
      {left_over(c.x[2], c.top + c.bottom, c.dy * (c.w[2] - 1) + 1, c.sy),
       left_over(c.x[3], c.left + c.right, c.dx * (c.w[3] - 1) + 1, c.sx)}};
  const Var back = conv_transpose2d(z, w, o);
  BOOST_TEST((back.shape() == x.shape()));
  BOOST_TEST(sum(y * z).item() == sum(x * back).item(), boost::test_tools::tolerance(1e-11));
}

BOOST_AUTO_TEST_CASE(one_three_and_any_number_of_axes) {
  Tape tape;
  const Var x = tape.leaf(Tensor(Shape{1, 1, 4}, {1.0, 2.0, 3.0, 4.0}));
  const Var w = tape.leaf(Tensor(Shape{1, 1, 2}, {1.0, 10.0}));
  const Var b = tape.leaf(Tensor(Shape{1}, {0.5}));
  BOOST_TEST((conv1d(x, w, b).value() == Tensor(Shape{1, 1, 3}, {21.5, 32.5, 43.5})));
  BOOST_TEST((conv(x, w, {.stride = 2, .padding = 1}).value() ==
              Tensor(Shape{1, 1, 3}, {10.0, 32.0, 4.0})));
  BOOST_TEST((conv_transpose1d(x, w, {.stride = 2}).value() ==
              Tensor(Shape{1, 1, 8}, {1.0, 10.0, 2.0, 20.0, 3.0, 30.0, 4.0, 40.0})));
  BOOST_TEST((conv_transpose(x, w, b, {.padding = 1}).value() ==
              Tensor(Shape{1, 1, 3}, {12.5, 23.5, 34.5})));

  // A volume of one row is a plane.
  const Var v = tape.leaf(varied({2, 3, 1, 4, 5}, 4)), k = tape.leaf(varied({2, 3, 1, 2, 3}, 5));
  const Var plane = conv2d(reshape(v, {2, 3, 4, 5}), reshape(k, {2, 3, 2, 3}));
  BOOST_TEST((conv3d(v, k).value() == plane.value().reshaped({2, 2, 1, 3, 3})));
}

BOOST_AUTO_TEST_CASE(one_sample_needs_no_axis_of_its_own) {
  Tape tape;
  const Var x = tape.leaf(varied({3, 5, 5}, 1)), w = tape.leaf(varied({2, 3, 3, 3}, 2));
  const Var b = tape.leaf(varied({2}, 3));
  const Var y = conv2d(x, w, b);
  BOOST_TEST((y.shape() == Shape{2, 3, 3}));
  BOOST_TEST((y.value() == conv2d(reshape(x, {1, 3, 5, 5}), w, b).value().reshaped({2, 3, 3})));
  BOOST_TEST((conv_transpose2d(y, w).shape() == Shape{3, 5, 5}));
}

BOOST_AUTO_TEST_CASE(bias_receives_the_sum_over_samples_and_positions) {
  Tape tape;
  const Var x = tape.leaf(varied({2, 1, 4, 4}, 1)), w = tape.leaf(varied({3, 1, 2, 2}, 2));
  const Var b = tape.leaf(varied({3}, 3));
  BOOST_TEST((grad(sum(conv2d(x, w, b)), b).value() == Tensor(Shape{3}, {18.0, 18.0, 18.0})));
}

BOOST_AUTO_TEST_CASE(an_image_is_its_columns_times_the_filters) {
  Tape tape;
  const Var x = tape.leaf(Tensor(Shape{1, 1, 2, 3}, {1.0, 2.0, 3.0, 4.0, 5.0, 6.0}));
  BOOST_TEST(
      (unfold(x, 2).value() == Tensor(Shape{1, 4, 2}, {1.0, 2.0, 2.0, 3.0, 4.0, 5.0, 5.0, 6.0})));
  BOOST_TEST((fold(unfold(x, 2), Shape{2, 3}, 2).value() ==
              Tensor(Shape{1, 1, 2, 3}, {1.0, 4.0, 3.0, 4.0, 10.0, 6.0})));
  BOOST_TEST(
      (unfold(x, {1, 3}, {.stride = {1, 2}, .padding = {0, 1}}).value() ==
       Tensor(Shape{1, 3, 4}, {0.0, 2.0, 0.0, 5.0, 1.0, 3.0, 4.0, 6.0, 2.0, 0.0, 5.0, 0.0})));
}

BOOST_AUTO_TEST_CASE(pixels_are_shuffled_and_back) {
  Tape tape;
  const Var x = tape.leaf(Tensor(Shape{4, 1, 2}, {0.0, 1.0, 10.0, 11.0, 20.0, 21.0, 30.0, 31.0}));
  const Var y = pixel_shuffle(x, 2);
  BOOST_TEST((y.value() == Tensor(Shape{1, 2, 4}, {0.0, 10.0, 1.0, 11.0, 20.0, 30.0, 21.0, 31.0})));
  BOOST_TEST((pixel_unshuffle(y, 2).value() == x.value()));
  const Var batch = tape.leaf(varied({2, 3, 18, 2, 5}, 1));
  BOOST_TEST((pixel_unshuffle(pixel_shuffle(batch, 3), 3).value() == batch.value()));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
