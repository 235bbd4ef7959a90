// A replay that throws away from theta, by another branch of a recorded `if` or where singular
// values coincide, is an edge of J's domain: it ends no check and no watch.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>

#include "autodiff/errors.hpp"
#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/comparison.hpp"
#include "autodiff/ops/linalg/linalg.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/workspace.hpp"
#include "gradcheck/bridge/probes/stacked_probes.hpp"
#include "gradcheck/bridge/tape_monitor.hpp"
#include "networks.hpp"

namespace dtheta::gradcheck::test {
namespace {

bool says(const Result& result, const std::string& part) {
  return std::ranges::any_of(
      result.notes, [&](const std::string& note) { return note.find(part) != std::string::npos; });
}

/// sum(x^2) beyond 1 and sum(x^3) below, with an `if` on the first element.
struct Branching {
  Tape tape;
  Var x, cost;
  std::vector<CheckedLeaf> leaves;

  explicit Branching(double first) {
    x = tape.leaf(Tensor(Shape{3}, {first, 0.5, -2.0}), "x");
    const Var head = sum(x * tape.constant(Tensor(Shape{3}, {1.0, 0.0, 0.0})));
    cost = greater(head, 1.0) ? sum(square(x)) : sum(cube(x));
    leaves = {{"x", 1, x}};
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(edges_of_domain)

BOOST_AUTO_TEST_CASE(an_if_of_a_recorded_value_passes_beside_its_border_and_on_it) {
  // The smallest distance is within every step that is taken.
  for (const double beyond : {1.0, 1e-3, 1e-6, 1e-9}) {
    Branching b(1.0 + beyond);
    const Result result = check_network(b.cost, b.leaves);
    BOOST_TEST((result.verdict == Verdict::pass), "beyond the border by " << beyond);
  }
  Branching near(1.0 + 1e-9);
  BOOST_TEST(says(check_network(near.cost, near.leaves), "the branch recorded at"));
  Branching far(3.0);
  BOOST_TEST(!says(check_network(far.cost, far.leaves), "cannot be computed"));
}

BOOST_AUTO_TEST_CASE(a_wrong_gradient_beside_a_border_is_still_found) {
  for (const double beyond : {1.0, 1e-6}) {
    Branching b(1.0 + beyond);
    ParameterVector wrong = gradient_of(b.cost, b.leaves, parameters_of(b.leaves));
    wrong.values()[0] *= -1;
    NetworkOptions options;
    options.gradient = &wrong;
    BOOST_TEST((check_network(b.cost, b.leaves, options).verdict == Verdict::fail));
  }
}

BOOST_AUTO_TEST_CASE(another_branch_at_theta_itself_is_an_error) {
  Branching b(2.0);
  NetworkCheck check(b.cost, b.leaves);
  ParameterVector other = parameters_of(b.leaves);
  other.values()[0] = 0.5;
  BOOST_CHECK_THROW(static_cast<void>(check(other)), GuardError);
  BOOST_TEST(check(parameters_of(b.leaves)));
}

BOOST_AUTO_TEST_CASE(singular_values_that_coincide_pass_where_only_their_sum_is_asked_for) {
  // The sum of singular values of I + small is smooth at I: trace of the polar factor.
  Tape tape;
  const Var a = tape.leaf(Tensor(Shape{2, 2}, {1.0, 0.0, 0.0, 1.0}), "a");
  const std::vector<CheckedLeaf> leaves{{"a", 1, a}};
  const Result result = check_network(sum(svd(a).s), leaves);
  BOOST_TEST((result.verdict != Verdict::fail));
  for (const std::size_t diagonal : {0U, 3U}) {
    BOOST_TEST(std::abs(result.numeric[diagonal] - 1.0) <= result.bar[diagonal]);
  }
}

BOOST_AUTO_TEST_CASE(stacked_and_single_probes_answer_what_throws_with_nan) {
  Branching b(1.5);
  for (const bool stacked : {true, false}) {
    StackedProbes many(b.cost, std::span(&b.x, 1), {}, 1,
                       StackedProbes::Programs::wherever_possible);
    ReplayProbes single(b.cost, std::span(&b.x, 1));
    const std::vector<Probe> probes{{0, 0.5}, {0, 2.0}, {1, 1.0}};
    std::vector<double> answers(3);
    if (stacked) {
      many(probes, answers);
    } else {
      single(probes, answers);
    }
    BOOST_TEST(std::isnan(answers[0]));
    BOOST_TEST(answers[1] == 2.0 * 2.0 + 0.25 + 4.0);
    BOOST_TEST(answers[2] == 1.5 * 1.5 + 1.0 + 4.0);
    const DomainEdges& edges = stacked ? many.edges() : single.edges();
    BOOST_TEST(edges.count() == 1U);
    BOOST_TEST(edges.first().find("the branch recorded at") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_watch_beside_a_border_raises_no_alarm_and_goes_on) {
  for (const auto where : {TapeMonitor::Where::here, TapeMonitor::Where::background}) {
    Branching b(1.0 + 1e-9);
    const std::vector<Var> gradients = grad(b.cost, {b.x});
    TapeMonitor monitor(b.cost, b.leaves, {.every = 1}, where);
    Workspace<double> ws{Plan({b.cost, gradients[0]})};
    for (std::size_t step = 0; step < 20; ++step) {
      monitor.before(step, ws);
      ws.run();
      BOOST_CHECK_NO_THROW(monitor.after(step, ws, gradients));
    }
    BOOST_CHECK_NO_THROW(monitor.finish());
    BOOST_TEST(monitor.monitor().alarms() == 0U);
    BOOST_TEST(monitor.edges().count() > 0U);
  }
}

BOOST_AUTO_TEST_CASE(a_watch_of_a_cost_without_value_at_theta_is_an_alarm) {
  // J is not a number there, whatever the gradient says.
  const ParameterVector theta = [] {
    ParameterVector v;
    v.add("v", 1, {2}, Values{0.5, 0.25});
    return v;
  }();
  Monitor monitor(theta, {});
  const Cost nowhere = [](std::span<const double>) { return std::nan(""); };
  BOOST_CHECK_THROW(monitor.look(0, nowhere, theta.values(), Values{1.0, 1.0}), GradientAlarm);
}

BOOST_AUTO_TEST_CASE(an_opinion_that_throws_is_a_note) {
  // Beside 1e9 the roundings of J are as large as the tolerance, so that the oracle is asked.
  const Values theta{0.5};
  const Cost cost = [](std::span<const double> x) { return 1e9 + std::sin(x[0]); };
  Options options;
  options.oracles.push_back(
      {"a broken one", 0x1p-64, false, 7,
       [](std::size_t, double) -> WideSlope { throw std::runtime_error("no such scalar"); }});
  const Result result = check(cost, Values{std::cos(0.5)}, theta, options);
  BOOST_TEST(says(result, "a broken one could not be asked: no such scalar"));
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace dtheta::gradcheck::test
