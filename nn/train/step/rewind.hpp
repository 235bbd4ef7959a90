#pragma once

#include <vector>

#include "nn/train/step/step_program.hpp"

namespace dtheta::nn::detail {

/// A state of the training some steps ago. Training is a function of its state, so that every step
/// since can be made again, to the bit: to look at one that went wrong, nothing is copied on the
/// way but once in a while.
class Rewind {
 public:
  /// Keeps the state before `step`, unless one of few steps ago is there. `rate_scale` must be the
  /// same for all steps that are made again.
  void keep(const StepProgram& program, Index step, double rate_scale);
  /// Goes back, and returns the step to be made next.
  [[nodiscard]] Index go_back(StepProgram& program) const;
  void forget() { step_ = -1; }

 private:
  static constexpr Index period = 64;

  Index step_ = -1;
  double rate_scale_ = 1;
  std::vector<std::vector<float>> values_{};
};

}  // namespace dtheta::nn::detail
