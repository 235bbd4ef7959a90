// Right Jacobians pass whatever f is like, and what cannot be told is said.
#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>

#include "gradcheck/errors.hpp"
#include "gradcheck/jacobian/replay_entry.hpp"
#include "tests/jacobian/residuals.hpp"

namespace gc = dtheta::gradcheck;
namespace data = boost::unit_test::data;
using Span = std::span<const double>;
using Out = std::span<double>;
using Vector = std::vector<double>;

namespace scaled_case {

/// f(x) = tanh(A x) by rows, with outputs and inputs of the sizes given: units differ.
struct Scaled {
  std::size_t m, n;
  Vector a, rows, columns;

  Scaled(std::size_t outputs, std::size_t inputs, double spread, unsigned seed)
      : m(outputs), n(inputs), a(m * n), rows(m), columns(n) {
    std::mt19937_64 bits(seed);
    std::normal_distribution<double> normal;
    std::uniform_real_distribution<double> exponent(-spread, spread);
    for (double& v : a) v = normal(bits) / std::sqrt(static_cast<double>(n));
    for (double& v : rows) v = std::pow(10.0, exponent(bits));
    for (double& v : columns) v = std::pow(10.0, exponent(bits));
  }
  Vector x() const {
    Vector x(n);
    for (std::size_t j = 0; j < n; ++j)
      x[j] = columns[j] * (0.3 + 0.1 * static_cast<double>(j % 7));
    return x;
  }
  double inner(Span x, std::size_t i) const {
    double sum = 0;
    for (std::size_t j = 0; j < n; ++j) sum += a[i * n + j] * x[j] / columns[j];
    return sum;
  }
  void f(Span x, Out y) const {
    for (std::size_t i = 0; i < m; ++i) y[i] = rows[i] * std::tanh(inner(x, i));
  }
  void jacobian(Span x, Out out) const {
    for (std::size_t i = 0; i < m; ++i) {
      const double t = std::tanh(inner(x, i));
      for (std::size_t j = 0; j < n; ++j) {
        out[i * n + j] = rows[i] * (1 - t * t) * a[i * n + j] / columns[j];
      }
    }
  }
};

}  // namespace scaled_case
using scaled_case::Scaled;

BOOST_AUTO_TEST_SUITE(jacobians)

BOOST_AUTO_TEST_CASE(a_right_one_passes_in_either_layout) {
  const gc::ParameterVector x = jacobian_test::point();
  const auto options = jacobian_test::named_outputs();
  BOOST_TEST(bool(gc::check_jacobian(jacobian_test::residuals, gc::RowMajor(jacobian_test::right),
                                     x, options)));
  Vector rows(12), columns(12);
  jacobian_test::right(x.values(), rows);
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < 3; ++j) columns[j * 4 + i] = rows[i * 3 + j];
  }
  BOOST_TEST(bool(gc::check_jacobian(jacobian_test::residuals, gc::RowMajor(rows), x)));
  const auto result = gc::check_jacobian(jacobian_test::residuals, gc::ColumnMajor(columns), x);
  BOOST_TEST(bool(result));
  BOOST_TEST(result.rows == 4U);
  BOOST_TEST(result.block("f", "a").entries == 8U);
  const auto returned = [](Span at) {
    Vector out(12);
    jacobian_test::right(at, out);
    return out;
  };
  const auto values = [](Span at) {
    Vector out(4);
    jacobian_test::residuals(at, out);
    return out;
  };
  BOOST_TEST(bool(gc::check_jacobian(values, gc::RowMajor(returned), x)));
}

// One wrong entry among 6 x 40, in units from 1e-8 to 1e8: found, placed, and nothing else accused.
BOOST_DATA_TEST_CASE(one_wrong_entry_is_placed, data::xrange(12) * data::make({0.0, 2.0, 8.0}),
                     seed, spread) {
  const Scaled model(6, 40, spread, static_cast<unsigned>(seed));
  const Vector x = model.x();
  const gc::VectorFunction f([&](Span at, Out y) { model.f(at, y); }, 6);
  Vector jacobian(240);
  model.jacobian(x, jacobian);
  const auto good = gc::check_jacobian(f, gc::RowMajor(jacobian), x);
  BOOST_TEST(bool(good), good);
  // One set of probes serves a column: its four values, and what noise and a second step cost.
  BOOST_TEST(good.evaluations <= 40U * 20U);
  const std::size_t at = static_cast<std::size_t>(seed * 19 + 3);
  jacobian[at] *= 1 + 1e-4;
  const auto bad = gc::check_jacobian(f, gc::RowMajor(jacobian), x);
  std::size_t failed = 0;
  for (const auto& block : bad.blocks) failed += block.failed;
  // An entry may matter to no one beside its row's largest.
  const auto row = std::span(jacobian).subspan(at / 40 * 40, 40);
  double largest = 0;
  for (std::size_t j = 0; j < 40; ++j) largest = std::max(largest, std::abs(row[j] * x[j]));
  if (std::abs(jacobian[at] * x[at % 40]) > 0.1 * largest) {
    BOOST_TEST(failed == 1U, bad);
    BOOST_TEST(bad.worst().front().row == at / 40);
    BOOST_TEST(bad.worst().front().column == at % 40);
  }
}

BOOST_AUTO_TEST_CASE(threads_change_no_bit) {
  const Scaled model(7, 9, 1.0, 5);
  const Vector x = model.x();
  const gc::VectorFunction f([&](Span at, Out y) { model.f(at, y); }, 7);
  const auto jacobian = [&](Span at, Out out) { model.jacobian(at, out); };
  const auto one = gc::check_jacobian(f, gc::RowMajor(jacobian), x);
  const auto two = gc::check_jacobian(f, gc::RowMajor(jacobian), x, {.threads = 2});
  BOOST_TEST(one.numeric == two.numeric, boost::test_tools::per_element());
  BOOST_TEST(one.evaluations == two.evaluations);
}

// |x| at 0: any slope between -1 and 1 is right, 1.5 is not.
BOOST_AUTO_TEST_CASE(corners_are_judged_by_both_slopes) {
  const auto f = [](Span x, Out y) {
    y[0] = std::abs(x[0]) + x[1];
    y[1] = x[0] * x[1];
  };
  const Vector x{0.0, 0.7};
  for (const double slope : {0.0, 0.5, 1.5}) {
    const Vector jacobian{slope, 1.0, 0.7, 0.0};
    const auto result = gc::check_jacobian(f, gc::RowMajor(jacobian), x);
    BOOST_TEST((result.verdict == (slope > 1 ? gc::Verdict::fail : gc::Verdict::pass)), result);
    BOOST_TEST(result.blocks.front().corners == 1U);
  }
}

// relu(a + b) - relu(a - b) at 0 moves as b along b; the rule relu'(0) = 0 says that it stands
// still. Beside 0 the rule is right: no bug, but nothing that this x can show. A factor is one.
BOOST_DATA_TEST_CASE(several_corners_at_once_are_left_open, data::make({1.0, 1.5}), factor) {
  const auto relu = [](double v) { return std::max(v, 0.0); };
  const auto step = [](double v) { return v > 0 ? 1.0 : 0.0; };
  const auto f = [=](Span x, Out y) {
    y[0] = relu(x[0] + x[1]) - relu(x[0] - x[1]) + x[2];
    y[1] = x[2] * x[2];
  };
  const auto jacobian = [=](Span x, Out j) {
    const double up = step(x[0] + x[1]), down = step(x[0] - x[1]);
    const Vector values{factor * (up - down), factor * (up + down), 1, 0, 0, 2 * x[2]};
    std::ranges::copy(values, j.begin());
  };
  const Vector x{0.0, 0.0, 0.7};
  const auto result = gc::check_jacobian({f, 2}, gc::RowMajor(jacobian), x);
  const auto expected = factor == 1.0 ? gc::Verdict::inconclusive : gc::Verdict::fail;
  BOOST_TEST((result.verdict == expected), result);
}

// The same where the corner is known, by the input, the output, or a block of either.
BOOST_DATA_TEST_CASE(what_is_open_at_a_known_corner_is_excused,
                     data::make({"", "x", "x[1]", "f[0]", "f", "x[2]", "f[1]"}), known) {
  const auto relu = [](double v) { return std::max(v, 0.0); };
  const auto f = [=](Span x, Out y) {
    y[0] = relu(x[0] + x[1]) - relu(x[0] - x[1]) + x[2];
    y[1] = x[2] * x[2];
  };
  const auto jacobian = [](Span x, Out j) {
    const double up = x[0] + x[1] > 0 ? 1 : 0, down = x[0] - x[1] > 0 ? 1 : 0;
    const Vector values{up - down, up + down, 1, 0, 0, 2 * x[2]};
    std::ranges::copy(values, j.begin());
  };
  const Vector x{0.0, 0.0, 0.7};
  gc::JacobianOptions options;
  const std::string name = known;
  if (!name.empty()) options.known_corners = {name};
  const auto result = gc::check_jacobian({f, 2}, gc::RowMajor(jacobian), x, options);
  const bool excused = !name.empty() && name != "x[2]" && name != "f[1]";
  BOOST_TEST((result.verdict == (excused ? gc::Verdict::pass : gc::Verdict::inconclusive)), result);
  BOOST_TEST(result.blocks.front().excused == (excused ? 1U : 0U));
  BOOST_TEST((gc::report(result).find("1 excused") != std::string::npos) == excused);
  // What f contradicts is wrong there, too.
  const Vector wrong{0, 5, 1, 0, 0, 1.4};
  BOOST_TEST(!gc::check_jacobian({f, 2}, gc::RowMajor(wrong), x, options));
  options.known_corners = {"g"};
  BOOST_CHECK_THROW(static_cast<void>(gc::check_jacobian({f, 2}, gc::RowMajor(wrong), x, options)),
                    gc::NameError);
}

// An f that is rounded to float: noise of 6e-8, beside outputs that are not.
BOOST_AUTO_TEST_CASE(noise_is_each_outputs_own) {
  const auto f = [](Span x, Out y) {
    y[0] = static_cast<double>(static_cast<float>(std::sin(x[0]) + x[1]));
    y[1] = std::sin(x[0]) + x[1];
  };
  const Vector x{0.4, 0.3};
  Vector jacobian{std::cos(0.4), 1, std::cos(0.4), 1};
  const auto good = gc::check_jacobian(f, gc::RowMajor(jacobian), x);
  BOOST_TEST((good.verdict != gc::Verdict::fail), good);
  BOOST_TEST(good.noise[0] > 1e3 * good.noise[1]);
  jacobian[0] += 0.1;
  jacobian[2] += 1e-6;
  const auto bad = gc::check_jacobian(f, gc::RowMajor(jacobian), x);
  BOOST_TEST(bad.blocks.front().failed == 2U, bad);
}

BOOST_AUTO_TEST_CASE(an_f_that_throws_or_leaves_its_domain_has_no_value_there) {
  const auto f = [](Span x, Out y) {
    if (x[0] < 0) throw std::domain_error("negative");
    y[0] = x[0] * x[0] + x[1];
    y[1] = std::log(x[1]);
  };
  const Vector x{0.0, 1e-3};
  const Vector right{0, 1, 0, 1e3}, wrong{0.5, 1, 0, 1e3};
  const auto good = gc::check_jacobian(f, gc::RowMajor(right), x);
  BOOST_TEST((good.verdict != gc::Verdict::fail), good);
  BOOST_TEST(good.notes.back().find("negative") != std::string::npos);
  BOOST_TEST((gc::check_jacobian(f, gc::RowMajor(wrong), x).verdict == gc::Verdict::fail));
  const Vector outside{-1.0, 1.0};
  BOOST_CHECK_THROW(gc::check_jacobian(f, gc::RowMajor(right), outside), std::domain_error);
}

BOOST_AUTO_TEST_CASE(an_output_that_is_not_finite_fails) {
  const auto f = [](Span x, Out y) {
    y[0] = x[0];
    y[1] = std::numeric_limits<double>::quiet_NaN();
  };
  const Vector x{1.0}, jacobian{1, 0};
  const auto result = gc::check_jacobian(f, gc::RowMajor(jacobian), x);
  BOOST_TEST((result.verdict == gc::Verdict::fail));
  BOOST_TEST(result.notes.front().find("f[1] is nan") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_is_random_is_inconclusive) {
  std::mt19937_64 bits(1);
  const auto f = [&](Span x, Out y) {
    y[0] = x[0] + 1e-3 * static_cast<double>(bits() % 1000);
    y[1] = x[0];
  };
  const Vector x{1.0}, jacobian{1, 1};
  const auto result = gc::check_jacobian(f, gc::RowMajor(jacobian), x);
  BOOST_TEST((result.verdict == gc::Verdict::inconclusive));
  BOOST_TEST(!result.deterministic);
}

BOOST_AUTO_TEST_CASE(an_f_that_remembers_is_never_passed) {
  bool been_elsewhere = false;
  const auto f = [&](Span x, Out y) {
    been_elsewhere = been_elsewhere || x[0] != 3.0;
    y[0] = x[0] * x[0] + (been_elsewhere ? 1e-12 : 0.0);
  };
  const Vector x{3.0}, jacobian{6.0};
  const auto result = gc::check_jacobian(f, gc::RowMajor(jacobian), x);
  BOOST_TEST((result.verdict != gc::Verdict::pass), result);
  BOOST_TEST(!result.deterministic);
}

BOOST_AUTO_TEST_CASE(zeros_on_both_sides_exercise_nothing) {
  const auto f = [](Span, Out y) { y[0] = y[1] = 3.0; };
  const Vector x{1.0, 2.0}, jacobian(4, 0.0);
  const auto result = gc::check_jacobian(f, gc::RowMajor(jacobian), x);
  BOOST_TEST((result.verdict == gc::Verdict::inconclusive), result);
}

// A step of tanh, a millionth wide: f's slope at x is that within it, whatever wider steps see.
BOOST_AUTO_TEST_CASE(a_feature_narrower_than_the_steps_is_seen) {
  const auto f = [](Span x, Out y) {
    y[0] = std::sin(x[0]) + 1e-8 * std::tanh(1e6 * (x[0] - 0.4)) + x[1];
    y[1] = std::sin(x[0]) + x[1];
  };
  const Vector x{0.4, 0.8};
  const double c = std::cos(0.4);
  const Vector right{c + 0.01, 1, c, 1}, from_afar{c, 1, c, 1};
  const auto good = gc::check_jacobian(f, gc::RowMajor(right), x);
  BOOST_TEST((good.verdict != gc::Verdict::fail), good);
  const auto bad = gc::check_jacobian(f, gc::RowMajor(from_afar), x);
  BOOST_TEST((bad.verdict != gc::Verdict::pass), bad);
}

BOOST_AUTO_TEST_CASE(a_stopped_check_says_so) {
  const Scaled model(50, 60, 0.0, 5);
  const Vector x = model.x();
  const gc::VectorFunction f([&](Span at, Out y) { model.f(at, y); }, 50);
  const auto jacobian = [&](Span at, Out out) { model.jacobian(at, out); };
  gc::JacobianOptions options;
  options.progress = [](const gc::Progress&) { return false; };
  const auto result = gc::check_jacobian(f, gc::RowMajor(jacobian), x, options);
  BOOST_TEST(!result.complete);
  BOOST_TEST((result.verdict == gc::Verdict::inconclusive));
}

BOOST_AUTO_TEST_CASE(a_replay_shows_the_number_that_accused) {
  const gc::ParameterVector x = jacobian_test::point();
  const auto wrong = [](Span at, Out out) {
    jacobian_test::right(at, out);
    out[7] += 1e-3;
  };
  const auto options = jacobian_test::named_outputs();
  const gc::VectorFunction f(jacobian_test::residuals);
  const auto result = gc::check_jacobian(f, gc::RowMajor(wrong), x, options);
  const gc::JacobianEntry worst = result.worst().front();
  BOOST_TEST(gc::place_of(worst) == "r[2] by a[1]");
  const auto again = gc::replay_entry(f, gc::RowMajor(wrong), x, 2, 1, worst.step, options);
  BOOST_TEST(again.component.numeric == worst.numeric);
  BOOST_TEST((again.component.verdict == gc::Verdict::fail));
}

BOOST_AUTO_TEST_CASE(reports_say_the_same_in_every_format) {
  const gc::ParameterVector x = jacobian_test::point();
  const auto wrong = [](Span at, Out out) {
    jacobian_test::right(at, out);
    out[7] += 1e-3;
  };
  const auto result = gc::check_jacobian(jacobian_test::residuals, gc::RowMajor(wrong), x,
                                         jacobian_test::named_outputs());
  for (const std::string& text : {gc::report(result), gc::report_junit(result),
                                  gc::report_html(result), gc::report_json(result)}) {
    BOOST_TEST(text.find("r[2] by a[1]") != std::string::npos);
    BOOST_TEST(text.find("fail") != std::string::npos);
  }
  BOOST_TEST(gc::report_junit(result).find("tests=\"4\" failures=\"1\"") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
