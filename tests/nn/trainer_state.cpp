// A training that is stopped after any step and restored goes on to the bit as one that was not.

#include "nn/train/trainer_state.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <functional>
#include <ostream>
#include <string>

#include "autodiff/errors.hpp"
#include "nn/schedule.hpp"
#include "spiral.hpp"

namespace dtheta::nn::test {
namespace {

const Dataset& data() {
  static const Dataset all = spiral(40);  // 120 examples
  return all;
}
const Dataset& others() {
  static const Dataset all = spiral(10);
  return all;
}

struct Case {
  std::string name;
  std::function<void(TrainerOptions&)> change;
};
std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }

std::vector<Case> cases() {
  return {
      {"sgd with momentum",
       [](TrainerOptions& o) {
         o.optimizer = Sgd{0.1, 0.9};
       }},
      {"adam, clipped",
       [](TrainerOptions& o) {
         o.max_gradient_norm = 0.5;
         o.max_gradient_value = 0.1;
       }},
      {"a schedule",
       [](TrainerOptions& o) {
         o.learning_rate = schedule::Cosine{0.1, 12};
       }},
      {"an average", [](TrainerOptions& o) { o.average_decay = 0.9; }},
      {"micro-batches", [](TrainerOptions& o) { o.micro_batches = 3; }},
      {"groups",
       [](TrainerOptions& o) {
         o.groups = {{"0", 0.1}, {"4", 1, Optimizer(RmsProp{.momentum = 0.5})}};
       }},
      {"early stopping and a plateau",
       [](TrainerOptions& o) {
         o.validation = others();
         o.metrics = {metric::accuracy()};
         o.early_stopping = EarlyStopping{.patience = 1, .watch = "accuracy"};
         o.plateau = PlateauSchedule{.patience = 0};
       }},
      {"a validation split and threads",
       [](TrainerOptions& o) {
         o.validation_split = 0.25;
         o.threads = 2;
       }},
      {"an l2 penalty",
       [](TrainerOptions& o) {
         o.regularizers = {{Penalty::l2, 0.1}};
       }},
  };
}

TrainerOptions options_of(const Case& c) {
  TrainerOptions options = quiet(Adam{.learning_rate = 0.02});
  c.change(options);
  return options;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(trainer_state)

BOOST_DATA_TEST_CASE(a_training_restored_after_any_step_goes_on_to_the_bit, cases()) {
  constexpr Index steps = 11;  // two epochs of 4, or three of 3, and the start of another
  Sequential model = stateful_model();
  Trainer whole(model, data(), options_of(sample));
  std::vector<TrainerState> after{whole.state()};
  std::vector<double> costs;
  for (Index i = 0; i < steps; ++i) {
    costs.push_back(whole.run_step().cost);
    after.push_back(whole.state());
  }
  whole.store();
  for (Index stop = 0; stop <= steps; ++stop) {
    BOOST_TEST_CONTEXT("stopped after " << stop << " steps") {
      Sequential other = stateful_model();
      Trainer resumed(other, data(), options_of(sample));
      resumed.restore(after[static_cast<std::size_t>(stop)]);
      BOOST_TEST(resumed.step() == stop);
      BOOST_TEST(same_bits(resumed.state(), after[static_cast<std::size_t>(stop)]));
      for (Index i = stop; i < steps; ++i) {
        BOOST_TEST(resumed.run_step().cost == costs[static_cast<std::size_t>(i)]);
      }
      BOOST_TEST(same_bits(resumed.state(), after.back()));
      resumed.store();
      BOOST_TEST((values_of(other) == values_of(model)));
    }
  }
}

BOOST_AUTO_TEST_CASE(the_state_names_all_that_changes) {
  Sequential model = stateful_model();
  TrainerOptions options = quiet(Adam{});
  options.average_decay = 0.9;
  const TrainerState state = Trainer(model, data(), options).state();
  for (const char* name : {"model.0.weight", "model.1.running_var", "optimizer.0.weight.adam.m",
                           "optimizer.4.bias.adam.v", "optimizer.adam.steps", "average.4.weight"}) {
    BOOST_TEST((state.find(name) != nullptr), name);
  }
  BOOST_TEST(state.number("step") == 0);
}

BOOST_AUTO_TEST_CASE(what_has_changed_is_seen) {
  Sequential model = stateful_model();
  Trainer trainer(model, data(), quiet(Adam{}));
  const TrainerState before = trainer.state();
  TrainerState touched = before;
  touched.tensors.back().value.data<float>()[0] = -1;
  BOOST_TEST(!same_bits(before, touched));
  trainer.run_step();
  BOOST_TEST(!same_bits(before, trainer.state()));
}

BOOST_AUTO_TEST_CASE(a_state_of_something_else_is_refused_and_changes_nothing) {
  Sequential model = stateful_model();
  Trainer trainer(model, data(), quiet(Adam{}));
  trainer.run_step();
  const TrainerState before = trainer.state();
  const auto refusal = [&](const TrainerState& state) -> std::string {
    try {
      trainer.restore(state);
    } catch (const ValueError& e) {
      BOOST_TEST(same_bits(trainer.state(), before));
      return e.what();
    }
    return "accepted";
  };
  Sequential wide{Linear(2, 16), BatchNorm(16), Activation::relu,
                  Dropout(0.8),  Linear(16, 3), Linear(3, 3)};
  initialize(wide, 1);
  const std::string message = refusal(Trainer(wide, data(), quiet(Sgd{0.1, 0.5})).state());
  BOOST_TEST(message.find("missing in it: optimizer.adam.steps, optimizer.0.weight.adam.m") !=
             std::string::npos);
  BOOST_TEST(message.find("unexpected in it: model.5.weight (3, 3)") != std::string::npos);

  Sequential narrow{Linear(2, 8), BatchNorm(8), Activation::relu, Dropout(0.8), Linear(8, 3)};
  initialize(narrow, 1);
  BOOST_TEST(refusal(Trainer(narrow, data(), quiet(Adam{})).state())
                 .find("model.0.weight is (16, 2) here and (8, 2) there") != std::string::npos);

  TrainerOptions other = quiet(Adam{});
  other.batch_size = 20;
  BOOST_TEST(refusal(Trainer(model, data(), other).state()) ==
             "trainer: batch_size is 30 here and 20 in the state to restore");
  Sequential reseeded = stateful_model(2);
  BOOST_TEST(refusal(Trainer(reseeded, data(), quiet(Adam{})).state())
                 .starts_with("trainer: stream.3.masks.seed is 1 here and 2 in the state"));
  BOOST_TEST(refusal(before) == "accepted");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
