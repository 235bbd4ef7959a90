// A convolutional network for Fashion-MNIST, as one would write it elsewhere: layers, training with
// validation, early stopping and checkpoints, and a check of its gradient before anything is
// trained. Interrupt it and start it again: it goes on where it was, to the bit.
//   cnn [--quick] [--checkpoint=FILE]
// --quick learns drawn stripes, needs no data and takes some seconds.

#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "gradcheck/bridge/network_check.hpp"
#include "gradcheck/report.hpp"
#include "nn/nn.hpp"

namespace {

using namespace dtheta;

struct Settings {
  bool quick = false;
  std::string checkpoint;
};

Settings parse(int argc, char** argv) {
  Settings s;
  for (const std::string& argument : std::vector<std::string>(argv + 1, argv + argc)) {
    if (argument == "--quick")
      s.quick = true;
    else if (argument.starts_with("--checkpoint="))
      s.checkpoint = argument.substr(13);
    else
      throw ValueError(fmt::format("{} is not --quick or --checkpoint=FILE", argument));
  }
  return s;
}

/// Stripes in ten directions, under noise.
nn::Dataset stripes(Index count, std::uint32_t seed) {
  nn::Dataset data{nn::normal({count, 784}, 0.5, 0.2, {seed, 0}),
                   Tensor(Shape{count}, DType::int64)};
  const Tensor phase = nn::uniform({count}, 0, 2 * std::numbers::pi, {seed, 1});
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    const double angle = static_cast<double>(i % 10) * std::numbers::pi / 10;
    data.labels.data<Index>()[i] = static_cast<Index>(i % 10);
    for (std::size_t p = 0; p < 784; ++p) {
      const double x = static_cast<double>(p % 28), y = static_cast<double>(p / 28);
      data.inputs.data<double>()[784 * i + p] +=
          0.5 * std::sin(x * std::cos(angle) + y * std::sin(angle) + phase.data<double>()[i]);
    }
  }
  return data;
}

nn::Sequential make_model() {
  nn::Sequential model{
      nn::Reshape({1, 28, 28}), nn::Conv2d(1, 16, 3, {.padding = nn::same, .bias = false}),
      nn::BatchNorm2d(16),      nn::Activation::relu,
      nn::MaxPool2d(2),         nn::Conv2d(16, 32, 3, {.padding = nn::same, .bias = false}),
      nn::BatchNorm2d(32),      nn::Activation::relu,
      nn::MaxPool2d(2),         nn::Flatten(),
      nn::Dropout(0.7),         nn::Linear(32 * 7 * 7, 10),
  };
  nn::initialize(model, 1);
  return model;
}

int run(const Settings& settings) {
  const nn::DatasetSplit data = settings.quick
                                    ? nn::DatasetSplit{stripes(1000, 1), stripes(300, 2), 10}
                                    : nn::fashion_mnist();
  nn::Sequential model = make_model();
  fmt::print("{} parameters, {} images\n", nn::parameter_count(model), data.train.count());

  // Is the gradient right? A few examples, every parameter, before an hour is spent on it.
  Tape tape;
  const nn::Table few = nn::Table(data.train).head(4);
  const auto cost = nn::cost_of(model, nn::Loss::cross_entropy_with_logits);
  gradcheck::NetworkOptions check;
  check.frozen_masks = true;
  const auto result = gradcheck::check_network(nn::record_cost(tape, model, few, cost), check);
  fmt::print("{}\n", gradcheck::report(result, {.components = 2}));
  if (result.verdict == gradcheck::Verdict::fail) return 1;

  const int epochs = settings.quick ? 4 : 12;
  nn::TrainerOptions options{.batch_size = settings.quick ? 50 : 128, .optimizer = nn::AdamW{}};
  options.learning_rate = nn::schedule::OneCycle{
      .rate = 4e-3, .duration = epochs * (data.train.count() * 9 / 10 / options.batch_size)};
  options.validation_split = 0.1;
  options.metrics = {nn::metric::accuracy()};
  options.early_stopping = nn::EarlyStopping{.patience = 4, .watch = "accuracy"};
  if (!settings.checkpoint.empty()) options.save = nn::checkpoint_to(settings.checkpoint);
  options.threads = 2;
  options.after_epoch = [](const nn::EpochReport& e) {
    fmt::print("epoch {:>2}  cost {:.4f}  validation {:.4f}  accuracy {:.4f}  {:.1f} s\n", e.epoch,
               e.cost, e["validation cost"], e["accuracy"], e.seconds);
  };
  nn::Trainer trainer(model, data.train, options);
  if (!settings.checkpoint.empty() && nn::resume(settings.checkpoint, trainer)) {
    fmt::print("resumed after step {}\n", trainer.step());
  }
  const nn::TrainingReport report = trainer.fit(epochs);
  fmt::print("{}; best epoch {}; test accuracy {:.4f}\n", nn::to_string(report.ending),
             report.best_epoch.value_or(0), trainer.accuracy(data.test));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(parse(argc, argv));
  } catch (const std::exception& e) {
    fmt::print(stderr, "cnn: {}\n", e.what());
    return 2;
  }
}
