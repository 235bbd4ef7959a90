#include "gradcheck/numeric/finite_difference.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <ostream>
#include <vector>

#include "gradcheck/errors.hpp"

namespace gc = dtheta::gradcheck;
namespace data = boost::unit_test::data;
using Values = std::vector<double>;

namespace {

const auto stencils =
    data::make({gc::Stencil::forward, gc::Stencil::backward, gc::Stencil::central2,
                gc::Stencil::central4, gc::Stencil::central6, gc::Stencil::central8});

double bowl(std::span<const double> t) { return t[0] * t[0] * t[1] + std::sin(t[1]); }

}  // namespace

namespace dtheta::gradcheck {
inline std::ostream& operator<<(std::ostream& out, Stencil s) { return out << static_cast<int>(s); }
}  // namespace dtheta::gradcheck

BOOST_AUTO_TEST_SUITE(finite_difference)

BOOST_AUTO_TEST_CASE(statement_8_scalar_cost) {
  // (1.01³ − 0.99³) / 0.02 = 3 + 0.01² exactly; what is left is rounding of size 1e-16 / 0.02.
  const auto cube = [](double t) { return t * t * t; };
  BOOST_TEST(std::abs(gc::two_sided_difference(cube, 1.0, 0.01) - 3.0001) < 1e-13);
  // J = θx is linear: only rounding, u·|J|/ε = 1e-16·8/1e-7 at most twice.
  const auto line = [](double t) { return t * 2.0; };
  BOOST_TEST(std::abs(gc::two_sided_difference(line, 4.0) - 2.0) < 2e-8);
}

BOOST_AUTO_TEST_CASE(statement_3_two_sided_difference_to_the_letter) {
  const Values theta{0.3, -1.7};
  const double epsilon = 1e-5;
  const auto numeric = gc::two_sided_difference(bowl, theta, epsilon);
  for (std::size_t i = 0; i < theta.size(); ++i) {
    Values plus = theta;
    Values minus = theta;
    plus[i] += epsilon;
    minus[i] -= epsilon;
    BOOST_TEST(numeric[i] == (bowl(plus) - bowl(minus)) / (2 * epsilon));  // the same bits
  }
}

BOOST_AUTO_TEST_CASE(statement_6_epsilon_is_1e_7_unless_said_otherwise) {
  const Values theta{0.3, -1.7};
  const auto usual = gc::two_sided_difference(bowl, theta);
  const auto said = gc::two_sided_difference(bowl, theta, 1e-7);
  BOOST_TEST(usual == said, boost::test_tools::per_element());
}

// Σ weight = 0, Σ weight·offset = 1, Σ weight·offsetᵏ = 0 for k = 2 … order, and then not.
BOOST_DATA_TEST_CASE(weights_satisfy_the_moment_conditions, stencils, stencil) {
  const auto rule = gc::rule_of(stencil);
  double gain = 0.0;
  for (const auto& term : rule.terms) gain += std::abs(term.weight);
  BOOST_TEST(std::abs(gain - rule.noise_gain) < 1e-14);
  double factorial = 1.0;
  for (int k = 0; k <= rule.order + 1; ++k) {
    double moment = 0.0;
    for (const auto& term : rule.terms) moment += term.weight * std::pow(term.offset, k);
    if (k > 0) factorial *= k;
    const double expected = k == 1 ? 1.0 : 0.0;
    if (k <= rule.order) {
      BOOST_TEST(std::abs(moment - expected) < 1e-10);
    } else {
      BOOST_TEST(std::abs(std::abs(moment) / factorial - rule.truncation) < 1e-12);
    }
  }
}

// Error of exp at 0 with h: C_p h^p(1 + O(h)); halving h divides it by 2^p within the O(h).
BOOST_DATA_TEST_CASE(error_falls_with_the_order, stencils, stencil) {
  const auto rule = gc::rule_of(stencil);
  const auto f = [](double x) { return std::exp(x); };
  const double coarse = std::abs(gc::finite_difference(f, 0.0, 0.2, stencil) - 1.0);
  const double fine = std::abs(gc::finite_difference(f, 0.0, 0.1, stencil) - 1.0);
  BOOST_TEST(std::abs(std::log2(coarse / fine) - rule.order) < 0.15);
}

BOOST_DATA_TEST_CASE(straight_line_is_exact_wherever_it_is_taken,
                     data::make({0.0, 1e-12, 0.999999, 1e6}), x) {
  // The moves made enter the formula, so 1e6 + h rounds without harm: what is left is rounding of
  // J.
  const auto line = [](double t) { return 3.0 * t; };
  const double d = gc::finite_difference(line, x, 1e-3, gc::Stencil::central4);
  BOOST_TEST(std::abs(d - 3.0) <= 1.5 * 3.0 * (std::abs(x) + 1e-3) * 0x1p-52 / 1e-3 + 1e-15);
}

BOOST_AUTO_TEST_CASE(richardson_reaches_eleven_digits_and_says_about_so) {
  const auto f = [](double x) { return std::exp(std::sin(3.0 * x)); };
  const double exact = 3.0 * std::cos(1.5) * std::exp(std::sin(1.5));
  const auto d = gc::richardson(f, 0.5, 0.2);
  BOOST_TEST(std::abs(d.value - exact) < 1e-11);
  BOOST_TEST(d.error < 1e-9);
  BOOST_TEST(d.evaluations <= 20);
}

BOOST_AUTO_TEST_CASE(directional_derivative_is_gradient_times_direction) {
  const Values theta{0.3, -1.7};
  const Values direction{2.0, -0.5};
  const double exact = 2 * 0.3 * -1.7 * 2.0 + (0.09 + std::cos(-1.7)) * -0.5;
  const double d = gc::directional_derivative(bowl, theta, direction, 1e-3);
  BOOST_TEST(std::abs(d - exact) < 1e-11);  // h⁴M₅/30 = 3e-14·2⁵ and noise 1.5e-16/1e-3
}

BOOST_AUTO_TEST_CASE(theta_is_put_back_when_the_cost_throws) {
  const Values theta{0.3, -1.7};
  int calls = 0;
  bool shifted = false;
  gc::CostProbes probes(
      [&](std::span<const double> t) -> double {
        if (++calls == 1) throw std::runtime_error("no");
        shifted = shifted || t[0] != theta[0];
        return 0.0;
      },
      theta);
  const std::vector<gc::Probe> first{{0, 9.0}};
  const std::vector<gc::Probe> second{{1, 9.0}};
  Values answer(1);
  BOOST_CHECK_THROW(probes(first, answer), std::runtime_error);
  probes(second, answer);
  BOOST_TEST(!shifted);
  BOOST_TEST(probes.left_untouched(theta));
}

BOOST_AUTO_TEST_CASE(an_exception_in_a_thread_reaches_the_caller) {
  const Values theta(8, 1.0);
  gc::CostProbes probes(
      [](std::span<const double> t) -> double {
        if (t[5] != 1.0) throw std::runtime_error("fifth");
        return 0.0;
      },
      theta, 2);
  std::vector<gc::Probe> all;
  for (std::size_t i = 0; i < 8; ++i) all.push_back({i, 2.0});
  Values answers(8);
  BOOST_CHECK_THROW(probes(all, answers), std::runtime_error);
  BOOST_TEST(probes.left_untouched(theta));
}

BOOST_DATA_TEST_CASE(steps_that_are_no_steps_are_refused,
                     data::make({0.0, -1e-7, std::nan(""),
                                 std::numeric_limits<double>::infinity()}),
                     step) {
  const Values theta{0.3, -1.7};
  BOOST_CHECK_THROW(gc::two_sided_difference(bowl, theta, step), gc::OptionError);
  BOOST_CHECK_THROW(gc::finite_difference(bowl, theta, step, gc::Stencil::central2),
                    gc::OptionError);
  BOOST_CHECK_THROW(gc::richardson(gc::ScalarFunction([](double x) { return x; }), 0.0, step),
                    gc::OptionError);
}

BOOST_AUTO_TEST_CASE(a_step_that_is_lost_is_refused) {
  const auto f = [](double x) { return x; };
  BOOST_CHECK_THROW(gc::finite_difference(f, 1e12, 1e-7, gc::Stencil::central2), gc::OptionError);
}

BOOST_AUTO_TEST_SUITE_END()
