// The numbered statements of the textbook, on a tape: θ and dθ, the difference and its verdict, the
// reference network, costs of one number, one layer alone, the worst entries.
#include "gradcheck/bridge/network_check.hpp"

#include <boost/multi_array.hpp>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>
#include <sstream>

#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/workspace.hpp"
#include "gradcheck/bridge/probes/replay_probes.hpp"
#include "gradcheck/errors.hpp"
#include "gradcheck/numeric/finite_difference.hpp"
#include "gradcheck/report/report.hpp"
#include "networks.hpp"

namespace dtheta::gradcheck::test {
namespace {

namespace data = boost::unit_test::data;
const auto methods = data::make({0, 1});
Method method_of(int m) { return m == 0 ? Method::textbook : Method::adaptive; }

double norm(std::span<const double> v) {
  double squares = 0;
  for (const double x : v) squares += x * x;
  return std::sqrt(squares);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(network_check)

BOOST_AUTO_TEST_CASE(statement_1_theta_is_the_leaves_row_major_end_to_end_and_back) {
  Tape tape;
  const nn::RecordedCost r = seed_network().record(tape);
  const ParameterVector theta = parameters_of(checked_leaves(r.parameters));
  std::string layout;
  for (const Block& b : theta.blocks()) {
    layout += b.name + ":" + std::to_string(b.layer) + ":" + std::to_string(b.offset) + " ";
  }
  BOOST_TEST(layout == "W1:1:0 b1:1:30 W2:2:36 b2:2:54 W3:3:57 b3:3:60 ");
  BOOST_TEST(to_string(theta.key(36 + 6 + 4)) == "W2[1, 4]");
  std::size_t at = 0;
  for (const nn::RecordedParameter& p : r.parameters) {
    for (const double v : p.var.data<double>()) BOOST_TEST(theta.values()[at++] == v);
  }
  BOOST_TEST(at == 61u);
  boost::multi_array<double, 2> w2(boost::extents[3][6]);
  theta.extract("W2", w2);
  BOOST_TEST(w2[1][4] == r.parameters[2].var.data<double>()[10]);
}

BOOST_AUTO_TEST_CASE(statement_2_the_gradient_is_laid_out_as_theta) {
  Tape tape;
  const nn::RecordedCost r = seed_network().record(tape);
  const ParameterVector theta = parameters_of(checked_leaves(r.parameters));
  BOOST_CHECK_NO_THROW(theta.require_same_layout(tape_gradient(r)));
}

BOOST_AUTO_TEST_CASE(statement_3_each_component_is_a_two_sided_difference) {
  Tape tape;
  const nn::RecordedCost r = seed_network().record(tape);
  NetworkOptions options = with_method(Method::textbook);
  options.epsilon = 1e-3;
  const Result result = check_network(r, options);
  // The same by full replay, with the formula written out. J has the same digits but for 16
  // roundings on the way; a one-sided difference would be off by ε/2 times a second derivative.
  const double bar = 2 * 16 * 0x1p-53 * result.cost / 1e-3;
  Workspace<double> ws(Plan{r.cost});
  std::size_t i = 0;
  for (const Var leaf : nn::leaves_of(r.parameters)) {
    for (double& entry : ws.leaf(leaf)) {
      const double before = entry;
      const auto cost_at = [&](double moved) {
        entry = moved;
        ws.run();
        entry = before;
        return ws[r.cost][0];
      };
      const double plus = cost_at(before + 1e-3), minus = cost_at(before - 1e-3);
      BOOST_TEST(std::abs(result.numeric[i++] - (plus - minus) / (2 * 1e-3)) <= bar);
    }
  }
  BOOST_TEST(i == 61u);
}

BOOST_AUTO_TEST_CASE(statement_4_the_difference_is_relative_to_the_sum_of_norms) {
  Tape tape;
  const Result result = check_network(seed_network().record(tape), with_method(Method::textbook));
  Values off;
  for (std::size_t i = 0; i < 61; ++i) off.push_back(result.analytic[i] - result.numeric[i]);
  const double expected = norm(off) / (norm(result.analytic) + norm(result.numeric));
  // Two ways to sum 61 squares of one sign.
  BOOST_TEST(std::abs(result.difference.value - expected) <= 64 * 0x1p-52 * expected);
}

/// A gradient that is off by a factor 1 + 2 d has the difference d, nearly.
struct Banded {
  double difference;
  Band band;
  Verdict verdict;
};
std::ostream& operator<<(std::ostream& out, const Banded& b) { return out << b.difference; }
const std::vector<Banded> bands{{0.9e-7, Band::excellent, Verdict::pass},
                                {1.2e-7, Band::double_check, Verdict::inconclusive},
                                {0.9e-5, Band::double_check, Verdict::inconclusive},
                                {1.1e-5, Band::error, Verdict::fail},
                                {0.9e-3, Band::error, Verdict::fail},
                                {1.1e-3, Band::critical, Verdict::fail}};

BOOST_DATA_TEST_CASE(statement_5_four_bands, data::make(bands), wanted) {
  Tape tape;
  const nn::RecordedCost r = seed_network().record(tape);
  ParameterVector gradient = tape_gradient(r);
  for (double& g : gradient.values()) g *= 1 + 2 * wanted.difference;
  const Result result = check_other(r, gradient, with_method(Method::textbook));
  BOOST_TEST((result.band == wanted.band), result.difference.value);
  BOOST_TEST((result.verdict == wanted.verdict));
}

BOOST_AUTO_TEST_CASE(statement_6_epsilon_is_1e_7_unless_said_otherwise) {
  BOOST_TEST(NetworkOptions{}.epsilon == 1e-7);
  Tape tape;
  const nn::RecordedCost r = seed_network().record(tape);
  BOOST_TEST(check_network(r, with_method(Method::textbook)).epsilon == 1e-7);
  NetworkOptions wide = with_method(Method::textbook);
  wide.epsilon = 1e-2;  // truncation, h^2 / 6 times a third derivative of order one, shows
  BOOST_TEST(check_network(r, wide).difference.value > 1e-7);
}

BOOST_AUTO_TEST_CASE(statement_7_the_reference_network_is_excellent_and_the_sentence_says_so) {
  Tape tape;
  const nn::RecordedCost r = seed_network().record(tape);
  const Result result = check_network(r, with_method(Method::textbook));
  // Some hundred roundings of values of order one on either side.
  BOOST_TEST(std::abs(result.cost - dtheta::test::seed_cost) <= 1e-14);
  for (std::size_t i = 0; i < 61; ++i) {
    BOOST_TEST(std::abs(result.analytic[i] - dtheta::test::seed_gradient[i]) <= 1e-14);
  }
  BOOST_TEST(result.difference.value >= 0.5e-9);
  BOOST_TEST(result.difference.value <= 1e-8);
  BOOST_TEST((result.band == Band::excellent));
  BOOST_TEST(result);

  const std::string sentence = textbook_sentence(result);
  BOOST_TEST(sentence.starts_with("Good, the difference is "));
  BOOST_TEST(std::stod(sentence.substr(24)) == result.difference.value);
  const std::string green = textbook_sentence(result, 1e-7, true);
  BOOST_TEST(green.starts_with("\x1b[32m"));
  BOOST_TEST(green.find(sentence) != std::string::npos);
  BOOST_TEST(textbook_sentence(1.5e-7) == "There is a mistake, the difference is 1.5e-07");
  BOOST_TEST(textbook_sentence(1.5e-7, 1e-7, true).starts_with("\x1b[31m"));
  BOOST_TEST(textbook_sentence(1.5e-7, 2e-7) == "Good, the difference is 1.5e-07");
}

BOOST_AUTO_TEST_CASE(statement_7_the_adaptive_method_sees_more) {
  Tape tape;
  const Result result = check_network(seed_network().record(tape));
  BOOST_TEST(result);
  // Fourth order at double precision: a floor of 3e-13, ten times that with the noise of J.
  BOOST_TEST(result.difference.value <= 1e-10);
}

BOOST_DATA_TEST_CASE(statement_8_a_cost_of_one_number_theta_x, methods, m) {
  Tape tape;
  const Var theta = tape.leaf(Tensor(4.0), "theta"), x = tape.leaf(Tensor(2.0), "x");
  const std::vector<CheckedLeaf> leaves{{"theta", 0, theta}};
  const NetworkOptions options = with_method(method_of(m));
  const Result right = check_network(theta * x, leaves, options);
  BOOST_TEST(right);
  BOOST_TEST(right.analytic == Values{2.0});
  ParameterVector wrong;
  wrong.add("theta", 0, {}, Values{2.1});
  NetworkOptions other = options;
  other.gradient = &wrong;
  BOOST_TEST((check_network(theta * x, leaves, other).verdict == Verdict::fail));
}

BOOST_AUTO_TEST_CASE(statement_8_the_cube_at_1_with_a_step_of_a_hundredth) {
  Tape tape;
  const Var theta = tape.leaf(Tensor(1.0), "theta");
  NetworkOptions options = with_method(Method::textbook);
  options.epsilon = 0.01;
  const std::vector<CheckedLeaf> leaves{{"theta", 0, theta}};
  const Result result = check_network(theta * theta * theta, leaves, options);
  BOOST_TEST(result.analytic == Values{3.0});
  // 3 + ε². Each of the two costs has two roundings, and three of the moved θ: 5 * 1.03 * 2^-53
  // each, over 2 * 0.01.
  BOOST_TEST(std::abs(result.numeric[0] - 3.0001) <= 2 * 5 * 1.04 * 0x1p-53 / 0.02);
  BOOST_TEST((check_network(cube(theta), leaves, options).band == Band::error));
}

BOOST_DATA_TEST_CASE(statement_9_one_layer_alone, methods* data::make({1, 2, 3}), m, layer) {
  Tape tape;
  const nn::RecordedCost r = seed_network().record(tape);
  const std::vector<CheckedLeaf> leaves = checked_leaves(r.parameters);
  const ParameterVector theta = parameters_of(leaves);
  // A gradient that is right in this layer alone.
  ParameterVector gradient = tape_gradient(r);
  for (const Block& b : theta.blocks()) {
    if (b.layer == static_cast<std::size_t>(layer)) continue;
    for (double& g : gradient.values(b.name)) g = 3 * g + 1;
  }
  NetworkOptions options = with_method(method_of(m));
  options.layers = {static_cast<std::size_t>(layer)};
  const Result result = check_other(r, gradient, options);
  BOOST_TEST(result);
  BOOST_TEST(result.blocks.size() == 2u);
  for (std::size_t i = 0; i < 61; ++i) {
    BOOST_TEST(std::isfinite(result.numeric[i]) ==
               (theta.key(i).layer == static_cast<std::size_t>(layer)));
  }
  BOOST_TEST(check_other(r, gradient, with_method(method_of(m))).blocks.size() == 6u);
  BOOST_TEST(!check_other(r, gradient, with_method(method_of(m))));

  // Every question put to the tape is about this layer.
  ReplayProbes replay(r.cost, nn::leaves_of(r.parameters));
  std::size_t asked = 0, elsewhere = 0;
  const ProbeEvaluator watched = [&](std::span<const Probe> probes, std::span<double> answers) {
    for (const Probe& p : probes) {
      ++asked;
      if (theta.key(p.index).layer != static_cast<std::size_t>(layer)) ++elsewhere;
    }
    replay(probes, answers);
  };
  BOOST_TEST(check_probes(watched, gradient, theta, options));
  BOOST_TEST(asked > 0u);
  BOOST_TEST(elsewhere == 0u);
}

BOOST_DATA_TEST_CASE(statement_10_the_worst_entries_come_first_with_row_and_column, methods, m) {
  Tape tape;
  const nn::RecordedCost r = seed_network().record(tape);
  ParameterVector gradient = tape_gradient(r);
  const auto entry = [&](const char* name, std::vector<std::size_t> index) -> double& {
    return gradient.values()[gradient.position(name, index)];
  };
  entry("W2", {1, 4}) += 0.5;
  entry("b1", {2, 0}) -= 0.25;
  entry("W1", {5, 3}) += 0.125;
  const Result result = check_other(r, gradient, with_method(method_of(m)));
  const std::vector<Component> worst = result.worst();
  BOOST_TEST(to_string(worst[0].key) == "W2[1, 4]");
  BOOST_TEST(worst[0].key.layer == 2u);
  BOOST_TEST(to_string(worst[1].key) == "b1[2, 0]");
  BOOST_TEST(to_string(worst[2].key) == "W1[5, 3]");
  // What is off is what was planted, to the noise of a difference with ε = 1e-7: 2^-53 / 1e-7 and
  // some.
  BOOST_TEST(std::abs(worst[0].error() - 0.5) <= 1e-8);
  const std::string page = report(result);
  BOOST_TEST(page.find("W2[1, 4]") < page.find("b1[2, 0]"));
  BOOST_TEST(accused(result) == "W1 b1 W2 ");
}

BOOST_AUTO_TEST_CASE(the_printed_result_is_the_report) {
  Tape tape;
  const nn::RecordedCost r = seed_network().record(tape);
  ParameterVector gradient = tape_gradient(r);
  gradient.values()[3] += 1;
  const Result result = check_other(r, gradient);
  std::ostringstream text;
  text << boost::test_tools::tt_detail::print_helper(result);
  BOOST_TEST(text.str().find("W1[0, 3]") != std::string::npos);
  BOOST_TEST(text.str() == report(result));
}

BOOST_AUTO_TEST_CASE(wrong_requests_are_refused) {
  Tape tape, other_tape;
  const nn::RecordedCost r = seed_network().record(tape);
  const auto with = [](const std::function<void(NetworkOptions&)>& change) {
    NetworkOptions options;
    change(options);
    return options;
  };
  BOOST_CHECK_THROW(static_cast<void>(check_network(r, with([](auto& o) { o.epsilon = 0; }))),
                    OptionError);
  BOOST_CHECK_THROW(static_cast<void>(check_network(r, with([](auto& o) { o.epsilon = -1e-7; }))),
                    OptionError);
  BOOST_CHECK_THROW(static_cast<void>(check_network(r, with([](auto& o) { o.layers = {4}; }))),
                    NameError);
  BOOST_CHECK_THROW(static_cast<void>(check_network(r, with([](auto& o) { o.blocks = {"W4"}; }))),
                    NameError);
  ParameterVector shorter;
  shorter.add("W1", 1, {6, 4}, Values(24));
  BOOST_CHECK_THROW(static_cast<void>(check_other(r, shorter)), ShapeError);
  BOOST_CHECK_THROW(static_cast<void>(check_network(r, with([&](auto& o) { o.theta = &shorter; }))),
                    ShapeError);
  const Var foreign = other_tape.leaf(Tensor(1.0));
  const std::vector<CheckedLeaf> elsewhere{{"x", 0, foreign}};
  BOOST_CHECK_THROW(static_cast<void>(check_network(r.cost, elsewhere)), std::logic_error);
  const std::vector<CheckedLeaf> twice{{"W1", 1, r.parameters[0].var},
                                       {"W1", 1, r.parameters[0].var}};
  BOOST_CHECK_THROW(static_cast<void>(check_network(r.cost, twice)), NameError);
  const std::vector<CheckedLeaf> first{{"W1", 1, r.parameters[0].var}};
  BOOST_CHECK_THROW(static_cast<void>(check_network(r.output, first)), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::gradcheck::test
