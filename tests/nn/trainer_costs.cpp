// What a Trainer can be given to train: any columns, any cost, and what it refuses.

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>
#include <ostream>
#include <string>

#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/indexing.hpp"
#include "spiral.hpp"

namespace dtheta::nn::test {
namespace {

/// y = 2 a - 3 b + 1, of two inputs apart.
Table plane(Index count) {
  const Tensor a = uniform({count, 1}, -1, 1, {3, 1}), b = uniform({count, 1}, -1, 1, {3, 2});
  Tensor y(Shape{count, 1});
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    y.data<double>()[i] = 2 * a.data<double>()[i] - 3 * b.data<double>()[i] + 1;
  }
  return {{"a", a}, {"b", b}, {"target", y}};
}

/// A model of two inputs: no layer, as its forward takes more than one Var.
struct TwoInputs {
  Linear a{1, 1}, b{1, 1, {.bias = false}};
  void fields(Fields& f) { f("a", a)("b", b); }
  [[nodiscard]] Var forward(Recording& r, Var x, Var y) const { return r(a, x) + r(b, y); }
};

/// Token ids (examples, time) to logits (examples, time, ids): a table of rows alone.
struct TokenTable {
  Parameter rows = to_draw("rows", Shape{4, 4},
                           [](const Shape& s, RandomKey k) { return normal(s, 0, 0.1, k); });
  void fields(Fields& f) { f("rows", rows); }
  [[nodiscard]] Var forward(Recording& r, Var ids) const { return embedding(r(rows), ids); }
};

/// After i comes i + 1, of four.
Table counting(Index count) {
  Tensor ids(Shape{count, 3}, DType::int64), next(Shape{count, 3}, DType::int64);
  for (Index i = 0; i < 3 * count; ++i) {
    ids.data<Index>()[static_cast<std::size_t>(i)] = i % 4;
    next.data<Index>()[static_cast<std::size_t>(i)] = (i + 1) % 4;
  }
  return {{"input", ids}, {"target", next}};
}

TrainerOptions of(Optimizer optimizer, Index batch) {
  TrainerOptions options = quiet(std::move(optimizer));
  options.batch_size = batch;
  return options;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(trainer_costs)

BOOST_DATA_TEST_CASE(a_line_is_fitted_with_every_loss_of_values,
                     boost::unit_test::data::make({"mse", "l1", "huber"})) {
  const Table columns = plane(64);
  Table data{{"input", columns["a"]}, {"target", columns["a"]}};
  Sequential model{Linear(1, 1)};
  initialize(model, 1);
  TrainerOptions options = of(Adam{.learning_rate = 0.02}, 16);
  options.loss = parse_loss(sample);
  options.validation = data;
  options.metrics = {metric::mse(), metric::r2()};
  Trainer trainer(model, data, options);
  trainer.fit(150);
  // Adam's steps end up as large as its rate, times what its bias leaves.
  BOOST_TEST(trainer.history().back()["MSE"] < 1e-3);
  BOOST_TEST(trainer.history().back()["R2"] > 0.99);
  BOOST_TEST(trainer.history().back()["cost"] < 0.02);
}

BOOST_AUTO_TEST_CASE(a_cost_of_ones_own_takes_several_inputs) {
  const Table data = plane(64);
  TwoInputs model;
  initialize(model, 1);
  TrainerOptions options = of(Sgd{.learning_rate = 0.3}, 32);
  options.cost = [&](Recording& r, const RecordedBatch& batch) -> CostAndOutput {
    const Var said = r(model, batch["a"], batch["b"]);
    return {mean(square(said - batch["target"])), said};
  };
  Trainer trainer(model, data, options);
  const TrainingReport report = trainer.fit(200);
  BOOST_TEST(report.epochs.back().cost < 1e-6);
  BOOST_TEST(std::abs(model.a.weight().item() - 2) < 1e-3);
  BOOST_TEST(std::abs(model.b.weight().item() + 3) < 1e-3);
  const std::vector<Metric> metrics{metric::mse()};
  const auto values = trainer.evaluate(data, metrics);
  // The cost of all in float, a batch at a time, and the same by the metric in double.
  BOOST_TEST(std::abs(values[0].value - values[1].value) < 1e-6);
  const Tensor said = trainer.predict(data);
  BOOST_TEST((said.shape() == Shape{64, 1}));
  BOOST_TEST(std::abs(static_cast<double>(said.data<float>()[5]) -
                      data["target"].data<double>()[5]) < 1e-2);
}

BOOST_AUTO_TEST_CASE(tokens_have_labels_of_their_own) {
  const Table data = counting(40);
  TokenTable model;
  initialize(model, 1);
  TrainerOptions options = of(Adam{.learning_rate = 0.1}, 8);
  options.validation_split = 0.2;
  options.metrics = {metric::accuracy(), metric::perplexity()};
  Trainer trainer(model, data, options);
  trainer.fit(60);
  BOOST_TEST(trainer.steps_per_epoch() == 4);  // of 32 that are not kept
  BOOST_TEST(trainer.history().back()["accuracy"] == 1.0);
  BOOST_TEST(trainer.history().back()["perplexity"] < 1.05);
  // The mean of -log p is the cost: perplexity is its exponential, to float's rounding.
  BOOST_TEST(std::abs(std::log(trainer.history().back()["perplexity"]) -
                      trainer.history().back()["validation cost"]) < 1e-5);
}

BOOST_AUTO_TEST_CASE(a_cost_without_output_trains_and_says_what_it_cannot) {
  const Table data = plane(32);
  TwoInputs model;
  initialize(model, 1);
  TrainerOptions options = of(Sgd{.learning_rate = 0.3}, 32);
  options.cost = [&](Recording& r, const RecordedBatch& batch) {
    return CostAndOutput(mean(square(r(model, batch["a"], batch["b"]) - batch["target"])));
  };
  Trainer trainer(model, data, options);
  const double first = trainer.run_epoch().cost;
  BOOST_TEST(trainer.run_epoch().cost < first);
  BOOST_CHECK_THROW(static_cast<void>(trainer.predict(data)), StateError);
  const std::vector<Metric> metrics{metric::mse()};
  BOOST_CHECK_THROW(static_cast<void>(trainer.evaluate(data, metrics)), StateError);
  BOOST_TEST(trainer.evaluate(data).front().name == "cost");
}

BOOST_AUTO_TEST_CASE(reals_of_either_width_are_the_same_data) {
  const Dataset wide = spiral(40);
  const Dataset narrow{wide.inputs.to(DType::float32), wide.labels};
  const auto train = [](const Dataset& data) {
    Sequential model = spiral_model();
    Trainer(model, data, quiet(Adam{})).fit(2);
    return values_of(model);
  };
  BOOST_TEST((train(wide) == train(narrow)));
}

namespace {

struct Refusal {
  std::string name;
  std::function<void(Table&, TrainerOptions&)> change;
  std::string message;
};
std::ostream& operator<<(std::ostream& out, const Refusal& r) { return out << r.name; }

Table small() {
  return {{"input", uniform({12, 2}, -1, 1, {3, 1})},
          {"target",
           Tensor(Shape{12}, std::initializer_list<Index>{0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2})}};
}

const std::vector<Refusal>& refusals() {
  static const std::vector<Refusal> all{
      {"real labels",
       [](Table& t, TrainerOptions&) {
         t = {{"input", t["input"]}, {"target", Tensor(Shape{12})}};
       },
       "cost: cross_entropy_with_logits of an output (4, 3) takes a class for each, int64 (4), or "
       "probabilities (4, 3); the targets are real (4)"},
      {"labels of the wrong shape",
       [](Table& t, TrainerOptions&) {
         t = {{"input", t["input"]}, {"target", t["target"].reshaped({12, 1})}};
       },
       "cost: cross_entropy_with_logits of an output (4, 3) takes a class for each, int64 (4), or "
       "probabilities (4, 3); the targets are int64 (4, 1)"},
      {"classes for values", [](Table&, TrainerOptions& o) { o.loss = Loss::mse; },
       "cost: mse takes real targets, these are int64 (4)"},
      {"values of another shape",
       [](Table& t, TrainerOptions& o) {
         t = {{"input", t["input"]}, {"target", Tensor(Shape{12})}};
         o.loss = Loss::mse;
       },
       "mse: targets (4) do not have the shape (4, 3) of the predictions"},
      {"a label out of range",
       [](Table& t, TrainerOptions&) {
         Tensor labels = t["target"];
         labels.data<Index>()[7] = 3;
         t = {{"input", t["input"]}, {"target", labels}};
       },
       "trainer: label 3 of row 7 is outside [0, 3)"},
      {"nan among the inputs",
       [](Table& t, TrainerOptions&) {
         Tensor x = t["input"];
         x.data<double>()[9] = NAN;
         t = {{"input", x}, {"target", t["target"]}};
       },
       "table: element 1 of row 4 of column 'input' is nan, must be finite"},
      {"no target",
       [](Table& t, TrainerOptions&) {
         t = Table{{"input", t["input"]}};
       },
       "table: there is no column 'target'; there are input"},
      {"no data", [](Table& t, TrainerOptions&) { t = Table(); },
       "trainer: inputs hold no examples"},
      {"a batch larger than the data", [](Table&, TrainerOptions& o) { o.batch_size = 13; },
       "batches: 12 examples do not fill one batch of 13"},
      {"a batch larger than what a split leaves",
       [](Table&, TrainerOptions& o) {
         o.batch_size = 12;
         o.validation_split = 0.25;
       },
       "batches: 9 examples do not fill one batch of 12"},
      {"micro-batches that do not divide", [](Table&, TrainerOptions& o) { o.micro_batches = 3; },
       "trainer: 3 micro-batches do not divide a batch of 4"},
      {"early stopping on nothing", [](Table&, TrainerOptions& o) { o.early_stopping.emplace(); },
       "trainer: early stopping watches 'validation cost'; there are cost, as there are no "
       "validation examples"},
      {"a plateau of what is not measured",
       [](Table&, TrainerOptions& o) {
         o.validation_split = 0.25;
         o.plateau = PlateauSchedule{.watch = "accuracy"};
       },
       "trainer: the plateau schedule watches 'accuracy'; there are cost, validation cost"},
      {"two metrics of one name",
       [](Table&, TrainerOptions& o) {
         o.metrics = {metric::accuracy(), metric::accuracy()};
       },
       "trainer: two metrics are called 'accuracy'"},
      {"a group of nobody", [](Table&, TrainerOptions& o) { o.groups = {{"decoder"}}; },
       "trainer: no parameter belongs to the group 'decoder'; there are 0.weight, 0.bias"},
      {"an average that never forgets", [](Table&, TrainerOptions& o) { o.average_decay = 1; },
       "trainer: average_decay 1 is outside [0, 1)"},
      {"no threads", [](Table&, TrainerOptions& o) { o.threads = 0; },
       "trainer: 0 threads, need at least 1"},
      {"a cost for each example",
       [](Table&, TrainerOptions& o) {
         o.cost = [](Recording&, const RecordedBatch& b) { return CostAndOutput(b["input"]); };
       },
       "record_cost: the cost must be one real number, the cost function recorded real (4, 2): "
       "take the mean over the examples"},
      {"a column that is not there",
       [](Table&, TrainerOptions& o) {
         o.cost = [](Recording&, const RecordedBatch& b) { return CostAndOutput(b["image"]); };
       },
       "batch: there is no column 'image'; there are input, target"},
      {"a cost that does not use the model",
       [](Table&, TrainerOptions& o) {
         o.cost = [](Recording&, const RecordedBatch& b) {
           return CostAndOutput(mean(b["input"]));
         };
       },
       "trainer: the cost uses none of the model's parameters, 0.weight, 0.bias: call the model in "
       "it"},
  };
  return all;
}

template <class F>
std::string what(F f) {
  try {
    f();
  } catch (const std::exception& e) {
    return e.what();
  }
  return "accepted";
}

}  // namespace

BOOST_DATA_TEST_CASE(what_cannot_be_trained_says_why, refusals()) {
  Table data = small();
  TrainerOptions options = of(Sgd{}, 4);
  sample.change(data, options);
  Sequential model{Linear(2, 3)};
  initialize(model, 1);
  const std::string said = what([&] { Trainer(model, data, options); });
  BOOST_TEST(said.substr(0, said.find("\n  in layer")) == sample.message);
}

BOOST_AUTO_TEST_CASE(models_that_cannot_be_trained_say_why) {
  const Table data = small();
  const auto refusal = [&](auto& model, bool drawn = true) {
    if (drawn) initialize(model, 1);
    return what([&] { Trainer(model, data, of(Sgd{}, 4)); });
  };
  Sequential nothing{Activation::relu};
  BOOST_TEST(refusal(nothing) == "trainer: the model has no parameters: there is nothing to train");
  Sequential not_drawn{Linear(2, 3)};
  BOOST_TEST(
      refusal(not_drawn, false)
          .starts_with(
              "recording: 0.weight has no values yet: call initialize(model, seed), or load them"));
  Sequential frozen{Linear(2, 3)};
  initialize(frozen, 1);
  freeze(frozen, "");
  BOOST_TEST(refusal(frozen) ==
             "trainer: all 2 parameters that the cost uses are frozen: there is nothing to train");
  struct Forgetful {
    Linear used{2, 3}, forgotten{2, 3};
    void fields(Fields& f) { f("used", used)("forgotten", forgotten); }
    [[nodiscard]] Var forward(Recording& r, Var x) const { return r(used, x); }
  } forgetful;
  BOOST_TEST(refusal(forgetful) ==
             "trainer: the model lists forgotten.weight, forgotten.bias, which the cost does not "
             "use: call the layer in forward, or leave it out of fields()");
  TwoInputs two;
  BOOST_TEST(refusal(two) ==
             "model: the forward of TwoInputs does not take one Var: give a cost function that "
             "calls it");
}

BOOST_AUTO_TEST_CASE(validation_data_that_do_not_fit_are_refused_before_an_epoch) {
  const Table data = small();
  Sequential model{Linear(2, 3)};
  initialize(model, 1);
  const auto refusal = [&](const Table& validation) {
    TrainerOptions options = of(Sgd{}, 4);
    options.validation = validation;
    return what([&] { Trainer(model, data, options); });
  };
  BOOST_TEST(refusal(data) == "accepted");
  BOOST_TEST(refusal({{"input", Tensor(Shape{5, 2})}}) ==
             "trainer: the validation data have no column 'target', as those to train on do");
  BOOST_TEST(
      refusal({{"input", Tensor(Shape{5, 3})}, {"target", Tensor(Shape{5}, DType::int64)}}) ==
      "trainer: column 'input' is (12, 2) to train on and (5, 3) to validate: their examples "
      "differ");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
