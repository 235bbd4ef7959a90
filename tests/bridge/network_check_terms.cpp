// What else a cost is made of: regularisation and dropout; when checks are made: before and after
// training, and never unless asked.
#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <ostream>

#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/noise.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/workspace.hpp"
#include "networks.hpp"

namespace dtheta::gradcheck::test {
namespace {

namespace data = boost::unit_test::data;
const auto methods = data::make({0, 1});
Method method_of(int m) { return m == 0 ? Method::textbook : Method::adaptive; }

struct Term {
  nn::Penalty penalty;
  nn::Convention convention;
};
std::ostream& operator<<(std::ostream& out, const Term& t) {
  return out << nn::Regularizer{.penalty = t.penalty}.name() << " " << to_string(t.convention);
}
std::vector<Term> all_terms() {
  std::vector<Term> terms;
  for (const auto p : {nn::Penalty::l1, nn::Penalty::l2, nn::Penalty::elastic_net}) {
    for (const auto c :
         {nn::Convention::lambda_over_2m, nn::Convention::lambda_over_m, nn::Convention::lambda}) {
      terms.push_back({p, c});
    }
  }
  return terms;
}

nn::DenseOptions with_dropout(double keep_prob, std::uint32_t seed = 3) {
  nn::DenseOptions options;
  options.keep_prob = keep_prob;
  options.key = {seed, 0};
  return options;
}

NetworkOptions frozen(Method method) {
  NetworkOptions options = with_method(method);
  options.frozen_masks = true;
  return options;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(network_check_terms)

BOOST_DATA_TEST_CASE(statement_11_the_term_is_in_the_cost_and_missed_when_it_is_left_out,
                     methods* data::make(all_terms()), m, term) {
  Tape tape;
  nn::DenseOptions options;
  options.regularizers = {{term.penalty, 0.7, term.convention}};
  const nn::RecordedCost r = seed_network(options).record(tape);
  const Result right = check_network(r, with_method(method_of(m)));
  BOOST_TEST(right);
  BOOST_TEST(right.cost > dtheta::test::seed_cost);

  const ParameterVector without = tape_gradient(seed_network().record(tape));
  const Result forgotten = check_other(r, without, with_method(method_of(m)));
  BOOST_TEST(accused(forgotten) == "W1 W2 W3 ");

  // The other way round, and under another convention: wrong in the same blocks.
  const nn::RecordedCost plain = seed_network().record(tape);
  BOOST_TEST(accused(check_other(plain, tape_gradient(r), with_method(method_of(m)))) ==
             "W1 W2 W3 ");
  options.regularizers[0].convention = term.convention == nn::Convention::lambda
                                           ? nn::Convention::lambda_over_m
                                           : nn::Convention::lambda;
  const nn::RecordedCost other = seed_network(options).record(tape);
  BOOST_TEST(accused(check_other(r, tape_gradient(other), with_method(method_of(m)))) ==
             "W1 W2 W3 ");
}

BOOST_DATA_TEST_CASE(statement_11_a_small_term_left_out_is_seen_by_the_adaptive_method,
                     data::make({1e-2, 1e-4, 1e-5}), lambda) {
  Tape tape;
  nn::DenseOptions options;
  options.regularizers = {{nn::Penalty::l2, lambda, nn::Convention::lambda_over_m}};
  const nn::RecordedCost r = seed_network(options).record(tape);
  const ParameterVector without = tape_gradient(seed_network().record(tape));
  BOOST_TEST(accused(check_other(r, without)) == "W1 W2 W3 ");
}

BOOST_DATA_TEST_CASE(statement_12_live_dropout_is_refused_with_the_reason_and_two_ways_on, methods,
                     m) {
  Tape tape;
  const nn::RecordedCost r = seed_network(with_dropout(0.6)).record(tape);
  BOOST_CHECK_EXCEPTION(static_cast<void>(check_network(r, with_method(method_of(m)))),
                        LiveDropoutError, [](const LiveDropoutError& e) {
                          const std::string text = e.what();
                          return text.find("draws new masks") != std::string::npos &&
                                 text.find("keep_prob = 1") != std::string::npos &&
                                 text.find("frozen masks") != std::string::npos;
                        });
  // Noise is refused for the same reason; a mask elsewhere on the tape is not in the way.
  const Var x = tape.leaf(Tensor(Shape{4}, {1.0, 2.0, 3.0, 4.0}));
  const std::vector<CheckedLeaf> leaves{{"x", 0, x}};
  const Var noisy = sum(square(x + normal_noise(tape, {4}, {1, 1})));
  BOOST_CHECK_THROW(static_cast<void>(check_network(noisy, leaves)), LiveDropoutError);
  BOOST_TEST(check_network(sum(square(x)), leaves));
}

BOOST_DATA_TEST_CASE(statement_12_keep_prob_1_and_frozen_masks_pass, methods, m) {
  Tape tape;
  const nn::RecordedCost all_kept = seed_network(with_dropout(1)).record(tape);
  const Result without = check_network(all_kept, with_method(method_of(m)));
  BOOST_TEST(without);
  BOOST_TEST(std::abs(without.cost - dtheta::test::seed_cost) <= 1e-14);
  double sum_of_costs = 0;
  for (std::uint32_t seed = 0; seed < 8; ++seed) {
    const nn::RecordedCost r = seed_network(with_dropout(0.6, seed)).record(tape);
    const Result result = check_network(r, frozen(method_of(m)));
    BOOST_TEST((result.verdict != Verdict::fail), "seed " << seed << "\n" << result);
    BOOST_TEST(result.deterministic);
    // The same J in another order of sums.
    BOOST_TEST(std::abs(result.cost - r.cost.item()) <= 16 * 0x1p-53 * result.cost);
    sum_of_costs += result.cost;
  }
  BOOST_TEST(sum_of_costs != 8 * without.cost);  // there were masks
}

BOOST_DATA_TEST_CASE(statement_12_a_mask_drawn_again_in_the_backward_pass_is_caught, methods, m) {
  Tape tape;
  nn::DenseOptions options = with_dropout(0.6);
  options.activations = {nn::Activation::tanh, nn::Activation::tanh, nn::Activation::identity};
  const nn::RecordedCost r = random_network({4, 8, 8, 2}, 6, options, 1).record(tape);
  BOOST_TEST(check_network(r, frozen(method_of(m))));
  options.key.seed = 4;
  const nn::RecordedCost again = random_network({4, 8, 8, 2}, 6, options, 1).record(tape);
  const Result result = check_other(r, tape_gradient(again), frozen(method_of(m)));
  BOOST_TEST((result.verdict == Verdict::fail));
}

BOOST_AUTO_TEST_CASE(statement_12_other_steps_draw_other_masks) {
  Tape tape;
  const nn::RecordedCost r = seed_network(with_dropout(0.6)).record(tape);
  Workspace<double> ws(Plan{r.cost});
  const auto cost_at = [&](Index step) {
    ws.index_leaf(tape.step())[0] = step;
    ws.run();
    return ws[r.cost][0];
  };
  BOOST_TEST(cost_at(0) == r.cost.item());
  // Nine hidden units and 4 examples: 36 masks are alike with probability 0.52^36.
  BOOST_TEST(cost_at(1) != cost_at(2));
}

namespace {

/// Plain gradient descent on the recorded cost, by replay.
std::function<void(ParameterVector&)> descend(const nn::RecordedCost& r, int steps) {
  return [&r, steps](ParameterVector& theta) {
    const std::vector<Var> leaves = nn::leaves_of(r.parameters);
    const std::vector<Var> gradient = grad(r.cost, leaves);
    PlanOptions options;
    for (std::size_t k = 0; k < leaves.size(); ++k) {
      options.updates.emplace_back(leaves[k], leaves[k] - 0.1 * gradient[k]);
    }
    Workspace<double> ws(Plan({r.cost}, options));
    for (int i = 0; i < steps; ++i) ws.run();
    for (std::size_t k = 0; k < leaves.size(); ++k) {
      std::ranges::copy(ws[leaves[k]], theta.values(r.parameters[k].name).begin());
    }
  };
}

}  // namespace

BOOST_DATA_TEST_CASE(statement_13_before_and_after_training_in_one_call, methods, m) {
  Tape tape;
  nn::DenseOptions options = with_dropout(0.9);
  options.regularizers = {{nn::Penalty::l2, 0.1, nn::Convention::lambda_over_2m}};
  options.activations = {nn::Activation::tanh, nn::Activation::softplus, nn::Activation::identity};
  const nn::RecordedCost r = random_network({3, 5, 4, 2}, 5, options, 2).record(tape);
  const std::vector<CheckedLeaf> leaves = checked_leaves(r.parameters);
  const BeforeAfter both =
      check_before_and_after(r.cost, leaves, descend(r, 50), frozen(method_of(m)));
  BOOST_TEST(both.initial, both.initial);
  BOOST_TEST((both.trained.verdict != Verdict::fail), both.trained);
  BOOST_TEST(both.trained.cost < 0.7 * both.initial.cost);
  BOOST_TEST(both.trained.analytic != both.initial.analytic);
}

BOOST_AUTO_TEST_CASE(statement_13_a_bug_that_only_training_uncovers) {
  // |x - 2| + |x| has the slope 0 at the start, between its corners, and 2 behind them; a gradient
  // that is always 0 is right only at first.
  Tape tape;
  const Var x = tape.leaf(Tensor(1.0), "x"), scale = tape.leaf(Tensor(1.0), "y");
  const Var cost = abs(x - 2) + abs(x) + square(scale);
  const std::vector<CheckedLeaf> leaves{{"x", 1, x}, {"y", 2, scale}};
  ParameterVector wrong;
  wrong.add("x", 1, {}, Values{0});
  wrong.add("y", 2, {}, Values{2});
  NetworkOptions options;
  options.gradient = &wrong;
  const BeforeAfter both = check_before_and_after(
      cost, leaves, [](ParameterVector& theta) { theta.values("x")[0] = 3; }, options);
  BOOST_TEST(both.initial);
  BOOST_TEST(accused(both.trained) == "x ");
  BOOST_TEST(!both);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::gradcheck::test
