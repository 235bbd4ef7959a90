#include "autodiff/ops/elementwise/special_functions.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <ostream>
#include <string>

#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/rounding.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/workspace.hpp"
#include "tests/autodiff/values.hpp"

namespace dtheta {
namespace {

using namespace testing;

struct Table {
  std::string name;
  UnaryFunction f;
  double ulps;
  std::vector<std::pair<double, double>> values;
  friend std::ostream& operator<<(std::ostream& out, const Table& t) { return out << t.name; }
};

UnaryFunction polygamma_of(int n) {
  return [n](Var x) { return polygamma(n, x); };
}

/// From 90-digit arithmetic, at the doubles given.
const std::vector<Table> tables{
    {"erf",
     [](Var x) { return erf(x); },
     4,
     {{0.5, 0.5204998778130465}, {-1, -0.8427007929497149}, {0, 0}, {7, 1}, {-infinity, -1}}},
    {"erfc",
     [](Var x) { return erfc(x); },
     4,
     {{0.5, 0.4795001221869535}, {5, 1.5374597944280349e-12}, {-infinity, 2}, {infinity, 0}}},
    {"erfinv",
     [](Var x) { return erfinv(x); },
     4,
     {{1e-300, 8.86226925452758e-301},
      {1e-05, 8.862269254759594e-06},
      {0.25, 0.2253120550121781},
      {0.5, 0.4769362762044699},
      {-0.5, -0.4769362762044699},
      {0.75, 0.8134198475976185},
      {0.96875, 1.523019401996956},
      {0.999999, 3.458910737275499},
      {-0.9999999999999, -5.261483331372676},
      {0.9999999999999999, 5.8635847487551676},
      {0, 0},
      {1, infinity},
      {-1, -infinity},
      {1.0000001, nan},
      {-2, nan},
      {nan, nan}}},
    {"digamma",
     [](Var x) { return digamma(x); },
     8,
     {{1e-10, -10000000000.577215},
      {0.1, -10.423754940411076},
      {0.5, -1.9635100260214235},
      {1, -0.5772156649015329},
      {2, 0.42278433509846713},
      {7.25, 1.910453526883736},
      {1e6, 13.815510057964191},
      {1e30, 69.07755278982137},
      {-1.25, 3.714139120213528},
      {-10.3, 4.662403493582087},
      {0, -infinity},
      {-0.0, infinity},
      {-1, nan},
      {-40, nan},
      {infinity, infinity},
      {nan, nan},
      {-infinity, nan},
      {-1e300, nan}}},
    {"polygamma 1",
     polygamma_of(1),
     8,
     {{0.1, 101.43329915079275},
      {0.5, 4.934802200544679},
      {1, 1.6449340668482264},
      {2.5, 0.49035775610023485},
      {30, 0.033895060357739946},
      {-0.5, 8.934802200544679},
      {-2.25, 19.37941051186914},
      {0, infinity},
      {-3, infinity},
      {1e30, 1e-30},
      {1e300, 1e-300},
      {infinity, 0}}},
    {"polygamma 2",
     polygamma_of(2),
     16,
     {{0.1, -2001.8614573783436},
      {0.5, -16.82879664423432},
      {1, -2.4041138063191885},
      {2.5, -0.2362040516417274},
      {30, -0.0011487652037286},
      {-0.5, -0.82879664423432},
      {-2.25, 123.89694977406016}}},
    {"polygamma 3",
     polygamma_of(3),
     16,
     {{0.1, 60004.51287679026},
      {1, 6.493939402266829},
      {2.5, 0.22390584881725206},
      {30, 7.78600366473613e-05},
      {-0.5, 193.40909103400244},
      {-2.25, 1558.4550231887144}}},
    {"polygamma 10",
     polygamma_of(10),
     32,
     {{0.1, -3.628800000012727e+17},
      {1, -3630593.311606629},
      {2.5, -156.229596593233},
      {30, -7.232051034585708e-10},
      {1e5, -3.6289814433264e-45},
      {-2.25, 15220204740659.354}}},
    {"lgamma",
     [](Var x) { return lgamma(x); },
     4,
     {{1e-10, 23.025850929882736},
      {0.5, 0.5723649429247001},
      {1.5, -0.12078223763524522},
      {3, 0.6931471805599453},
      {10.1, 13.027526738633236},
      {-0.5, 1.2655121234846454},
      {-3.3, -0.8243558050174264},
      {0, infinity},
      {-2, infinity},
      {infinity, infinity},
      {-infinity, infinity},
      {1, 0},
      {2, 0}}},
    {"sinc",
     [](Var x) { return sinc(x); },
     4,
     {{0, 1},
      {1e-05, 0.9999999998355066},
      {0.1, 0.983631643083466},
      {0.5, 0.6366197723675814},
      {1.5, -0.2122065907891938},
      {-2.3, 0.11196439452184428},
      {100.25, 0.0022451778457783195},
      {3, 0},
      {1e30, 0},
      {infinity, 0},
      {nan, nan}}},
    {"logit",
     [](Var x) { return logit(x); },
     4,
     {{1e-300, -690.7755278982137},
      {1e-05, -11.512915464920228},
      {0.2, -1.3862943611198906},
      {0.25, -1.0986122886681098},
      {0.4999999, -4.000000000115076e-07},
      {0.5000001, 3.99999999789463e-07},
      {0.75, 1.0986122886681098},
      {0.9, 2.1972245773362196},
      {0.9999999999999999, 36.7368005696771},
      {0, -infinity},
      {1, infinity},
      {0.5, 0},
      {1.5, nan},
      {-1, nan}}},
    {"floor",
     [](Var x) { return floor(x); },
     0,
     {{-0.5, -1}, {2.5, 2}, {-3, -3}, {1e30, 1e30}, {infinity, infinity}, {nan, nan}}},
    {"ceil", [](Var x) { return ceil(x); }, 0, {{-0.5, -0.0}, {2.5, 3}, {-3, -3}, {nan, nan}}},
    {"round",
     [](Var x) { return round(x); },
     0,
     {{0.5, 0}, {1.5, 2}, {2.5, 2}, {-0.5, -0.0}, {-1.5, -2}, {2.4999, 2}, {infinity, infinity}}},
    {"trunc", [](Var x) { return trunc(x); }, 0, {{-2.7, -2}, {2.7, 2}, {-infinity, -infinity}}},
    {"is_nan", [](Var x) { return is_nan(x); }, 0, {{nan, 1}, {infinity, 0}, {3, 0}}},
    {"is_inf",
     [](Var x) { return is_inf(x); },
     0,
     {{nan, 0}, {infinity, 1}, {-infinity, 1}, {3, 0}}},
    {"is_finite",
     [](Var x) { return is_finite(x); },
     0,
     {{nan, 0}, {infinity, 0}, {-infinity, 0}, {3, 1}, {-1e300, 1}}},
};

struct Quotient {
  double a, b, remainder, fmod;
  friend std::ostream& operator<<(std::ostream& out, const Quotient& q) {
    return out << q.a << " by " << q.b;
  }
};
const std::vector<Quotient> quotients{
    {7, 3, 1, 1},     {-7, 3, 2, -1},          {7, -3, -2, 1},          {-7, -3, -1, -1},
    {6, 3, 0, 0},     {-6, 3, 0, 0},           {5.5, 2, 1.5, 1.5},      {1, infinity, 1, 1},
    {1, 0, nan, nan}, {infinity, 2, nan, nan}, {1e-3, -1, -0.999, 1e-3}};

}  // namespace

BOOST_AUTO_TEST_SUITE(special_functions_suite)

BOOST_DATA_TEST_CASE(table_of_values, boost::unit_test::data::make(tables), table) {
  for (const auto& [x, y] : table.values) {
    const double computed = value_at(table.f, x);
    BOOST_TEST(near(computed, y, table.ulps),
               table.name << "(" << x << ") = " << computed << " != " << y);
  }
}

BOOST_AUTO_TEST_CASE(erfinv_inverts_erf_in_quad) {
  Tape tape;
  const Var x = vector(tape, {1e-20, 0.125, 0.5, -0.75, 0.9990234375, 1 - 0x1p-50});
  const Var y = erf(erfinv(x)) - x, c = erfc(erfinv(x)) - (1 - x);
  Workspace<Quad> quad(Plan({y, c}));
  quad.run();
  for (const Quad off : quad[y]) BOOST_TEST(static_cast<double>(abs(off)) < 1e-33);
  for (const Quad off : quad[c]) BOOST_TEST(static_cast<double>(abs(off)) < 1e-33);
}

BOOST_AUTO_TEST_CASE(digamma_and_polygamma_follow_their_recurrences_in_quad) {
  Tape tape;
  const Var x = vector(tape, {0.25, 1.5, 11.75, 35.5, 40.25, -0.75, -3.5});
  const Var first = digamma(x + 1) - digamma(x) - 1 / x;
  const Var second = polygamma(1, x + 1) - polygamma(1, x) + 1 / (x * x);
  const Var third = polygamma(2, x + 1) - polygamma(2, x) - 2 / (x * x * x);
  Workspace<Quad> quad(Plan({first, second, third}));
  quad.run();
  for (Var v : {first, second, third}) {
    for (const Quad off : quad[v]) BOOST_TEST(static_cast<double>(abs(off)) < 1e-30);
  }
}

BOOST_AUTO_TEST_CASE(derivatives_of_every_order_of_sinc_at_zero) {
  // sinc(x) = sum over k of (-1)^k (pi x)^(2k) / (2k+1)!
  const double pi2 = 9.869604401089358;
  Tape tape;
  const Var x = tape.leaf(Tensor(0.0));
  Var d = sinc(x);
  for (const double expected : {0.0, -pi2 / 3, 0.0, pi2 * pi2 / 5, 0.0}) {
    d = grad(d, x);
    BOOST_TEST(near(d.item(), expected, 8));
  }
}

BOOST_AUTO_TEST_CASE(logit_with_eps_stays_finite) {
  BOOST_TEST(near(value_at([](Var x) { return logit(x, 0.25); }, 0), -1.0986122886681098));
  BOOST_TEST(near(value_at([](Var x) { return logit(x, 0.25); }, 1), 1.0986122886681098));
  BOOST_TEST(slope_at([](Var x) { return logit(x, 0.25); }, 1) == 0);
  BOOST_TEST(near(value_at([](Var x) { return logit(sigmoid(x)); }, 3), 3, 32));
}

BOOST_DATA_TEST_CASE(remainders, boost::unit_test::data::make(quotients), q) {
  Tape tape;
  const Var a = tape.leaf(Tensor(q.a)), b = tape.leaf(Tensor(q.b));
  BOOST_TEST(near(remainder(a, b).item(), q.remainder));
  BOOST_TEST(near(fmod(a, b).item(), q.fmod));
  if (!std::isfinite(q.a / q.b) || !std::isfinite(q.b)) return;
  BOOST_TEST(grad(remainder(a, b), a).item() == 1);
  BOOST_TEST(grad(remainder(a, b), b).item() == -std::floor(q.a / q.b));
  BOOST_TEST(grad(fmod(a, b), b).item() == -std::trunc(q.a / q.b));
}

BOOST_AUTO_TEST_CASE(rounding_has_the_derivative_zero) {
  for (const UnaryFunction& f : {UnaryFunction([](Var x) { return floor(x); }),
                                 UnaryFunction([](Var x) { return round(x); })}) {
    BOOST_TEST(slope_at(f, 1.25) == 0);
  }
}

BOOST_AUTO_TEST_CASE(scale_gradient_scales_both_modes) {
  Tape tape;
  const Var x = vector(tape, {1, 2});
  const Var y = scale_gradient(x, -0.5);
  expect_values(y, {1, 2});
  expect_values(grad(sum(y * y), x), {-1, -2});
  const Var v = vector(tape, {1, 10});
  expect_values(jvp(std::span(&y, 1), std::span(&x, 1), std::span(&v, 1)).front(), {-0.5, -5});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
