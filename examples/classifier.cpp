// A network is defined, trained, and its gradient checked where training ended: the program of
// README.

#include <iostream>

#include "gradcheck/bridge/network_check.hpp"
#include "nn/nn.hpp"

int main() {
  using namespace dtheta;
  // Points of a square, of two classes: inside a circle, or not.
  nn::Dataset points{nn::uniform({1000, 2}, -1, 1, {1, 1}), Tensor(Shape{1000}, DType::int64)};
  for (std::size_t i = 0; i < 1000; ++i) {
    const double* p = &points.inputs.data<double>()[2 * i];
    points.labels.data<Index>()[i] = p[0] * p[0] + p[1] * p[1] < 0.5 ? 1 : 0;
  }

  nn::Sequential model{nn::Linear(2, 32), nn::Activation::relu, nn::Dropout(0.9),
                       nn::Linear(32, 2)};
  nn::initialize(model, 1);  // one seed for all that is random
  nn::Trainer trainer(model, points,
                      {.optimizer = nn::Adam{.learning_rate = 0.01},
                       .validation_split = 0.2,
                       .metrics = {nn::metric::accuracy()}});
  std::cout << "accuracy " << trainer.fit(20).epochs.back()["accuracy"] << '\n';

  Tape tape;
  const auto cost = nn::record_cost(tape, model, points.inputs, points.labels, {});
  gradcheck::NetworkOptions options;
  options.frozen_masks = true;  // dropout as it is at this step
  const gradcheck::Result result = gradcheck::check_network(cost, options);
  std::cout << result;
  return result ? 0 : 1;
}
