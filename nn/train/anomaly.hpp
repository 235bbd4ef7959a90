#pragma once

#include <string>
#include <utility>
#include <vector>

#include "autodiff/errors.hpp"
#include "nn/train/not_finite.hpp"

namespace dtheta::nn {

/// A training that went wrong.
struct Anomaly {
  Index step = 0;    ///< from 0
  int epoch = 0;     ///< from 1
  std::string of{};  ///< "the cost", or what the step made of a weight or of state
  double value = 0;
  std::vector<Index> rows{};            ///< of the batch: examples of the training data
  std::vector<NotFiniteValue> trail{};  ///< see NotFinite

  [[nodiscard]] std::string message() const;
};

/// A value that is not finite has stopped a training. The weights are those of before the step.
class AnomalyError : public StateError {
 public:
  explicit AnomalyError(Anomaly anomaly)
      : StateError(anomaly.message()), anomaly_(std::move(anomaly)) {}
  [[nodiscard]] const Anomaly& anomaly() const { return anomaly_; }

 private:
  Anomaly anomaly_;
};

}  // namespace dtheta::nn
