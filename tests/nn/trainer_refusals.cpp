// What a Trainer does not train, and what it says of it before the first step.

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "autodiff/ops/reduction/reduction.hpp"
#include "nn/lbfgs.hpp"
#include "nn/schedule.hpp"
#include "spiral.hpp"

namespace dtheta::nn::test {
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
      {"a share so small that no row validates",
       [](Table&, TrainerOptions& o) { o.validation_split = 0.01; },
       "trainer: validation_split 0.01 of 12 examples leaves none to validate"},
      {"a share so large that no row trains",
       [](Table&, TrainerOptions& o) { o.validation_split = 0.99; },
       "trainer: validation_split 0.99 of 12 examples leaves none to train on"},
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
      {"L-BFGS with a rate",
       [](Table&, TrainerOptions& o) {
         o.optimizer = Lbfgs{};
         o.learning_rate = schedule::Cosine{};
       },
       "trainer: L-BFGS finds the length of its steps by itself: it takes no learning_rate"},
      {"L-BFGS in parts",
       [](Table&, TrainerOptions& o) {
         o.optimizer = Lbfgs{};
         o.micro_batches = 2;
       },
       "trainer: L-BFGS finds the length of its steps by itself: it takes no micro_batches"},
      {"L-BFGS without memory", [](Table&, TrainerOptions& o) { o.optimizer = Lbfgs{.memory = 0}; },
       "lbfgs: memory 0 must be at least 1"},
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

BOOST_AUTO_TEST_SUITE(trainer_refusals)

BOOST_DATA_TEST_CASE(what_cannot_be_trained_says_why, refusals()) {
  Table data = small();
  TrainerOptions options = quiet(Sgd{}, 4);
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
    return what([&] { Trainer(model, data, quiet(Sgd{}, 4)); });
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
  struct TwoInputs {
    Linear a{1, 1}, b{1, 1};
    void fields(Fields& f) { f("a", a)("b", b); }
    [[nodiscard]] Var forward(Recording& r, Var x, Var y) const { return r(a, x) + r(b, y); }
  } two;
  BOOST_TEST(refusal(two) ==
             "model: the forward of TwoInputs does not take one Var: give a cost function that "
             "calls it");
}

BOOST_AUTO_TEST_CASE(validation_data_that_do_not_fit_are_refused_before_an_epoch) {
  const Table data = small();
  Sequential model{Linear(2, 3)};
  initialize(model, 1);
  const auto refusal = [&](const Table& validation) {
    TrainerOptions options = quiet(Sgd{}, 4);
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
