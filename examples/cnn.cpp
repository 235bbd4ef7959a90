// A convolutional network for Fashion-MNIST, as one would write it elsewhere: layers, training with
// validation, early stopping and checkpoints, and a check of its gradient before anything is
// trained. Interrupt it and start it again: it goes on where it was, to the bit.
//   cnn [--quick] [CHECKPOINT]
// --quick learns drawn stripes, needs no data and takes some seconds.

#include <fmt/format.h>

#include <iostream>
#include <string>

#include "gradcheck/bridge/network_check.hpp"
#include "nn/nn.hpp"
#include "stripes.hpp"

using namespace dtheta;

nn::Sequential block(Index in, Index out) {
  return {nn::Conv2d(in, out, 3, {.padding = nn::same, .bias = false}), nn::BatchNorm2d(out),
          nn::Activation::relu};
}

int main(int argc, char** argv) {
  const bool quick = argc > 1 && argv[1] == std::string("--quick");
  const std::string checkpoint = argc > 1 + quick ? argv[1 + quick] : "cnn.safetensors";
  const nn::DatasetSplit data = quick ? stripes() : nn::fashion_mnist();

  nn::Sequential model{nn::Reshape({1, 28, 28}),  block(1, 16),  nn::MaxPool2d(2), block(16, 32),
                       nn::MaxPool2d(2),          block(32, 64), nn::Flatten(),    nn::Dropout(0.7),
                       nn::Linear(64 * 7 * 7, 10)};
  nn::initialize(model, 1);

  // Is the gradient right? A few examples, every parameter, before an hour is spent on it.
  Tape tape;
  const nn::Table few = nn::Table(data.train).head(2);
  gradcheck::NetworkOptions check;
  check.frozen_masks = true;  // dropout as it is at this step
  check.threads = 2;
  const gradcheck::Result result = gradcheck::check_network(
      nn::record_cost(tape, model, few["input"], few["target"], {}), check);
  std::cout << result;
  if (result.verdict == gradcheck::Verdict::fail) return 1;

  const int epochs = quick ? 4 : 12;
  nn::TrainerOptions options{.batch_size = quick ? 50 : 128, .optimizer = nn::AdamW{}};
  options.learning_rate = nn::schedule::OneCycle{
      .rate = 4e-3, .duration = epochs * (data.train.count() * 9 / 10 / options.batch_size)};
  options.validation_split = 0.1;
  // Clothes may be mirrored; stripes would be of another class.
  if (!quick) options.transform = nn::Augmentation{.size = {1, 28, 28}, .flip = 0.5, .seed = 1};
  options.metrics = {nn::metric::accuracy()};
  options.early_stopping = nn::EarlyStopping{.patience = 4, .watch = "accuracy"};
  options.save = nn::checkpoint_to(checkpoint);
  options.threads = 2;
  options.after_epoch = [](const nn::EpochReport& e) {
    fmt::print("epoch {:>2}  cost {:.4f}  accuracy {:.4f}\n", e.epoch, e.cost, e["accuracy"]);
  };
  nn::Trainer trainer(model, data.train, options);
  if (nn::resume(checkpoint, trainer)) fmt::print("resumed after step {}\n", trainer.step());
  trainer.fit(epochs);
  fmt::print("test accuracy {:.4f}\n", trainer.accuracy(data.test));
}
