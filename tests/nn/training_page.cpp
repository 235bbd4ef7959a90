// The code of docs/training.md, compiled and run.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <span>
#include <vector>

#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "data/files.hpp"
#include "nn/schedule.hpp"
#include "spiral.hpp"

namespace dtheta::nn::test {
namespace {

/// One layer for both inputs; how far apart what it says of them is.
struct Twins {
  Linear side{3, 1};
  void fields(Fields& f) { f("side", side); }
  [[nodiscard]] Var forward(Recording& r, Var x, Var y) const { return r(side, x) - r(side, y); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(training_page)

BOOST_AUTO_TEST_CASE(the_first_lines_train) {
  const Dataset data = spiral(50);
  const TempFolder folder;
  nn::Sequential model{nn::Linear(2, 32), nn::Activation::relu, nn::Linear(32, 3)};
  nn::initialize(model, 1);

  nn::TrainerOptions options{.batch_size = 20, .optimizer = nn::Adam{.learning_rate = 0.02}};
  options.validation_split = 0.2;
  options.metrics = {nn::metric::accuracy()};
  nn::Trainer trainer(model, data, options);
  trainer.fit(30);
  BOOST_TEST(trainer.history().back()["accuracy"] > 0.8);

  const nn::Metric largest{
      .name = "largest output",
      .add =
          [](const Tensor& outputs, const nn::Table&, std::vector<double>& sums) {
            sums.resize(1);
            for (const float y : outputs.data<float>()) sums[0] = std::max(sums[0], double{y});
          },
      .value = [](std::span<const double> sums) { return sums[0]; }};
  BOOST_TEST(trainer.evaluate(data, std::vector{largest})[1].value > 1);

  std::vector<double> costs;
  options.groups = {{.path = "0", .rate_factor = 0.1}, {.path = "2.bias", .optimizer = nn::Sgd{}}};
  options.learning_rate = nn::schedule::WarmUp{nn::schedule::Cosine{0.02, 200}, 10};
  options.max_gradient_norm = 1;
  options.early_stopping = nn::EarlyStopping{.patience = 3, .watch = "accuracy"};
  options.csv = folder / "run.csv";
  options.curves = folder / "run.html";
  options.after_epoch = [&](const nn::EpochReport& e) { costs.push_back(e["validation cost"]); };
  nn::Trainer(model, data, options).fit(2);
  BOOST_TEST(costs.size() == 2u);
}

BOOST_AUTO_TEST_CASE(another_trainer_goes_on) {
  const Dataset data = spiral(50);
  Sequential model = stateful_model();
  Trainer trainer(model, data, quiet(Adam{})), again(model, data, quiet(Adam{}));
  trainer.run_step();
  const nn::TrainerState state = trainer.state();
  again.restore(state);
  BOOST_TEST(again.run_step().cost == trainer.run_step().cost);
}

BOOST_AUTO_TEST_CASE(pairs_are_trained_by_a_cost_of_ones_own) {
  const Tensor left = uniform({40, 3}, -1, 1, {1, 1}), right = uniform({40, 3}, -1, 1, {1, 2});
  Tensor same(Shape{40, 1});
  for (std::size_t i = 0; i < 40; ++i) {
    same.data<double>()[i] = left.data<double>()[3 * i] - right.data<double>()[3 * i];
  }
  nn::Table pairs{{"left", left}, {"right", right}, {"target", same}};
  Twins twins;
  initialize(twins, 1);
  freeze(twins, "side.bias");  // it falls out of the difference
  TrainerOptions options = quiet(Sgd{.learning_rate = 0.2});
  options.batch_size = 20;
  options.cost = [&](nn::Recording& r, const nn::RecordedBatch& batch) -> nn::CostAndOutput {
    const Var said = r(twins, batch["left"], batch["right"]);
    return {nn::loss(nn::Loss::mse, said, batch["target"]), said};
  };
  Trainer trainer(twins, pairs, options);
  BOOST_TEST(trainer.fit(200).epochs.back().cost < 1e-6);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
