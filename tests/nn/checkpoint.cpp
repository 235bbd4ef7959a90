// A training that goes on from a file does to the bit what one that was never stopped does.

#include "nn/train/checkpoint.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <ostream>
#include <string>

#include "autodiff/errors.hpp"
#include "data/files.hpp"
#include "nn/state.hpp"
#include "spiral.hpp"

namespace dtheta::nn::test {
namespace {

const Dataset& data() {
  static const Dataset all = spiral(40);  // 120 examples
  return all;
}

struct Case {
  std::string name;
  Optimizer optimizer;
};
std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }

const std::vector<Case> cases{
    {"sgd", Sgd{.learning_rate = 0.1, .momentum = 0.9}},
    {"adagrad", Adagrad{}},
    {"adadelta", Adadelta{}},
    {"rmsprop", RmsProp{.momentum = 0.5, .centered = true}},
    {"adam", Adam{.learning_rate = 0.02, .amsgrad = true}},
    {"adamw", AdamW{}},
    {"adamax", Adamax{}},
    {"nadam", NAdam{}},
    {"lion", Lion{}},
    {"adafactor", Adafactor{}},
    {"muon", Muon{}},
};

/// With all that a training can carry along.
TrainerOptions options_of(const Optimizer& optimizer, unsigned threads) {
  TrainerOptions options = quiet(optimizer);
  options.max_gradient_norm = 1;
  options.average_decay = 0.9;
  options.validation_split = 0.25;
  options.metrics = {metric::accuracy()};
  options.early_stopping = EarlyStopping{.patience = 100};
  options.plateau = PlateauSchedule{.patience = 0};
  options.threads = threads;
  return options;
}

/// The state without the times that the epochs took, which never are the same.
TrainerState timeless(TrainerState state) {
  state.numbers.erase("seconds");
  std::erase_if(state.tensors, [](const auto& t) { return t.name == "history.seconds"; });
  return state;
}

std::string refusal(const std::string& file, Trainer& trainer) {
  return message<ValueError>([&] { return resume(file, trainer); });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(checkpoint)

BOOST_DATA_TEST_CASE(a_run_resumed_from_a_file_ends_at_the_same_bits,
                     boost::unit_test::data::make(cases), c) {
  constexpr Index steps = 8;  // two epochs of 3 and part of another
  const TempFolder folder;
  const auto file = [&](Index step) { return folder / std::to_string(step); };
  Sequential model = stateful_model();
  Trainer whole(model, data(), options_of(c.optimizer, 1));
  save_checkpoint(file(0), whole);
  for (Index step = 1; step <= steps; ++step) {
    whole.run_step();
    save_checkpoint(file(step), whole);
  }
  const TrainerState wanted = timeless(whole.state());
  for (Index stop = 0; stop < steps; ++stop) {
    BOOST_TEST_CONTEXT("stopped after " << stop << " steps") {
      Sequential other = stateful_model();
      Trainer resumed(other, data(), options_of(c.optimizer, 1 + static_cast<unsigned>(stop) % 3));
      BOOST_TEST(resume(file(stop), resumed));
      BOOST_TEST(resumed.step() == stop);
      while (resumed.step() < steps) resumed.run_step();
      BOOST_TEST(same_bits(timeless(resumed.state()), wanted));
    }
  }
}

BOOST_AUTO_TEST_CASE(every_bit_of_a_state_is_kept) {
  TrainerState state;
  state.tensors = {
      {"model.a", Tensor(Shape{2}, {1e-42f, -0.0f})},
      {"optimizer.a.adam.m", Tensor(Shape{}, {std::numeric_limits<float>::quiet_NaN()})},
      {"history.cost", Tensor(Shape{2}, {0.1, 1e308})}};
  state.numbers = {{"step", 9007199254740991.0},
                   {"best.value", std::numeric_limits<double>::infinity()},
                   {"low", -std::numeric_limits<double>::infinity()},
                   {"cost_sum", 0.1 + 0.2},
                   {"tiny", 5e-324}};
  const TempFolder folder;
  save_checkpoint(folder / "f", state);
  BOOST_TEST(same_bits(load_checkpoint(folder / "f"), state));
}

BOOST_AUTO_TEST_CASE(the_weights_of_a_checkpoint_are_anyones) {
  const TempFolder folder;
  Sequential model = stateful_model();
  Trainer trainer(model, data(), quiet(Adam{}));
  trainer.run_step();
  save_checkpoint(folder / "f", trainer);
  trainer.store();
  const SafetensorsFile file(folder / "f");
  BOOST_TEST(
      (file.read("0.weight").to(DType::float64) == fields_of(model).parameters[0].member->value));
  BOOST_TEST(file.find("checkpoint/optimizer.0.weight.adam.m") != nullptr);
  BOOST_TEST(file.metadata().at("checkpoint/step") == "1");
  Sequential other = stateful_model(2);
  BOOST_TEST(load(folder / "f", other).unexpected.empty());
  BOOST_TEST((values_of(other) == values_of(model)));
}

BOOST_AUTO_TEST_CASE(what_was_saved_by_fit_is_gone_on_from) {
  const TempFolder folder;
  const std::string file = folder / "run.safetensors";
  Sequential model = stateful_model();
  Trainer(model, data(), quiet(Adam{})).fit(3);

  Sequential part = stateful_model();
  TrainerOptions options = quiet(Adam{});
  options.save = checkpoint_to(file);
  Trainer first(part, data(), options);
  BOOST_TEST(!resume(file, first));
  first.fit(1);
  Sequential rest = stateful_model();
  Trainer second(rest, data(), options);
  BOOST_TEST(resume(file, second));
  BOOST_TEST(second.epoch() == 1);
  second.fit(3);
  BOOST_TEST((values_of(rest) == values_of(model)));
}

BOOST_AUTO_TEST_CASE(another_model_or_optimiser_is_refused_by_names) {
  const TempFolder folder;
  Sequential model = stateful_model();
  Trainer trainer(model, data(), quiet(Adam{}));
  trainer.run_step();
  save_checkpoint(folder / "f", trainer);

  Sequential same = stateful_model();
  Trainer other_optimizer(same, data(), quiet(AdamW{}));
  const std::string text = refusal(folder / "f", other_optimizer);
  BOOST_TEST(text.starts_with(folder / "f" +
                              ": trainer: the state to restore is of another model or optimiser"));
  BOOST_TEST(text.find("optimizer.0.weight.adamw.m") != std::string::npos);
  BOOST_TEST(text.find("optimizer.0.weight.adam.m (16, 2)") != std::string::npos);
  BOOST_TEST(other_optimizer.step() == 0);

  Sequential narrow{Linear(2, 8), BatchNorm(8), Activation::relu, Dropout(0.8), Linear(8, 3)};
  initialize(narrow, 1);
  Trainer other_model(narrow, data(), quiet(Adam{}));
  BOOST_TEST(
      refusal(folder / "f", other_model).find("model.0.weight is (8, 2) here and (16, 2) there") !=
      std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_file_that_is_no_checkpoint_says_so) {
  const TempFolder folder;
  Sequential model = stateful_model();
  Trainer trainer(model, data(), quiet(Adam{}));
  save(folder / "weights", model);
  const auto refused = [&](const std::string& name) {
    return message([&] { return resume(folder / name, trainer); });
  };
  BOOST_TEST(refused("weights") ==
             folder / "weights" +
                 ": has no checkpoint of a training; weights alone are read with nn::load");
  write_safetensors(folder / "new", {}, {{"checkpoint/format", "2"}});
  BOOST_TEST(refused("new") ==
             folder / "new" + ": has a checkpoint of format \"2\", here it is \"1\"");
  write_safetensors(folder / "bad", {}, {{"checkpoint/format", "1"}, {"checkpoint/step", "1x"}});
  BOOST_TEST(refused("bad") == folder / "bad" + ": the number step of the checkpoint is \"1x\"");
  save_checkpoint(folder / "f", trainer);
  check_every_truncation(folder, first(read_file(folder / "f"), 300), load_checkpoint);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
