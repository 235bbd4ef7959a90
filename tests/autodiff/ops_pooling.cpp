#include "autodiff/ops/spatial/pooling.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include "autodiff/grad.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/spatial/interpolate.hpp"
#include "autodiff/tape.hpp"
#include "tests/autodiff/quad_gradient.hpp"

namespace dtheta {
namespace {

using testing::varied;

Var row(Tape& tape, std::initializer_list<double> values) {
  return tape.leaf(Tensor(Shape{1, static_cast<Index>(values.size())}, values));
}
Tensor one_row(std::initializer_list<double> values) {
  return Tensor(Shape{1, static_cast<Index>(values.size())}, values);
}
Tensor one_row(std::initializer_list<Index> values) {
  return Tensor(Shape{1, static_cast<Index>(values.size())}, values);
}
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

BOOST_AUTO_TEST_SUITE(pooling_suite)

BOOST_AUTO_TEST_CASE(max_pool_by_hand) {
  Tape tape;
  const Var x = row(tape, {1, 5, 2, 4, 3});
  BOOST_TEST((max_pool1d(x, 2).value() == one_row({5.0, 4.0})));
  BOOST_TEST((max_pool1d(x, 2, {.ceil_mode = true}).value() == one_row({5.0, 4.0, 3.0})));
  BOOST_TEST((max_pool1d(x, 3, {.stride = 1}).value() == one_row({5.0, 5.0, 4.0})));
  BOOST_TEST((max_pool1d(x, 2, {.stride = 1, .dilation = 3}).value() == one_row({4.0, 5.0})));
  BOOST_TEST((max_pool1d(x, 3, {.stride = 2, .padding = 1}).value() == one_row({5.0, 5.0, 4.0})));
  BOOST_TEST((max_pool1d(x, 3, {.stride = 2, .padding = 1, .padding_end = 0}).value() ==
              one_row({5.0, 5.0})));
  BOOST_TEST((max_pool1d_indices(x, 3, {.stride = 2, .padding = 1}).value() ==
              one_row({Index{1}, Index{1}, Index{3}})));
}

BOOST_AUTO_TEST_CASE(padding_never_wins_and_nan_always_does) {
  Tape tape;
  const Var low = row(tape, {-5, -7, -infinity, -infinity});
  BOOST_TEST((max_pool1d(low, 2, {.padding = 1}).value() == one_row({-5.0, -7.0, -infinity})));
  const Var x = row(tape, {1, nan, 3, nan, 4, 5});
  const Var y = max_pool1d(x, 2);
  BOOST_TEST(std::isnan(y.data<double>()[0]));
  BOOST_TEST(std::isnan(y.data<double>()[1]));
  BOOST_TEST(y.data<double>()[2] == 5);
}

BOOST_AUTO_TEST_CASE(the_first_of_equal_elements_has_the_whole_derivative) {
  Tape tape;
  const Var x = row(tape, {2, 2, 1, 3, 3, 3});
  BOOST_TEST((grad(sum(max_pool1d(x, 3)), x).value() == one_row({1.0, 0.0, 0.0, 1.0, 0.0, 0.0})));
  // An element that two windows choose has both.
  BOOST_TEST((grad(sum(max_pool1d(row(tape, {1, 9, 1}), 2, {.stride = 1})), x).value() ==
              one_row({0.0, 0.0, 0.0, 0.0, 0.0, 0.0})));
  const Var peak = row(tape, {1, 9, 1});
  BOOST_TEST(
      (grad(sum(max_pool1d(peak, 2, {.stride = 1})), peak).value() == one_row({0.0, 2.0, 0.0})));
}

BOOST_AUTO_TEST_CASE(planes_are_pooled_one_by_one) {
  Tape tape;
  Tensor t(Shape{2, 3, 4, 4});
  for (std::size_t i = 0; i < 96; ++i) t.data<double>()[i] = static_cast<double>(i);
  const Var x = tape.leaf(t);
  const Var y = max_pool2d(x, 2), m = avg_pool2d(x, 2), k = max_pool2d_indices(x, 2);
  BOOST_TEST((y.shape() == Shape{2, 3, 2, 2}));
  for (std::size_t plane = 0; plane < 6; ++plane) {
    const auto base = static_cast<double>(plane) * 16;
    const std::array<double, 4> largest{5, 7, 13, 15};
    for (std::size_t i = 0; i < 4; ++i) {
      BOOST_TEST(y.data<double>()[plane * 4 + i] == base + largest[i]);
      BOOST_TEST(m.data<double>()[plane * 4 + i] == base + largest[i] - 2.5);
      BOOST_TEST(k.data<Index>()[plane * 4 + i] == static_cast<Index>(largest[i]));
    }
  }
  const Var back = add_in_planes(y, k, Shape{4, 4});
  BOOST_TEST((take_in_planes(back, k, 2).value() == y.value()));
}

BOOST_AUTO_TEST_CASE(what_an_average_is_divided_by) {
  Tape tape;
  const Var x = row(tape, {1, 2, 3, 4, 5});
  BOOST_TEST((avg_pool1d(x, 2).value() == one_row({1.5, 3.5})));
  BOOST_TEST((avg_pool1d(x, 2, {.ceil_mode = true}).value() == one_row({1.5, 3.5, 5.0})));
  BOOST_TEST((avg_pool1d(x, 4, {.stride = 2, .padding = 1}).value() == one_row({1.5, 3.5})));
  BOOST_TEST((avg_pool1d(x, 4, {.stride = 2, .padding = 1, .count_include_pad = false}).value() ==
              one_row({2.0, 3.5})));
  // The last window reaches past the padding: what lies there does not count.
  BOOST_TEST((avg_pool1d(x, 4, {.stride = 2, .padding = 1, .ceil_mode = true}).value() ==
              one_row({1.5, 3.5, 3.0})));
  BOOST_TEST((avg_pool1d(x, 2, {.divisor = 1}).value() == one_row({3.0, 7.0})));
  BOOST_TEST((lp_pool1d(x, 1, 2).value() == one_row({3.0, 7.0})));
  BOOST_TEST((lp_pool1d(row(tape, {3, -4, 0, 0}), 2, 2).value() == one_row({5.0, 0.0})));
}

BOOST_AUTO_TEST_CASE(lp_pool_of_zeros_has_the_derivative_zero) {
  Tape tape;
  const Var x = row(tape, {3, -4, 0, 0});
  const Var g = grad(sum(lp_pool1d(x, 2, 2)), x);
  BOOST_TEST(g.data<double>()[0] == 0.6, boost::test_tools::tolerance(1e-15));
  BOOST_TEST(g.data<double>()[1] == -0.8, boost::test_tools::tolerance(1e-15));
  BOOST_TEST(g.data<double>()[2] == 0);
  const Var y = row(tape, {0.3, -0.4, 0.5, 0.8});
  const auto off = testing::gradient_errors(lp_pool1d(y, 3, 2, {.stride = 1}), {{y}});
  BOOST_TEST(off.first < 1e-20);
  BOOST_TEST(off.second < 1e-20);
}

BOOST_AUTO_TEST_CASE(adaptive_windows_may_overlap) {
  Tape tape;
  const Var x = row(tape, {1, 2, 3, 4, 5});
  BOOST_TEST((adaptive_avg_pool1d(x, 3).value() == one_row({1.5, 3.0, 4.5})));
  BOOST_TEST((adaptive_max_pool1d(x, 2).value() == one_row({3.0, 5.0})));
  BOOST_TEST((adaptive_avg_pool1d(x, 5).value() == x.value()));
  BOOST_TEST((adaptive_avg_pool1d(x, 10).shape() == Shape{1, 10}));
  const Var image = tape.leaf(varied({2, 3, 4, 6}, 1));
  BOOST_TEST((adaptive_avg_pool2d(image, {2, 3}).value() == avg_pool2d(image, 2).value()));
  BOOST_TEST((adaptive_max_pool2d(image, 1).value() == global_max_pool(image).value()));
}

BOOST_AUTO_TEST_CASE(global_pools_keep_the_axes) {
  Tape tape;
  const Var x = tape.leaf(Tensor(Shape{1, 2, 2, 1}, {1.0, 3.0, -2.0, 6.0}));
  BOOST_TEST((global_avg_pool(x).value() == Tensor(Shape{1, 2, 1, 1}, {2.0, 2.0})));
  BOOST_TEST((global_max_pool(x).value() == Tensor(Shape{1, 2, 1, 1}, {3.0, 6.0})));
}

// PyTorch's results for the same calls.
BOOST_AUTO_TEST_CASE(interpolation_by_hand) {
  Tape tape;
  const Var x = tape.leaf(Tensor(Shape{1, 1, 4}, {1.0, 2.0, 4.0, 8.0}));
  const auto values = [](Var v) {
    const auto d = v.data<double>();
    return std::vector<double>(d.begin(), d.end());
  };
  using List = std::vector<double>;
  BOOST_TEST(values(interpolate(x, 6)) == (List{1, 1, 2, 4, 4, 8}),
             boost::test_tools::per_element());
  BOOST_TEST(values(upsample(x, 2)) == (List{1, 1, 2, 2, 4, 4, 8, 8}),
             boost::test_tools::per_element());
  BOOST_TEST(values(interpolate(x, 6,
                                {.coordinates = Coordinates::half_pixel,
                                 .nearest = Nearest::round_half_up})) == (List{1, 2, 2, 4, 8, 8}),
             boost::test_tools::per_element());
  BOOST_TEST(values(upsample(x, 2, {.mode = Resample::linear})) ==
                 (List{1, 1.25, 1.75, 2.5, 3.5, 5, 7, 8}),
             boost::test_tools::per_element());
  BOOST_TEST(values(interpolate(
                 x, 7, {.mode = Resample::linear, .coordinates = Coordinates::align_corners})) ==
                 (List{1, 1.5, 2, 3, 4, 6, 8}),
             boost::test_tools::per_element());
  BOOST_TEST(values(interpolate(x, 2, {.mode = Resample::linear})) == (List{1.5, 6}),
             boost::test_tools::per_element());
  BOOST_TEST(values(interpolate(x, 2, {.mode = Resample::cubic})) == (List{1.3125, 6.1875}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_constant_stays_constant_under_every_interpolation) {
  for (const Resample mode : {Resample::nearest, Resample::linear, Resample::cubic}) {
    for (const Coordinates c :
         {Coordinates::half_pixel, Coordinates::align_corners, Coordinates::asymmetric}) {
      Tape tape;
      Tensor ones(Shape{1, 1, 3, 5});
      std::ranges::fill(ones.data<double>(), 1.0);
      const Var y = interpolate(tape.leaf(ones), {7, 2}, {.mode = mode, .coordinates = c});
      BOOST_TEST((y.shape() == Shape{1, 1, 7, 2}));
      for (double v : y.data<double>()) BOOST_TEST(v == 1, boost::test_tools::tolerance(1e-15));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
