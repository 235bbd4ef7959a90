// One probe again, number by number, and the report that says how.
#include "gradcheck/replay.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <sstream>

#include "gradcheck/errors.hpp"
#include "gradcheck/report/report.hpp"
#include "tests/gradcheck/models.hpp"

namespace gc = dtheta::gradcheck;

namespace {

const gc::Cost cube = [](std::span<const double> t) { return t[0] * t[0] * t[0]; };

gc::ParameterVector scalar(double value) {
  gc::ParameterVector theta;
  theta.add("x", 1, {}, std::vector{value});
  return theta;
}

gc::ProbeReplay replayed(const gc::Cost& cost, double at, double analytic, double step,
                         const gc::Options& options = {}) {
  return gc::replay_probe(cost, std::vector{analytic}, scalar(at), "x", step, options);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(replay)

// x^3 at 2: the two-sided difference is 12 + h^2, that of fourth order exact.
BOOST_AUTO_TEST_CASE(every_number_of_a_cubic) {
  const gc::ProbeReplay probe = replayed(cube, 2.0, 12.0, 0.125);
  BOOST_TEST(probe.cost == 8.0);
  const double r = 1.0 + std::sqrt(2.0);
  const std::array<double, 4> offsets{-r, -1.0, 1.0, r};
  for (std::size_t k = 0; k < 4; ++k) {
    const double x = 2.0 + 0.125 * offsets[k];
    BOOST_TEST(probe.values[k].offset == offsets[k]);
    BOOST_TEST(probe.values[k].theta == x);
    BOOST_TEST(probe.values[k].cost == x * x * x);
  }
  BOOST_TEST(probe.two_sided == 12.0 + 0.125 * 0.125);
  BOOST_TEST(std::abs(probe.fourth_order - 12.0) <= 1e-13);
  const std::string text = gc::report(probe);
  for (const char* part : {"J(theta - 2.414h)", "J(theta - h)", "J(theta)  ", "J(theta + h)",
                           "J(theta + 2.414h)", "step h = 0.125", "analytic"}) {
    BOOST_TEST(text.find(part) != std::string::npos, part);
  }
  BOOST_TEST(text.find('\x1b') == std::string::npos);
}

BOOST_AUTO_TEST_CASE(verdicts) {
  const auto verdict = [](double analytic, double step) {
    return replayed(cube, 2.0, analytic, step).component.verdict;
  };
  BOOST_TEST((verdict(12.0, 1e-4) == gc::Verdict::pass));
  BOOST_TEST((verdict(12.001, 1e-4) == gc::Verdict::fail));
  BOOST_TEST((verdict(std::nan(""), 1e-4) == gc::Verdict::fail));
  // The gap of the two orders is h^2: nothing below that is excluded.
  BOOST_TEST((verdict(12.001, 0.1) == gc::Verdict::inconclusive));
  // Noise of 1e-9 over a step of 1e-6 hides errors of a thousandth.
  const gc::Cost noisy = [](std::span<const double> t) {
    return t[0] * t[0] * t[0] + 1e-9 * std::sin(1e13 * t[0]);
  };
  const gc::ProbeReplay probe = replayed(noisy, 2.0, 12.0005, 1e-6);
  BOOST_TEST((probe.component.verdict == gc::Verdict::inconclusive));
  BOOST_TEST(probe.noise > 1e-10);
  BOOST_TEST(probe.noise < 1e-8);
}

BOOST_AUTO_TEST_CASE(the_textbook_means_its_own_formula) {
  const gc::ProbeReplay probe = replayed(cube, 2.0, 12.0, 0.125, {.method = gc::Method::textbook});
  BOOST_TEST(probe.component.numeric == probe.two_sided);
  BOOST_TEST(replayed(cube, 2.0, 12.0, 0.125).component.numeric == probe.fourth_order);
}

BOOST_AUTO_TEST_CASE(at_the_edge_of_the_domain_one_side_serves) {
  const gc::Cost log = [](std::span<const double> t) { return std::log(t[0]); };
  const gc::ProbeReplay probe = replayed(log, 1e-3, 1e3, 1e-3);
  BOOST_TEST(probe.values[0].offset == 1.0);
  BOOST_TEST(probe.values[3].offset > 4.0);
  BOOST_TEST(std::isnan(probe.two_sided));
  BOOST_TEST(std::isfinite(probe.fourth_order));
  const gc::Cost nowhere = [](std::span<const double>) { return std::nan(""); };
  BOOST_TEST((replayed(nowhere, 1.0, 1.0, 0.1).component.verdict != gc::Verdict::pass));
}

BOOST_AUTO_TEST_CASE(entries_are_read_as_they_are_written) {
  gc::ParameterVector theta;
  theta.add("W", 1, {2, 3}, std::vector<double>(6));
  theta.add("b", 1, {}, std::vector<double>(1));
  for (std::size_t i = 0; i < theta.size(); ++i) {
    BOOST_TEST(gc::position_of(theta, to_string(theta.key(i))) == i);
  }
  BOOST_TEST(gc::position_of(theta, "W[1,2]") == 5U);
  BOOST_TEST(gc::position_of(theta, " W [ 1 , 2 ] ") == 5U);
  for (const char* bad :
       {"", "V", "W[1", "W[1,2]]", "W[]", "W[1,,2]", "W[-1, 0]", "W[1, 2", "b[x]"}) {
    BOOST_CHECK_THROW(static_cast<void>(gc::position_of(theta, bad)), std::invalid_argument);
  }
  BOOST_CHECK_THROW(static_cast<void>(gc::position_of(theta, "W[1, 3]")), gc::ShapeError);
}

// Names as lists of arrays and trees of parameters have them.
BOOST_AUTO_TEST_CASE(names_may_have_brackets) {
  gc::ParameterVector theta;
  theta.add("W[0]", 1, {2, 3}, std::vector<double>(6));
  theta.add("W[1]", 1, {}, std::vector<double>(1));
  theta.add("['params'][0]['w']", 1, {4}, std::vector<double>(4));
  theta.add("['params'][0]", 1, {2, 2}, std::vector<double>(4));
  theta.add("a \"quoted\" \\ name", 1, {2}, std::vector<double>(2));
  for (std::size_t i = 0; i < theta.size(); ++i) {
    BOOST_TEST(gc::position_of(theta, to_string(theta.key(i))) == i);
    BOOST_TEST(gc::entry_text(theta, i) == to_string(theta.key(i)));
    BOOST_TEST(gc::position_of(theta, "#" + std::to_string(i)) == i);
  }
  BOOST_TEST(gc::position_of(theta, " W[0] [ 1 , 2 ]") == 5U);
  for (const char* bad : {"W", "W[0]", "W[2]", "W[0][1]", "W[0][1, 2, 3]", "#17", "#", "#-1"}) {
    BOOST_CHECK_THROW(static_cast<void>(gc::position_of(theta, bad)), std::invalid_argument);
  }
  gc::Component c;
  c.key = theta.key(15);
  c.step = 0.5;
  BOOST_TEST(gc::replay_call(c) ==
             "replay_probe(cost, gradient, theta, \"a \\\"quoted\\\" \\\\ name[0]\", 0.5)");
}

// W[0] is an entry of W and a block: then the position tells.
BOOST_AUTO_TEST_CASE(a_text_that_may_mean_two_entries) {
  gc::ParameterVector theta;
  theta.add("W", 1, {2}, std::vector<double>(2));
  theta.add("W[0]", 1, {}, std::vector<double>(1));
  BOOST_CHECK_THROW(static_cast<void>(gc::position_of(theta, "W[0]")), gc::NameError);
  BOOST_TEST(gc::position_of(theta, "W[1]") == 1U);
  for (std::size_t i = 0; i < 3; ++i) {
    BOOST_TEST(gc::position_of(theta, gc::entry_text(theta, i)) == i);
  }
}

BOOST_AUTO_TEST_CASE(steps_that_cannot_be_taken) {
  for (const double step : {0.0, -1.0, std::nan(""), 1e-30}) {
    BOOST_CHECK_THROW(replayed(cube, 2.0, 12.0, step), gc::OptionError);
  }
}

// What a report tells a C++ caller to call gives the bits that it printed.
BOOST_AUTO_TEST_CASE(the_call_that_a_report_names) {
  const auto model = gradcheck_test::make_model({});
  std::vector<double> gradient = model.right;
  gradient[model.theta.block("W2").offset + 1] += 1.0;
  const gc::Result result = gc::check(model.cost, gradient, model.theta);
  BOOST_REQUIRE((result.verdict == gc::Verdict::fail));
  const gc::Component& c = result.block("W2").worst.front();
  std::ostringstream call;
  call << "replay_probe(cost, gradient, theta, \"" << c.key << "\", ";
  BOOST_TEST(c.replay.starts_with(call.str()));
  BOOST_TEST(gc::report(result).find(c.replay) != std::string::npos);
  for (const gc::Component& other : result.block("W1").worst) BOOST_TEST(other.replay == "");
  const gc::ProbeReplay again =
      gc::replay_probe(model.cost, gradient, model.theta, to_string(c.key), c.step);
  BOOST_TEST(again.fourth_order == c.numeric);
  BOOST_TEST((again.component.verdict == gc::Verdict::fail));

  gc::Options own;
  own.replay = [](const gc::Component& failing) { return "run " + to_string(failing.key); };
  BOOST_TEST(gc::check(model.cost, gradient, model.theta, own).block("W2").worst.front().replay ==
             "run " + to_string(c.key));
}

BOOST_AUTO_TEST_SUITE_END()
