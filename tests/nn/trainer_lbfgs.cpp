// L-BFGS as the optimiser of a Trainer.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "nn/lbfgs.hpp"
#include "spiral.hpp"

namespace dtheta::nn::test {
namespace {

/// The target is 2 x_0 - 3 x_1 + 1.
Table plane(Index count) {
  const Tensor x = uniform({count, 2}, -1, 1, {3, 1});
  Tensor y(Shape{count, 1});
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    y.data<double>()[i] = 2 * x.data<double>()[2 * i] - 3 * x.data<double>()[2 * i + 1] + 1;
  }
  return {{"input", x}, {"target", y}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(trainer_lbfgs)

BOOST_AUTO_TEST_CASE(a_quadratic_is_done_in_few_iterations) {
  const Table data = plane(64);
  Sequential model{Linear(2, 1)};
  initialize(model, 1);
  TrainerOptions options = quiet(Lbfgs{}, 64);
  options.loss = Loss::mse;
  Trainer trainer(model, data, options);
  // Three unknowns: a quasi-Newton method needs little more than three iterations, gradient descent
  // hundreds. What is left is float's rounding of terms of order one.
  trainer.fit(12);
  BOOST_TEST(trainer.evaluate(data).front().value < 1e-11);
}

BOOST_AUTO_TEST_CASE(no_step_raises_the_cost_and_masks_stay_through_one) {
  const Dataset data = spiral(50);
  Sequential model = spiral_model();
  Trainer trainer(model, data, quiet(Lbfgs{}, 150));
  double before = std::numeric_limits<double>::infinity();
  for (int i = 0; i < 60; ++i) {
    const double cost = trainer.run_step().cost;
    // The same rows in another order from one epoch to the next: a few roundings of float.
    BOOST_TEST(cost <= before * (1 + 1e-5));
    before = cost;
  }
  BOOST_TEST(before < 0.05);
  BOOST_TEST(trainer.accuracy(data) == 1.0);
}

BOOST_AUTO_TEST_CASE(a_restored_training_goes_on_to_the_bit_with_masks_and_buffers) {
  const Dataset data = spiral(50);
  Sequential model = stateful_model(), other = stateful_model();
  const TrainerOptions options = quiet(Lbfgs{.memory = 3}, 75);
  Trainer trainer(model, data, options), again(other, data, options);
  for (int i = 0; i < 5; ++i) trainer.run_step();
  again.restore(trainer.state());
  for (int i = 0; i < 3; ++i) {
    BOOST_TEST(trainer.run_step().cost == again.run_step().cost);
  }
  BOOST_TEST(same_bits(trainer.state(), again.state()));
  BOOST_TEST(trainer.state().find("optimizer.lbfgs.pairs")->data<float>()[0] > 0);
}

BOOST_AUTO_TEST_CASE(where_no_step_lowers_the_cost_the_weights_stay) {
  const Table data = plane(64);
  Sequential model{Linear(2, 1)};
  initialize(model, 1);
  TrainerOptions options = quiet(Lbfgs{}, 64);
  options.cost = [&](Recording& r, const RecordedBatch& batch) -> CostAndOutput {
    return sum(abs(r(model, batch["input"]))) * 0.0 + 1.0;
  };
  const auto before = values_of(model);
  Trainer(model, data, options).fit(3);
  // What the trainer hands back has been through float.
  const auto after = values_of(model);
  for (std::size_t i = 0; i < before.size(); ++i) {
    BOOST_TEST((before[i].to(DType::float32) == after[i].to(DType::float32)));
  }
}

BOOST_AUTO_TEST_CASE(a_gradient_that_is_not_finite_is_found_where_it_arises) {
  const Table data = plane(64);
  Sequential model{Linear(2, 1)};
  initialize(model, 1);
  TrainerOptions options = quiet(Lbfgs{}, 64);
  options.cost = [&](Recording& r, const RecordedBatch& batch) -> CostAndOutput {
    const Var y = r(model, batch["input"]);
    return mean(square(y)) + sum(sqrt(y * 0.0));  // finite, with a slope of 0 / 0
  };
  Trainer trainer(model, data, options);
  BOOST_CHECK_EXCEPTION(trainer.fit(3), AnomalyError, [](const AnomalyError& e) {
    return e.anomaly().step == 0 && !e.anomaly().trail.empty() &&
           e.anomaly().trail.front().in_derivative;
  });
}

BOOST_AUTO_TEST_CASE(a_loop_of_ones_own_cannot_call_it) {
  BOOST_CHECK_THROW(static_cast<void>(Lbfgs{}({}, {})), StateError);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
