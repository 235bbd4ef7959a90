// What is said of a training whose values are no longer finite.

#include "nn/train/anomaly.hpp"

#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <ostream>
#include <string>

#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "spiral.hpp"

namespace dtheta::nn::test {
namespace {

constexpr Index bad_row = 37;

/// Examples of 1, but for one of 0.
Table ones_and_a_zero() {
  Tensor x(Shape{64, 1}), y(Shape{64, 1});
  std::ranges::fill(x.data<double>(), 1.0);
  std::ranges::fill(y.data<double>(), 1.0);
  x.data<double>()[bad_row] = 0;
  return {{"input", x}, {"target", y}};
}

// The lines on which the layers below go wrong.
constexpr unsigned log_line = __LINE__ + 4;
/// w log(x): minus infinity at 0.
struct LogLayer {
  Parameter w = given("w", Tensor(Shape{1}, {1.0}));
  [[nodiscard]] Var forward(Recording& r, Var x) const { return r(w) * log(x); }
  void fields(Fields& f) { f("w", w); }
};
/// w (log(x) - log(x)): NaN at 0, from an infinity.
struct DifferenceLayer {
  Parameter w = given("w", Tensor(Shape{1}, {1.0}));
  [[nodiscard]] Var forward(Recording& r, Var x) const { return r(w) * (log(x) - log(x * x)); }
  void fields(Fields& f) { f("w", w); }
};
/// sqrt(w x): finite at 0, where its slope is not.
struct RootLayer {
  Parameter w = given("w", Tensor(Shape{1}, {1.0}));
  [[nodiscard]] Var forward(Recording& r, Var x) const { return sqrt(r(w) * x); }
  void fields(Fields& f) { f("w", w); }
};

template <class L>
struct Model {
  Linear first{Tensor(Shape{1, 1}, {1.0}), Tensor(Shape{1}, {0.0})};
  L bad{};
  void fields(Fields& f) { f("first", first)("bad", bad); }
  [[nodiscard]] Var forward(Recording& r, Var x) const { return r(bad, r(first, x)); }
};

/// Without a bias the first layer passes 0 on, whatever its weight.
TrainerOptions options(Index batch = 16) {
  TrainerOptions o = quiet(Sgd{.learning_rate = 1e-3});
  o.batch_size = batch;
  o.loss = Loss::mse;
  return o;
}

template <class L>
Anomaly anomaly_of(const TrainerOptions& o, int epochs = 3) {
  const Table data = ones_and_a_zero();
  Model<L> model;
  freeze(model, "first.bias");
  Trainer trainer(model, data, o);
  try {
    trainer.fit(epochs);
  } catch (const AnomalyError& e) {
    BOOST_TEST(std::string(e.what()) == e.anomaly().message());
    // The weights are those of before the step.
    trainer.store();
    BOOST_TEST(std::isfinite(model.bad.w.value.template data<double>()[0]));
    BOOST_CHECK_THROW(trainer.run_step(), StateError);
    BOOST_CHECK_THROW(static_cast<void>(trainer.state()), StateError);
    return e.anomaly();
  }
  BOOST_FAIL("nothing was noticed");
  return {};
}

/// The step of the first epoch whose batch has the bad row.
Index bad_step(Index batch_size) {
  Batches batches(64, batch_size, 0, LastBatch::drop);
  for (Index b = 0; b < batches.count(); ++b) {
    if (std::ranges::count(batches.batch(b), bad_row) > 0) return b;
  }
  return -1;
}

bool is_infinite(double v) { return std::isinf(v); }

}  // namespace

BOOST_AUTO_TEST_SUITE(anomaly)

BOOST_DATA_TEST_CASE(the_op_the_layer_the_line_and_the_row_are_named,
                     boost::unit_test::data::make({1, 4}), micro_batches) {
  TrainerOptions o = options();
  o.micro_batches = micro_batches;
  const Anomaly a = anomaly_of<LogLayer>(o);
  BOOST_TEST(a.step == bad_step(16));
  BOOST_TEST(a.epoch == 1);
  BOOST_TEST(a.of == "the cost");
  BOOST_TEST(is_infinite(a.value));
  BOOST_REQUIRE(a.trail.size() == 1u);
  const NotFiniteValue& first = a.trail.front();
  BOOST_TEST(first.op == "log");
  BOOST_TEST(first.layer == "bad (LogLayer)");
  BOOST_TEST(first.where.line() == log_line);
  BOOST_TEST(first.count == 1);
  BOOST_TEST(!first.in_derivative);
  BOOST_REQUIRE(first.example.has_value());
  BOOST_TEST(a.rows.at(static_cast<std::size_t>(*first.example)) == bad_row);
  BOOST_REQUIRE(first.operands.size() == 1u);
  BOOST_TEST(first.operands[0].lowest == 0);
  BOOST_TEST(first.operands[0].highest > 0.9);
  const std::string text = a.message();
  for (const char* part :
       {"trainer: the cost is inf at step ", "first log (record ",
        "anomaly.cpp:", "in layer bad (LogLayer)", "is -inf", "of row 37 of the training data"}) {
    BOOST_TEST((text.find(part) != std::string::npos), part << " is not in: " << text);
  }
}

BOOST_AUTO_TEST_CASE(nan_and_the_infinity_that_it_came_from_are_told) {
  const Anomaly a = anomaly_of<DifferenceLayer>(options());
  BOOST_TEST(std::isnan(a.value));
  BOOST_REQUIRE(a.trail.size() == 2u);
  BOOST_TEST(a.trail[0].op == "log");
  BOOST_TEST(is_infinite(a.trail[0].value));
  BOOST_TEST(a.trail[1].op == "sub");
  BOOST_TEST(std::isnan(a.trail[1].value));
  BOOST_TEST(a.trail[1].operands[0].infinities == 1);
}

BOOST_AUTO_TEST_CASE(a_gradient_that_is_not_finite_is_found_at_its_own_step) {
  for (const Finite finite : {Finite::cost, Finite::weights}) {
    TrainerOptions o = options();
    o.must_be_finite = finite;
    const Anomaly a = anomaly_of<RootLayer>(o);
    // With the cost alone it is noticed a step later: its own step is found nevertheless.
    BOOST_TEST(a.step == bad_step(16));
    BOOST_TEST(a.of.starts_with("the gradient of "));
    BOOST_REQUIRE(!a.trail.empty());
    BOOST_TEST(a.trail.front().in_derivative);
    BOOST_TEST(a.trail.front().layer == "bad (RootLayer)");
  }
}

BOOST_AUTO_TEST_CASE(what_was_long_ago_is_made_again_to_the_bit) {
  // The anomaly comes later than the first states that are kept.
  const Table data = ones_and_a_zero();
  Model<LogLayer> model;
  TrainerOptions o = quiet(Sgd{.learning_rate = 0.2});
  o.batch_size = 16;
  o.cost = [&](Recording& r, const RecordedBatch& b) -> CostAndOutput {
    const Var y = r(model.first, b["input"]);
    return {-mean(y * y) + 0 * sum(r(model.bad.w)), y};
  };
  Trainer trainer(model, data, o);
  try {
    trainer.fit(1000);
    BOOST_FAIL("nothing was noticed");
  } catch (const AnomalyError& e) {
    BOOST_TEST(e.anomaly().step > 64);
    // -y^2 overflows float where y is above 2^64.
    BOOST_REQUIRE(!e.anomaly().trail.empty());
    trainer.store();
    BOOST_TEST(std::abs(model.first.weight().item()) > 0x1p60);
    // A trainer that makes one step less has these weights, and the next step is the one.
    Model<LogLayer> again;
    o.cost = [&](Recording& r, const RecordedBatch& b) -> CostAndOutput {
      const Var y = r(again.first, b["input"]);
      return {-mean(y * y) + 0 * sum(r(again.bad.w)), y};
    };
    Trainer other(again, data, o);
    for (Index i = 0; i < e.anomaly().step; ++i) other.run_step();
    other.store();
    BOOST_TEST((again.first.weight() == model.first.weight()));
    BOOST_CHECK_THROW(other.run_step(), AnomalyError);
  }
}

BOOST_AUTO_TEST_CASE(a_restored_trainer_goes_on_after_an_anomaly) {
  const Table data = ones_and_a_zero();
  Model<LogLayer> model;
  freeze(model, "first.bias");
  Trainer trainer(model, data, options());
  const TrainerState start = trainer.state();
  BOOST_CHECK_THROW(trainer.fit(1), AnomalyError);
  trainer.restore(start);
  BOOST_TEST(same_bits(trainer.state(), start));
  if (bad_step(16) > 0) BOOST_CHECK_NO_THROW(trainer.run_step());
}

BOOST_AUTO_TEST_CASE(an_infinite_mask_is_nobodys_fault) {
  // max(x, -inf) is x: the infinity is meant, and training goes on.
  const Table data = ones_and_a_zero();
  Model<RootLayer> model;
  TrainerOptions o = options();
  o.cost = [&](Recording& r, const RecordedBatch& b) -> CostAndOutput {
    const Var y = r(model.first, b["input"]);
    const Var low = r.tape().constant(Tensor(-std::numeric_limits<double>::infinity()));
    return {mean(square(maximum(y, low))) + 0 * sum(r(model.bad.w)), y};
  };
  Trainer trainer(model, data, o);
  BOOST_CHECK_NO_THROW(trainer.fit(2));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
