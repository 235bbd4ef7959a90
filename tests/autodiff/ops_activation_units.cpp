#include "autodiff/ops/network/activation_units.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <ostream>
#include <string>

#include "autodiff/ops/elementwise/activation_piecewise.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "tests/autodiff/values.hpp"

namespace dtheta {
namespace {

using namespace testing;

struct Point {
  std::string name;
  UnaryFunction f;
  double x, y;
  double slope;
  friend std::ostream& operator<<(std::ostream& out, const Point& p) {
    return out << p.name << " at " << p.x;
  }
};

const UnaryFunction elu2 = [](Var x) { return elu(x, 2); };
const UnaryFunction celu2 = [](Var x) { return celu(x, 2); };
const UnaryFunction clip = [](Var x) { return hardtanh(x, -2, 3); };
const UnaryFunction soft = [](Var x) { return softshrink(x, 0.5); };
const UnaryFunction hard = [](Var x) { return hardshrink(x, 0.5); };
const UnaryFunction step = [](Var x) { return threshold(x, 1, -7); };
const UnaryFunction elu1 = [](Var x) { return elu(x); };
const UnaryFunction selu1 = [](Var x) { return selu(x); };
const UnaryFunction gelu1 = [](Var x) { return gelu(x); };
const UnaryFunction tanh_gelu = [](Var x) { return gelu_tanh(x); };
const UnaryFunction silu1 = [](Var x) { return silu(x); };
const UnaryFunction mish1 = [](Var x) { return mish(x); };
const UnaryFunction sign_soft = [](Var x) { return softsign(x); };
const UnaryFunction six = [](Var x) { return relu6(x); };
const UnaryFunction hsig = [](Var x) { return hardsigmoid(x); };
const UnaryFunction hswish = [](Var x) { return hardswish(x); };
const UnaryFunction tshrink = [](Var x) { return tanhshrink(x); };

/// By hand, and where marked with digits from 80-digit arithmetic. A NaN slope is not compared.
const std::vector<Point> points{
    {"elu", elu1, 3, 3, 1},
    {"elu", elu2, -1, -1.2642411176571153, 0.7357588823428847},
    {"elu", elu2, 0, 0, 2},
    {"elu", elu2, -infinity, -2, 0},
    {"elu", elu2, infinity, infinity, 1},
    {"elu", elu2, 1e300, 1e300, 1},
    {"celu", celu2, -2, -1.2642411176571153, 0.36787944117144233},
    {"celu", celu2, 0, 0, 1},
    {"celu", celu2, -infinity, -2, 0},
    {"celu", celu2, 5000, 5000, 1},
    {"selu", selu1, 1, 1.0507009873554805, 1.0507009873554805},
    {"selu", selu1, -infinity, -1.7580993408473768, 0},
    {"selu", selu1, 0, 0, 1.7580993408473768},
    {"gelu", gelu1, -3, -0.0040496940948902835, -0.011945647204183927},
    {"gelu", gelu1, 2, 1.9544997361036416, 1.085231801078197},
    {"gelu", gelu1, 0, 0, 0.5},
    {"gelu", gelu1, 1e200, 1e200, 1},
    {"gelu", gelu1, -1e200, 0, 0},
    {"gelu_tanh", tanh_gelu, -3, -0.003637392081773019, nan},
    {"gelu_tanh", tanh_gelu, -1, -0.1588080093917233, nan},
    {"gelu_tanh", tanh_gelu, 2, 1.954597694087775, nan},
    {"gelu_tanh", tanh_gelu, 1e200, 1e200, 1},
    {"gelu_tanh", tanh_gelu, -1e200, 0, 0},
    {"silu", silu1, 0, 0, 0.5},
    {"silu", silu1, 1, 0.7310585786300049, 0.9276705118714868},
    {"silu", silu1, -1e300, 0, 0},
    {"silu", silu1, 1e300, 1e300, 1},
    {"mish", mish1, -100, -3.720075976020836e-42, nan},
    {"mish", mish1, -20, -4.122307240628761e-08, nan},
    {"mish", mish1, 1, 0.8650983882673103, nan},
    {"mish", mish1, 5, 4.999552077529406, nan},
    {"mish", mish1, 1e300, 1e300, 1},
    {"mish", mish1, -1e300, 0, 0},
    {"mish", mish1, 0, 0, 0.6},
    {"softsign", sign_soft, 3, 0.75, 0.0625},
    {"softsign", sign_soft, -1, -0.5, 0.25},
    {"softsign", sign_soft, infinity, 1, 0},
    {"softsign", sign_soft, -infinity, -1, 0},
    {"hardtanh", clip, -2, -2, 0},
    {"hardtanh", clip, 3, 3, 0},
    {"hardtanh", clip, 2, 2, 1},
    {"hardtanh", clip, infinity, 3, 0},
    {"relu6", six, 6, 6, 0},
    {"relu6", six, 0, 0, 0},
    {"relu6", six, 5, 5, 1},
    {"relu6", six, 7, 6, 0},
    {"hardsigmoid", hsig, 0, 0.5, 1.0 / 6},
    {"hardsigmoid", hsig, 3, 1, 0},
    {"hardsigmoid", hsig, -3, 0, 0},
    {"hardsigmoid", hsig, -infinity, 0, 0},
    {"hardswish", hswish, 1.5, 1.125, 1},
    {"hardswish", hswish, -3, 0, -0.5},
    {"hardswish", hswish, 3, 3, 1.5},
    {"hardswish", hswish, -infinity, 0, 0},
    {"hardswish", hswish, infinity, infinity, 1},
    {"softshrink", soft, 0.5, 0, 0},
    {"softshrink", soft, 2, 1.5, 1},
    {"softshrink", soft, -2, -1.5, 1},
    {"hardshrink", hard, 0.5, 0, 0},
    {"hardshrink", hard, 0.75, 0.75, 1},
    {"tanhshrink", tshrink, 1e-8, 3.3333333333333335e-25, 1e-16},
    {"tanhshrink", tshrink, -0.001, -3.33333200000054e-10, nan},
    {"tanhshrink", tshrink, 0.5, 0.03788284273999024, nan},
    {"tanhshrink", tshrink, 1.5, 0.5948517463551336, nan},
    {"tanhshrink", tshrink, -20, -19, 1},
    {"threshold", step, 1, -7, 0},
    {"threshold", step, 1.5, 1.5, 1},
};

const std::vector<std::pair<std::string, UnaryFunction>> all_of_them{
    {"elu", elu1},        {"celu", celu2},          {"selu", selu1},
    {"gelu", gelu1},      {"gelu_tanh", tanh_gelu}, {"silu", silu1},
    {"mish", mish1},      {"softsign", sign_soft},  {"hardtanh", clip},
    {"relu6", six},       {"hardsigmoid", hsig},    {"hardswish", hswish},
    {"softshrink", soft}, {"hardshrink", hard},     {"tanhshrink", tshrink},
    {"threshold", step}};

}  // namespace

BOOST_AUTO_TEST_SUITE(activation_units_suite)

BOOST_DATA_TEST_CASE(value_and_slope, boost::unit_test::data::make(points), p) {
  const double y = value_at(p.f, p.x);
  BOOST_TEST(near(y, p.y), y << " != " << p.y);
  if (std::isnan(p.slope)) return;
  const double slope = slope_at(p.f, p.x);
  BOOST_TEST(near(slope, p.slope, 16), "slope " << slope << " != " << p.slope);
}

BOOST_AUTO_TEST_CASE(nan_stays_nan) {
  for (const auto& [name, f] : all_of_them) BOOST_TEST(std::isnan(value_at(f, nan)), name);
}

BOOST_AUTO_TEST_CASE(second_derivatives_at_huge_values_are_zero) {
  for (const auto& [name, f] : all_of_them) {
    for (const double x : {1e30, -1e30}) {
      Tape tape;
      const Var leaf = tape.leaf(Tensor(x));
      BOOST_TEST(std::abs(grad(grad(f(leaf), leaf), leaf).item()) < 1e-30, name << " at " << x);
    }
  }
}

BOOST_AUTO_TEST_CASE(gelu_tanh_has_a_finite_slope_in_float_where_cubes_overflow) {
  Tape tape(DType::float32);
  const Var x = tape.leaf(Tensor(Shape{2}, {1e30F, -1e30F}));
  const Var g = grad(sum(gelu_tanh(x)), x);
  BOOST_TEST(g.data<float>()[0] == 1.0F);
  BOOST_TEST(g.data<float>()[1] == 0.0F);
}

BOOST_AUTO_TEST_CASE(prelu_takes_its_slopes_along_an_axis) {
  Tape tape;
  const Var x = matrix(tape, 2, 3, {-1, 2, -3, -4, -5, 6});
  expect_values(prelu(x, vector(tape, {0.5, 1, 2})), {-0.5, 2, -6, -2, -5, 6});
  expect_values(prelu(x, vector(tape, {0.5, 2}), 0), {-0.5, 2, -1.5, -8, -10, 6});
  expect_values(prelu(x, vector(tape, {0.5}), 0), {-0.5, 2, -1.5, -2, -2.5, 6});
  expect_values(prelu(x, 0.25), {-0.25, 2, -0.75, -1, -1.25, 6});
  const Var slopes = vector(tape, {0.5, 1, 2});
  expect_values(grad(sum(prelu(x, slopes)), slopes), {-5, -5, -3});
  const Var images = tape.leaf(Tensor(Shape{1, 2, 1, 2}, {-1.0, -1.0, -1.0, 1.0}));
  expect_values(prelu(images, vector(tape, {2, 3})), {-2, -2, -3, 1});
}

BOOST_AUTO_TEST_CASE(glu_halves_an_axis) {
  Tape tape;
  const Var x = matrix(tape, 2, 4, {1, 2, 0, 1e4, 3, 4, -1e4, 0});
  expect_values(glu(x), {0.5, 2, 0, 2});
  expect_values(glu(matrix(tape, 2, 2, {3, 5, 0, 0}), 0), {1.5, 2.5});
  BOOST_TEST((glu(tape.leaf(Tensor(Shape{3, 0}))).shape() == Shape{3, 0}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
