#include "nn/train/trainer.hpp"
#include "nn/layers/sequential.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "autodiff/errors.hpp"
#include "autodiff/grad.hpp"
#include "data/files.hpp"
#include "nn/layers/linear.hpp"
#include "nn/schedule.hpp"
#include "nn/train/evaluator.hpp"
#include "nn/train/progress.hpp"
#include "spiral.hpp"

namespace dtheta::nn::test {
namespace {

Dataset exclusive_or() {
  return {.inputs = Tensor(Shape{4, 2}, {0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0}),
          .labels = Tensor(Shape{4}, std::initializer_list<Index>{0, 1, 1, 0})};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(trainer)

BOOST_AUTO_TEST_CASE(exclusive_or_is_learned) {
  const Dataset data = exclusive_or();
  for (const Loss loss : {Loss::binary_cross_entropy_with_logits, Loss::binary_cross_entropy}) {
    Sequential model{Linear(2, 8, {3, 0}), Activation::tanh, Linear(8, 1, {3, 1})};
    if (loss == Loss::binary_cross_entropy) model.add(Activation::sigmoid);
    TrainerOptions options = quiet(Adam{.learning_rate = 0.05});
    options.batch_size = 4;
    options.loss = loss;
    Trainer trainer(model, data, options);
    double cost = 0;
    trainer.fit(300, [&](const EpochReport& r) { cost = r.cost; });
    BOOST_TEST(cost < 0.01);
    BOOST_TEST(trainer.accuracy(data) == 1.0);
  }
}

BOOST_AUTO_TEST_CASE(a_spiral_is_learned) {
  const Dataset data = spiral(100), other = spiral(57);
  Sequential model = spiral_model();
  TrainerOptions options = quiet(Sgd{.learning_rate = 0.3, .momentum = 0.9});
  options.regularizers = {{Penalty::l2, 0.05, Convention::lambda_over_2m}};
  Trainer trainer(model, data, options);
  std::vector<EpochReport> reports;
  trainer.fit(150, [&](const EpochReport& r) { reports.push_back(r); });
  BOOST_TEST(reports.size() == 150u);
  BOOST_TEST(reports.back().epoch == 150);
  BOOST_TEST(reports.back().steps == 10);
  BOOST_TEST(reports.back().cost < 0.15);
  BOOST_TEST(reports.front().cost > 0.6);
  // 171 examples: the last batch of the evaluation is not full.
  BOOST_TEST(trainer.accuracy(other) > 0.97);
  // The parameters have flowed back: a new evaluation of the model agrees.
  BOOST_TEST(Evaluator(model, {2}).accuracy(other) == trainer.accuracy(other));
}

BOOST_AUTO_TEST_CASE(the_seed_alone_decides_the_outcome) {
  const Dataset data = spiral(50);
  const auto train = [&](std::uint64_t seed) {
    Sequential model = spiral_model(0.8);
    TrainerOptions options = quiet(Adam{});
    options.seed = seed;
    Trainer(model, data, options).fit(3);
    return values_of(model);
  };
  const std::vector<Tensor> once = train(1);
  BOOST_TEST((train(1) == once));
  BOOST_TEST(!(train(2) == once));
}

BOOST_AUTO_TEST_CASE(statement_14_training_checks_nothing_unless_asked_and_is_the_same_if_it_does) {
  const Dataset data = spiral(50);
  const auto train = [&](const StepHook& hook) {
    Sequential model = spiral_model(0.8);
    TrainerOptions options = quiet(Adam{});
    options.hook = hook;
    Trainer(model, data, options).fit(4);
    return values_of(model);
  };
  const std::vector<Tensor> without = train({});
  std::vector<Index> steps;
  std::vector<double> costs, replayed;
  const std::vector<Tensor> with =
      train({.at = [](Index step) { return step % 7 == 3; },
             .run =
                 [&](const Trainer& t) {
                   steps.push_back(t.step());
                   // The step as it is about to be, replayed in double.
                   Workspace<double> ws(Plan({t.recorded().cost.cost}));
                   for (const Var leaf : t.leaves()) ws.set(leaf, t.workspace().tensor(leaf));
                   ws.run();
                   replayed.push_back(ws[t.recorded().cost.cost][0]);
                   Workspace<float> same(Plan({t.recorded().cost.cost}));
                   for (const Var leaf : t.leaves()) same.set(leaf, t.workspace().tensor(leaf));
                   same.run();
                   costs.push_back(static_cast<double>(same[t.recorded().cost.cost][0]));
                 }});
  BOOST_TEST((with == without));
  BOOST_TEST(steps == (std::vector<Index>{3, 10, 17}), boost::test_tools::per_element());
  for (std::size_t i = 0; i < costs.size(); ++i) {
    // Float against double: some sixty roundings of values of order one.
    BOOST_TEST(std::abs(costs[i] - replayed[i]) <= 64 * 0x1p-24);
  }
}

BOOST_AUTO_TEST_CASE(dropout_draws_anew_at_each_step_and_not_in_evaluation) {
  const Dataset data = spiral(50);
  Sequential model = spiral_model(0.5);
  TrainerOptions options = quiet(Sgd{.learning_rate = 0});
  options.batch_size = 150;
  Trainer trainer(model, data, options);
  const double first = trainer.run_epoch().cost, second = trainer.run_epoch().cost;
  // Nothing moved but the masks (and the order of the examples, which moves the sum by roundings).
  BOOST_TEST(std::abs(first - second) > 1e-4);
  BOOST_TEST(trainer.step() == 2);
  const double accuracy = trainer.accuracy(data);
  BOOST_TEST(trainer.accuracy(data) == accuracy);
}

BOOST_AUTO_TEST_CASE(the_learning_rate_follows_its_schedule) {
  const Dataset data = spiral(50);
  const auto train = [&](double rate, const std::function<double(Index)>& schedule, int epochs) {
    Sequential model = spiral_model();
    TrainerOptions options = quiet(Sgd{.learning_rate = rate});
    options.learning_rate = schedule;
    Trainer(model, data, options).fit(epochs);
    return values_of(model);
  };
  const std::vector<Tensor> five_steps = train(0.25, {}, 1);
  const auto until = [](Index step) { return step < 5 ? 0.25 : 0.0; };
  BOOST_TEST((train(9, until, 3) == five_steps));
  BOOST_TEST(!(train(0.25, {}, 3) == five_steps));
}

BOOST_AUTO_TEST_CASE(a_clipped_gradient_moves_the_parameters_by_its_norm) {
  const Dataset data = spiral(50);
  Sequential model = spiral_model();
  const std::vector<Tensor> before = values_of(model);
  TrainerOptions options = quiet(Sgd{.learning_rate = 1});
  options.batch_size = 150;
  options.max_gradient_norm = 1e-3;
  Trainer(model, data, options).fit(1);
  double squares = 0;
  const std::vector<Tensor> after = values_of(model);
  for (std::size_t p = 0; p < after.size(); ++p) {
    for (std::size_t i = 0; i < after[p].data<double>().size(); ++i) {
      const double start = static_cast<double>(static_cast<float>(before[p].data<double>()[i]));
      squares += std::pow(after[p].data<double>()[i] - start, 2);
    }
  }
  // 195 parameters of order one, each rounded by 2^-24 at most: sqrt(195) 2^-24 = 8e-7, and as the
  // factor is max / (norm + 1e-6), less by another 1e-6 of the norm at most.
  BOOST_TEST(std::abs(std::sqrt(squares) - 1e-3) <= 1e-6 + 8e-7);
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_refused) {
  const Dataset data = spiral(20);
  Sequential model = spiral_model();
  const auto trainer_for = [&](const Dataset& d, const TrainerOptions& options) {
    return [&] { return Trainer(model, d, options).step(); };
  };
  TrainerOptions options = quiet(Sgd{});
  options.loss = Loss::mse;
  BOOST_TEST(message<ValueError>(trainer_for(data, options)) ==
             "trainer: mse is not a loss of labels");
  options.loss = Loss::binary_cross_entropy;
  BOOST_TEST(
      message<ShapeError>(trainer_for(data, options)) ==
      "binary_cross_entropy: targets (30, 1) do not have the shape (30, 3) of the predictions");
  options = quiet(Sgd{});
  options.batch_size = 61;
  BOOST_TEST(message<ValueError>(trainer_for(data, options)) ==
             "batches: 60 examples do not fill one batch of 61");
  options = quiet(Sgd{});
  Dataset wrong = data;
  wrong.labels.data<Index>()[4] = 3;
  BOOST_TEST(message<ValueError>(trainer_for(wrong, options)) ==
             "dataset: label 3 of example 4 is outside [0, 3)");
  wrong = data;
  wrong.inputs.data<double>()[5] = NAN;
  BOOST_TEST(message<ValueError>(trainer_for(wrong, options)) ==
             "dataset: example 2, feature 1 is nan, inputs must be finite");
  Trainer trainer(model, data, options);
  BOOST_CHECK_THROW(static_cast<void>(trainer.accuracy({Tensor(Shape{5, 3}), data.labels})),
                    ShapeError);
}

BOOST_AUTO_TEST_CASE(a_progress_bar_is_silent_without_a_terminal) {
  const TempFolder folder;
  const std::string name = folder.file("log", {});
  std::FILE* file = std::fopen(name.c_str(), "w");
  BOOST_REQUIRE(file != nullptr);
  {
    ProgressBar bar("epoch 1", 10, 0, file);
    for (Index i = 0; i <= 10; ++i) bar.show(i, 0.5);
  }
  std::fclose(file);
  BOOST_TEST(std::filesystem::file_size(name) == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
