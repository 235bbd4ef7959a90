#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "autodiff/shape.hpp"

namespace dtheta::nn {

/// What came of one step of training.
struct StepReport {
  Index step = 0;   ///< from 0
  int epoch = 0;    ///< from 1
  double cost = 0;  ///< of the batch, before the step
  double learning_rate = 0;
  std::optional<double> gradient_norm{};  ///< before clipping; only where it is clipped by norm
};

/// A number and what it is.
struct NamedValue {
  std::string name{};
  double value = 0;
};

/// What came of one pass over the training examples.
struct EpochReport {
  int epoch = 0;  ///< from 1
  Index steps = 0;
  double cost = 0;  ///< the mean over the batches, each before its step
  double seconds = 0;
  double learning_rate = 0;           ///< of the last step
  std::vector<NamedValue> metrics{};  ///< of the validation examples: "validation cost", "accuracy"

  /// Of "cost" or a metric. Throws ValueError, naming those there are, for another.
  [[nodiscard]] double operator[](std::string_view name) const;
};

/// Why training ended.
enum class Ending : std::uint8_t {
  epochs,       ///< all epochs are done
  early,        ///< early stopping: what it watches got no better for too long
  asked,        ///< Trainer::stop was called
  interrupted,  ///< Ctrl-C
};
[[nodiscard]] std::string_view to_string(Ending ending);

/// What came of a training.
struct TrainingReport {
  Ending ending = Ending::epochs;
  std::vector<EpochReport> epochs{};  ///< all that the trainer has done, resumed ones included
  std::optional<int> best_epoch{};    ///< whose weights are in use, with early stopping
};

}  // namespace dtheta::nn
