// What a Trainer can be given to train: any columns, any cost.

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <vector>

#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/loss/losses_classification.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/indexing.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "nn/layers/embedding.hpp"
#include "nn/train/evaluator.hpp"
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

}  // namespace

BOOST_AUTO_TEST_SUITE(trainer_costs)

BOOST_DATA_TEST_CASE(a_line_is_fitted_with_every_loss_of_values,
                     boost::unit_test::data::make({"mse", "l1", "huber"})) {
  const Table columns = plane(64);
  Table data{{"input", columns["a"]}, {"target", columns["a"]}};
  Sequential model{Linear(1, 1)};
  initialize(model, 1);
  TrainerOptions options = quiet(Adam{.learning_rate = 0.02}, 16);
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
  TrainerOptions options = quiet(Sgd{.learning_rate = 0.3}, 32);
  options.cost = [&](Recording& r, const RecordedBatch& batch) -> CostAndOutput {
    const Var said = r(model, batch["a"], batch["b"]);
    return {mean(square(said - batch["target"])), said};
  };
  Trainer trainer(model, data, options);
  const TrainingReport report = trainer.fit(200);
  BOOST_TEST(report.epochs.back().cost < 1e-6);
  BOOST_TEST(std::abs(model.a.weight().item() - 2) < 1e-3);
  BOOST_TEST(std::abs(model.b.weight().item() + 3) < 1e-3);
  const auto values = trainer.evaluate(data, {metric::mse()});
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
  TrainerOptions options = quiet(Adam{.learning_rate = 0.1}, 8);
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

BOOST_AUTO_TEST_CASE(positions_without_a_label_are_left_out) {
  const Table whole = counting(40);
  Tensor targets = whole["target"];
  // Some say nothing and others would be wrong if they were looked at.
  for (Index i = 0; i < targets.size(); i += 3) {
    targets.data<Index>()[static_cast<std::size_t>(i)] = ignored_label;
  }
  const Table data{{"input", whole["input"]}, {"target", targets}};
  TokenTable model;
  initialize(model, 1);
  TrainerOptions options = quiet(Adam{.learning_rate = 0.1}, 8);
  options.validation = data;
  options.metrics = {metric::accuracy(), metric::perplexity()};
  Trainer trainer(model, data, options);
  trainer.fit(60);
  const EpochReport& last = trainer.history().back();
  BOOST_TEST(last["accuracy"] == 1.0);
  // The mean of -log p over the positions that count: each batch has equally many of them.
  BOOST_TEST(std::abs(std::log(last["perplexity"]) - last["validation cost"]) < 1e-5);
  // Another loss has no such label, nor has another number.
  options.loss = Loss::cross_entropy;
  BOOST_CHECK_THROW(Trainer(model, data, options), ValueError);
  targets.data<Index>()[0] = -1;
  const Table wrong{{"input", whole["input"]}, {"target", targets}};
  BOOST_CHECK_THROW(Trainer(model, wrong, quiet(Adam{}, 8)), ValueError);
}

BOOST_AUTO_TEST_CASE(a_token_that_is_none_is_told_with_its_layer_and_line) {
  const Table whole = counting(40);
  Tensor ids = whole["input"];
  ids.data<Index>()[100] = 4;
  const Table data{{"input", ids}, {"target", whole["target"]}};
  Sequential model{Embedding(4, 3), Linear(3, 4)};
  initialize(model, 1);
  // Whichever step meets it: the first is told when it is recorded.
  BOOST_CHECK_EXCEPTION(
      Trainer(model, data, quiet(Adam{}, 8)).fit(2), ValueError, [](const auto& e) {
        const std::string text = e.what();
        BOOST_TEST(text.find("embedding: index 4 at position ") == 0U, text);
        BOOST_TEST(
            text.find("is out of range for 4 elements\n  in take (record ") != std::string::npos,
            text);
        BOOST_TEST(text.find("in layer 0 (Embedding), at step ") != std::string::npos, text);
        return text.find("embedding.cpp:") != std::string::npos;
      });
}

BOOST_AUTO_TEST_CASE(an_evaluation_tells_the_layer_of_a_token_that_is_none_and_the_rows) {
  const Table whole = counting(600);
  Tensor ids = whole["input"];
  Sequential model{Embedding(4, 3), Linear(3, 4)};
  initialize(model, 1);
  Evaluator evaluator(model, {3}, {.inputs = DType::int64, .batch_size = 256});
  BOOST_CHECK_NO_THROW(static_cast<void>(evaluator.predict(ids)));
  ids.data<Index>()[3 * 300] = 4;
  BOOST_CHECK_EXCEPTION(
      static_cast<void>(evaluator.predict(ids)), ValueError, [](const ValueError& e) {
        const std::string text = e.what();
        BOOST_TEST(text.find("embedding: index 4 at position 132 ") == 0U, text);
        BOOST_TEST(text.find("in layer 0 (Embedding), evaluated on rows 256 to 511") != text.npos,
                   text);
        return true;
      });
}

BOOST_AUTO_TEST_CASE(token_ids_are_evaluated_as_they_are_trained) {
  const Table data = counting(40);
  TokenTable model;
  initialize(model, 1);
  Trainer trainer(model, data, quiet(Adam{.learning_rate = 0.1}, 8));
  trainer.fit(5);
  // 600 rows: more than one batch of the evaluation, the last one smaller.
  const Table more = counting(600);
  const Tensor said = trainer.predict(more);
  BOOST_TEST((said.shape() == Shape{600, 3, 4}));
  Evaluator evaluator(model, {3}, {.inputs = DType::int64});
  BOOST_TEST((evaluator.predict(more["input"]) == said));
  BOOST_CHECK_THROW(static_cast<void>(evaluator.predict(Tensor(Shape{2, 3}))), TypeError);
  BOOST_CHECK_THROW(static_cast<void>(evaluator.predict(Tensor(Shape{2, 4}, DType::int64))),
                    ShapeError);
  BOOST_CHECK_THROW(static_cast<void>(evaluator.predict(
                        Tensor(Shape{1, 3}, std::initializer_list<Index>{0, 1, 4}))),
                    ValueError);
}

/// Token ids (examples, 3) to one class for each: what the last row of the table says.
struct LastToken {
  TokenTable table;
  void fields(Fields& f) { f("table", table); }
  [[nodiscard]] Var forward(Recording& r, Var ids) const { return select(r(table, ids), 1, 2); }
};

BOOST_AUTO_TEST_CASE(token_ids_with_a_class_for_each_sequence_are_a_data_set) {
  const Table all = counting(40);
  Dataset data{all["input"], Tensor(Shape{40}, DType::int64)};
  for (std::size_t i = 0; i < 40; ++i) {
    data.labels.data<Index>()[i] = all["target"].data<Index>()[3 * i + 2];
  }
  LastToken model;
  initialize(model, 1);
  Trainer trainer(model, data, quiet(Adam{.learning_rate = 0.1}, 8));
  trainer.fit(40);
  BOOST_TEST(trainer.accuracy(data) == 1.0);
  BOOST_TEST(Evaluator(model, {3}, {.inputs = DType::int64}).accuracy(data) == 1.0);
}

BOOST_AUTO_TEST_CASE(a_cost_without_output_trains_and_says_what_it_cannot) {
  const Table data = plane(32);
  TwoInputs model;
  initialize(model, 1);
  TrainerOptions options = quiet(Sgd{.learning_rate = 0.3}, 32);
  options.cost = [&](Recording& r, const RecordedBatch& batch) {
    return CostAndOutput(mean(square(r(model, batch["a"], batch["b"]) - batch["target"])));
  };
  Trainer trainer(model, data, options);
  const double first = trainer.run_epoch().cost;
  BOOST_TEST(trainer.run_epoch().cost < first);
  BOOST_CHECK_THROW(static_cast<void>(trainer.predict(data)), StateError);
  BOOST_CHECK_THROW(static_cast<void>(trainer.evaluate(data, {metric::mse()})), StateError);
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

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
