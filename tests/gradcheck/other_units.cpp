// Quantities in units of their own, in blocks of their own or in one: a wrong derivative is seen
// however small its number is beside those of others, and a right one is not accused.

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <functional>
#include <ostream>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "gradcheck/check.hpp"
#include "gradcheck/jacobian.hpp"
#include "gradcheck/report.hpp"

namespace dtheta::test {
namespace {

namespace gc = dtheta::gradcheck;
namespace data = boost::unit_test::data;
using gc::Verdict;
using Span = std::span<const double>;
using Values = std::vector<double>;

/// J of quantities that each are a block, and its gradient.
struct Law {
  std::string name;
  Values at;
  std::function<double(Span)> cost;
  std::function<Values(Span)> gradient;
};
std::ostream& operator<<(std::ostream& out, const Law& law) { return out << law.name; }

/// (k prod x^p - aim)^2 of powers p.
Law power_law(std::string name, Values at, Values powers, double k, double off) {
  const auto product = [=](Span x) {
    double y = k;
    for (std::size_t i = 0; i < x.size(); ++i) y *= std::pow(x[i], powers[i]);
    return y;
  };
  const double aim = off * product(at);
  return {std::move(name), at,
          [=](Span x) { return (product(x) / aim - 1.0) * (product(x) / aim - 1.0); },
          [=](Span x) {
            Values g;
            const double y = product(x) / aim;
            for (std::size_t i = 0; i < x.size(); ++i) {
              g.push_back(2.0 * (y - 1.0) * y * powers[i] / x[i]);
            }
            return g;
          }};
}

std::vector<Law> laws() {
  return {power_law("gravity", {6.674e-11, 5.972e24, 6.371e6}, {1, 1, -2}, 1.0, 0.98),
          power_law("energy of a photon", {6.626e-34, 2.998e8, 5e-7}, {1, 1, -1}, 1.0, 1.3),
          power_law("gas", {6e23, 1.38e-23, 300, 2e-3}, {1, 1, 1, -1}, 1.0, 0.7),
          power_law("charge and field", {1.6e-19, 3e5, 9.1e-31}, {1, 1, -1}, 1.0, 1.1),
          power_law("time of a resistor and a capacitor", {1e9, 1e-12}, {1, 1}, 1.0, 0.9)};
}

gc::ParameterVector blocks_of(const Values& at) {
  gc::ParameterVector theta;
  for (std::size_t i = 0; i < at.size(); ++i) {
    theta.add("q" + std::to_string(i), 0, {}, std::span(at).subspan(i, 1));
  }
  return theta;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(other_units)

BOOST_DATA_TEST_CASE(each_in_a_block, data::make(laws()), law) {
  const gc::ParameterVector theta = blocks_of(law.at);
  const Values right = law.gradient(law.at);
  const auto good = gc::check(law.cost, right, theta);
  BOOST_TEST((good.verdict == Verdict::pass), good);
  for (std::size_t i = 0; i < right.size(); ++i) {
    for (const double factor : {-1.0, 0.0, 2.0, 1.001}) {
      Values wrong = right;
      wrong[i] *= factor;
      const auto result = gc::check(law.cost, wrong, theta);
      BOOST_TEST((result.verdict == Verdict::fail), factor << " of " << i << '\n' << result);
    }
  }
}

BOOST_DATA_TEST_CASE(the_same_as_an_output, data::make(laws()), law) {
  const gc::ParameterVector theta = blocks_of(law.at);
  const Values right = law.gradient(law.at);
  const auto f = [&](Span x) { return Values{law.cost(x)}; };
  const auto good = gc::check_jacobian(f, gc::RowMajor(right), theta);
  BOOST_TEST((good.verdict == Verdict::pass), good);
  for (std::size_t i = 0; i < right.size(); ++i) {
    for (const double factor : {-1.0, 0.0, 2.0, 1.001}) {
      Values wrong = right;
      wrong[i] *= factor;
      const auto result = gc::check_jacobian(f, gc::RowMajor(wrong), theta);
      BOOST_TEST((result.verdict == Verdict::fail), factor << " of " << i << '\n' << result);
    }
  }
}

// One entry of nanometres among metres, in one block: no error of the others is small beside its
// derivative.
BOOST_AUTO_TEST_CASE(a_tiny_one_in_a_block) {
  const auto square = [](double v) { return v * v; };
  const auto cost = [&](Span t) {
    return square(t[0] - 0.3) + square(t[1] - 0.3) + square(t[2] / 1e-9 - 0.3);
  };
  const Values theta{1.0, 2.0, 1e-9}, right{1.4, 3.4, 1.4e9};
  const auto good = gc::check(cost, right, theta);
  BOOST_TEST((good.verdict == Verdict::pass), good);
  const auto f = [&](Span t) { return Values{cost(t), t[0]}; };
  for (std::size_t i = 0; i < 3; ++i) {
    Values wrong = right;
    wrong[i] *= -1.0;
    const auto result = gc::check(cost, wrong, theta);
    BOOST_TEST((result.verdict == Verdict::fail), result);
    wrong.insert(wrong.end(), {1.0, 0.0, 0.0});
    const auto jacobian = gc::check_jacobian(f, gc::RowMajor(wrong), theta);
    BOOST_TEST((jacobian.verdict == Verdict::fail), jacobian);
  }
}

// A parameter that is zero has no size: that of the others, 1e-16, says nothing of it.
BOOST_DATA_TEST_CASE(a_zero_beside_tiny_ones, data::make({1e-12, 1e-14, 1e-16, 1e-18}), unit) {
  const auto cost = [=](Span t) { return std::tanh(0.3 * t[0] / unit + 0.2) + std::sin(t[1]); };
  const gc::ParameterVector theta = blocks_of({unit, 0.0});
  const double slope = 0.3 / unit / std::pow(std::cosh(0.5), 2);
  const auto good = gc::check(cost, Values{slope, 1.0}, theta);
  BOOST_TEST((good.verdict == Verdict::pass), good);
  for (const double claim : {0.0, -1.0, 2.0}) {
    const auto result = gc::check(cost, Values{slope, claim}, theta);
    BOOST_TEST((result.verdict == Verdict::fail), result);
  }
}

// A block that acts 1e11 to 1e12 times stronger: J's last place is a hundredth of what the other does, and a
// derivative of that one is no rounding of zero where J shows it.
BOOST_DATA_TEST_CASE(a_strong_block_does_not_excuse_a_weak_one, data::make({1e11, 1e12}), strong) {
  std::mt19937_64 random(5);
  std::uniform_real_distribution<double> uniform(-3, 3);
  int failed = 0;
  constexpr int draws = 200;
  for (int i = 0; i < draws; ++i) {
    const double x = uniform(random), y = 0.3 * uniform(random);
    const auto cost = [=](Span t) { return strong * (t[0] - 0.3) * (t[0] - 0.3) + std::sin(t[1]); };
    const double of_x = 2 * strong * (x - 0.3);
    const auto good = gc::check(cost, Values{of_x, std::cos(y)}, blocks_of({x, y}));
    BOOST_TEST((good.verdict != Verdict::fail), good);
    for (const double part : {2.0, -1.0, 0.1}) {
      const auto result = gc::check(cost, Values{of_x, part * std::cos(y)}, blocks_of({x, y}));
      BOOST_TEST((result.verdict != Verdict::pass), result);
      failed += result.verdict == Verdict::fail ? 1 : 0;
    }
  }
  BOOST_TEST(failed > 2 * draws);
}

// A probability at the value that it is usually clipped to, before the wall of a logarithm: J is steep over no
// more than the distance to it.
BOOST_DATA_TEST_CASE(before_a_wall, data::make({1e-15, 3e-15, 1e-14, 3e-14, 1e-13, 1e-12, 1e-8}),
                     left) {
  for (const double mu : {1e-9, 1e-6, 1e-3}) {
    const auto cost = [=](Span t) { return (t[0] - 0.3) * (t[0] - 0.3) - mu * std::log(1 - t[0]); };
    const double p = 1 - left, right = 2 * (p - 0.3) + mu / (1 - p);
    const auto good = gc::check(cost, Values{right}, Values{p});
    BOOST_TEST((good.verdict != Verdict::fail), good);
    for (const double wrong : {-right, 2 * right, 2 * (p - 0.3)}) {
      const auto result = gc::check(cost, Values{wrong}, Values{p});
      BOOST_TEST((result.verdict != Verdict::pass), result);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::test
