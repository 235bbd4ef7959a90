#include "nn/train/step/rewind.hpp"

namespace dtheta::nn::detail {

void Rewind::keep(const StepProgram& program, Index step, double rate_scale) {
  if (step_ >= 0 && step - step_ < period && rate_scale == rate_scale_) return;
  step_ = step;
  rate_scale_ = rate_scale;
  values_.resize(program.states().size());
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const std::span<const float> value = program.value(program.states()[i]);
    values_[i].assign(value.begin(), value.end());
  }
}

Index Rewind::go_back(StepProgram& program) const {
  for (std::size_t i = 0; i < values_.size(); ++i) program.set(program.states()[i], values_[i]);
  return step_;
}

}  // namespace dtheta::nn::detail
