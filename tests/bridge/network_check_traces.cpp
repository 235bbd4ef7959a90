// What a check leaves behind (nothing), how it evaluates (by parts, in threads, in double), and
// that training makes none by itself.
#include <algorithm>
#include <atomic>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <memory>
#include <random>

#include "autodiff/elementwise.hpp"
#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/workspace.hpp"
#include "gradcheck/bridge/probes/replay_probes.hpp"
#include "networks.hpp"
#include "nn/layers/linear.hpp"
#include "nn/layers/sequential.hpp"
#include "nn/train/trainer.hpp"

namespace dtheta::gradcheck::test {
namespace {

namespace data = boost::unit_test::data;
const auto methods = data::make({0, 1});
Method method_of(int m) { return m == 0 ? Method::textbook : Method::adaptive; }

/// Large enough that batches are shared among threads.
nn::DenseNetwork wide_network(double keep_prob = 1) {
  using enum nn::Activation;
  nn::DenseOptions options{.activations = {tanh, relu, identity}, .keep_prob = keep_prob};
  options.regularizers = {{nn::Penalty::l2, 0.1, nn::Convention::lambda_over_m}};
  return random_network({12, 16, 9, 3}, 8, options, 21);
}

/// x, and a count of how often the kernel ran over it.
struct Counted : Unary<Counted> {
  static constexpr OpInfo info{.name = "counted"};
  static constexpr Domain domain{-2, 2};
  static inline std::atomic<long> elements{0};
  template <class T>
  static T value(T x) {
    ++elements;
    return x;
  }
  static Var slope(Var x, Var) { return x.tape().constant(1.0); }
};

struct CountedLayer {
  [[nodiscard]] Var forward(nn::Recording&, Var x) const { return apply<Counted>(x); }
};

std::vector<std::byte> bytes_of(const Tape& tape, std::uint32_t count) {
  std::vector<std::byte> all;
  for (std::uint32_t i = 0; i < count; ++i) {
    const Tensor value = tape.value(i);
    const auto* first = static_cast<const std::byte*>(value.bytes());
    all.insert(all.end(), first,
               first + static_cast<std::size_t>(value.size()) * size_of(value.dtype()));
  }
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(network_check_traces)

BOOST_DATA_TEST_CASE(theta_and_every_recorded_value_keep_their_bytes,
                     methods* data::make({false, true}), m, narrow) {
  Tape tape(narrow ? DType::float32 : DType::float64);
  const nn::RecordedCost r = wide_network(0.8).record(tape);
  const std::vector<CheckedLeaf> leaves = checked_leaves(r.parameters);
  const std::uint32_t recorded = tape.size();
  const std::vector<std::byte> before = bytes_of(tape, recorded);
  ParameterVector theta = parameters_of(leaves);
  theta.values()[5] += 0.25;
  const Values theta_before(theta.values().begin(), theta.values().end());
  NetworkOptions options = with_method(method_of(m));
  options.frozen_masks = true;
  options.theta = &theta;
  options.threads = 2;
  const Result first = check_network(r.cost, leaves, options);
  BOOST_TEST((bytes_of(tape, recorded) == before));
  BOOST_TEST(same_bits(theta.values(), theta_before));
  BOOST_TEST(tape.guards().empty());
  // Nothing that a second check could see.
  const Result second = check_network(r.cost, leaves, options);
  BOOST_TEST(same_bits(first.numeric, second.numeric));
  BOOST_TEST(same_bits(first.analytic, second.analytic));
  BOOST_TEST(first.cost == second.cost);
}

BOOST_DATA_TEST_CASE(two_threads_give_the_bits_of_one, methods* data::make({2, 3, 8}), m, threads) {
  Tape tape;
  const nn::RecordedCost r = wide_network().record(tape);
  NetworkOptions options = with_method(method_of(m));
  const Result alone = check_network(r, options);
  options.threads = static_cast<unsigned>(threads);
  const Result shared = check_network(r, options);
  BOOST_TEST(same_bits(alone.numeric, shared.numeric));
  BOOST_TEST(same_bits(alone.bar, shared.bar));
  BOOST_TEST(alone.evaluations == shared.evaluations);
  BOOST_TEST((alone.verdict == shared.verdict));
  BOOST_TEST((alone.verdict != Verdict::fail));
}

BOOST_DATA_TEST_CASE(probes_by_partial_replay_have_the_bits_of_a_full_one, data::make({1u, 2u}),
                     threads) {
  Tape tape;
  const nn::RecordedCost r = wide_network(0.7).record(tape);
  const std::vector<Var> leaves = nn::leaves_of(r.parameters);
  const ParameterVector theta = parameters_of(checked_leaves(r.parameters));
  // In an order that jumps between the blocks, some entries twice, some at their own value.
  std::mt19937 random(1);
  std::vector<Probe> probes;
  for (int i = 0; i < 400; ++i) {
    const std::size_t at = random() % theta.size();
    const double move = i % 7 == 0 ? 0.0 : i % 2 == 0 ? 1e-7 : -0.5;
    probes.push_back({at, theta.values()[at] + move});
  }
  Values answers(probes.size());
  ReplayProbes partial(r.cost, leaves, {}, threads);
  partial(probes, answers);

  Workspace<double> full(Plan{r.cost});
  std::size_t different = 0;
  for (std::size_t i = 0; i < probes.size(); ++i) {
    std::size_t at = probes[i].index, leaf = 0;
    while (at >= static_cast<std::size_t>(leaves[leaf].size())) {
      at -= static_cast<std::size_t>(leaves[leaf++].size());
    }
    double& entry = full.leaf(leaves[leaf])[at];
    const double before = entry;
    entry = probes[i].value;
    full.run();
    entry = before;
    BOOST_TEST(answers[i] == full[r.cost][0]);
    different += answers[i] != r.cost.item() ? 1U : 0U;
  }
  BOOST_TEST(different > 300u);
}

BOOST_AUTO_TEST_CASE(only_what_depends_on_the_moved_parameter_runs_again) {
  Tape tape;
  const Var x = tape.constant(nn::normal({3, 4}, 0, 1, {5, 0}));
  const Var w1 = tape.leaf(nn::normal({3, 3}, 0, 1, {5, 1}));
  const Var w2 = tape.leaf(nn::normal({2, 3}, 0, 1, {5, 2}));
  const Var cost = sum(square(matmul(w2, apply<Counted>(tanh(matmul(w1, x))))));
  ReplayProbes probes(cost, std::vector<Var>{w1, w2});
  const auto cost_of = [&](std::size_t index) {
    const Probe probe{index, 0.25};
    double answer = 0;
    const long before = Counted::elements;
    probes(std::span(&probe, 1), std::span(&answer, 1));
    return Counted::elements - before;
  };
  BOOST_TEST(cost_of(3) == 12);  // W1 is below: all of its 3 x 4
  BOOST_TEST(cost_of(4) == 12);
  BOOST_TEST(cost_of(9) == 12);  // W2 is above, but W1 must go back first
  for (std::size_t i = 9; i < 15; ++i) BOOST_TEST(cost_of(i) == 0);
}

BOOST_DATA_TEST_CASE(a_float32_tape_is_checked_in_double, methods, m) {
  Tape narrow(DType::float32), wide;
  const nn::DenseNetwork network = wide_network();
  const nn::RecordedCost r = network.record(narrow), same = network.record(wide);
  // θ and data of the float32 tape, the cost in double.
  const std::vector<CheckedLeaf> leaves = checked_leaves(r.parameters);
  Workspace<double> ws(Plan{same.cost});
  for (std::size_t p = 0; p < leaves.size(); ++p) {
    ws.set(same.parameters[p].var, leaves[p].leaf.value().to(DType::float64));
  }
  ws.set(same.input, r.input.value().to(DType::float64));
  ws.set(same.target, r.target.value().to(DType::float64));
  ws.run();
  NetworkOptions options = with_method(method_of(m));
  options.tolerance = 1e-5;  // a float gradient has no more digits than 2^-24 and some roundings
  const Result result = check_network(r, options);
  // Sums in another order: some dozen roundings of terms of one sign, in double.
  BOOST_TEST(std::abs(result.cost - ws[same.cost][0]) <= 64 * 0x1p-53 * result.cost);
  BOOST_TEST(std::abs(result.cost - r.cost.item()) > 64 * 0x1p-53 * result.cost);
  if (m == 1) BOOST_TEST(result);
  if (m == 1) BOOST_TEST((check_network(r).verdict != Verdict::fail));
  // A float gradient: a few roundings of 2^-24, relative to the whole.
  BOOST_TEST(result.difference.value <= 1e-5);
  BOOST_TEST(result.difference.value > 1e-9);

  ParameterVector wrong = tape_gradient(r);
  for (double& g : wrong.values("W2")) g *= 1 + 1e-3;
  BOOST_TEST(accused(check_other(r, wrong, options)) == "W2 ");
}

BOOST_AUTO_TEST_CASE(a_branch_that_a_probe_crosses_is_an_edge_that_is_named) {
  // 200 entries, so that the batch is shared; one of them so near the branch that a step crosses
  // it.
  for (const unsigned threads : {1u, 2u}) {
    Tape tape;
    const Var x = tape.leaf(Tensor(1e-9), "x"), w = tape.leaf(nn::normal({200}, 0, 1, {1, 1}), "w");
    const Var cost = x > 0 ? sum(square(w)) * (1 + x) : sum(square(w)) * (1 - x);
    const std::vector<CheckedLeaf> leaves{{"x", 1, x}, {"w", 2, w}};
    NetworkOptions options = with_method(Method::textbook);
    options.threads = threads;
    // The textbook method has no step that stays on one side: it has no number there, and says why.
    const Result textbook = check_network(cost, leaves, options);
    BOOST_TEST((textbook.verdict != Verdict::pass));
    BOOST_TEST(textbook.block("w").difference.value < 1e-6);
    const auto names_it = [](const std::string& note) {
      return note.find("the branch recorded at") != std::string::npos;
    };
    BOOST_TEST(std::ranges::count_if(textbook.notes, names_it) == 1);
    options.method = Method::adaptive;
    BOOST_TEST(check_network(cost, leaves, options));
  }
}

namespace {

/// Four points of two classes, and a small network with a counting layer in it.
struct Training {
  nn::Dataset points;
  nn::Sequential model;

  Training() : points{nn::normal({24, 3}, 0, 1, {6, 0}), Tensor(Shape{24}, DType::int64)} {
    for (std::size_t i = 0; i < 24; ++i) points.labels.data<Index>()[i] = i % 2 == 0 ? 0 : 1;
    model.add(nn::Linear(3, 5, {6, 1})).add(CountedLayer{}).add(nn::Activation::tanh);
    model.add(nn::Linear(5, 2, {6, 2}));
  }
  std::vector<Tensor> run(const nn::StepHook& hook) {
    nn::TrainerOptions options{.batch_size = 8, .optimizer = nn::Adam{}};
    options.hook = hook;
    options.progress = false;
    nn::Trainer trainer(model, points, options);
    Counted::elements = 0;
    trainer.fit(4);
    std::vector<Tensor> parameters;
    for (const nn::Parameter* p : nn::parameters_of(model)) parameters.push_back(p->value);
    return parameters;
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(statement_14_training_checks_nothing_unless_asked) {
  constexpr long forward = 12 * 8 * 5;  // 12 steps of 8 examples of 5 hidden units
  const std::vector<Tensor> without = Training().run({});
  BOOST_TEST(Counted::elements == forward);

  int asked = 0;
  const std::vector<Tensor> never =
      Training().run({.at = [&](Index) { return ++asked < 0; }, .run = [](const nn::Trainer&) {}});
  BOOST_TEST(asked == 12);
  BOOST_TEST(Counted::elements == forward);
  BOOST_TEST((never == without));

  // Asked for at two of the steps: two checks, on a tape of their own, and the same training.
  std::vector<Result> results;
  Training training;
  const auto check = [&](const nn::Trainer& t) {
    Tape tape;
    nn::Recording recording(tape, nn::fields_of(training.model));
    const Var input = tape.leaf(t.workspace().tensor(t.recorded().cost.input));
    const Var target = tape.leaf(t.workspace().tensor(t.recorded().cost.target));
    const Var output = training.model.forward(recording, input);
    const Var cost = nn::loss(nn::Loss::cross_entropy_with_logits, output, target);
    const std::vector<CheckedLeaf> leaves = checked_leaves(recording.parameters());
    ParameterVector theta = parameters_of(leaves);
    for (const nn::RecordedParameter& p : t.recorded().cost.parameters) {
      std::ranges::copy(t.workspace()[p.var], theta.values(p.name).begin());
    }
    NetworkOptions options;
    options.theta = &theta;
    results.push_back(check_network(cost, leaves, options));
  };
  const std::vector<Tensor> with =
      training.run({.at = [](Index step) { return step == 0 || step == 7; }, .run = check});
  BOOST_TEST(results.size() == 2u);
  for (const Result& result : results) BOOST_TEST(result);
  BOOST_TEST(results[0].cost != results[1].cost);
  BOOST_TEST(Counted::elements > 2 * forward);
  BOOST_TEST((with == without));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::gradcheck::test
