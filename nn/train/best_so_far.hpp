#pragma once

#include <cmath>
#include <limits>
#include <vector>

#include "nn/train/trainer_state.hpp"

namespace dtheta::nn::detail {

/// The best value that a training has come to, when, and the weights that gave it.
struct BestSoFar {
  double value = std::numeric_limits<double>::quiet_NaN();  ///< none yet
  int epoch = 0;
  int waited = 0;  ///< epochs since
  std::vector<TrainerState::NamedTensor> weights{};

  /// Takes in the value of an epoch; whether it is the best. NaN never is.
  bool tell(double now, int at, bool larger_is_better, double min_change) {
    const double gain = larger_is_better ? now - value : value - now;
    const bool is_best = !std::isnan(now) && (std::isnan(value) || gain > min_change);
    waited = is_best ? 0 : waited + 1;
    if (!is_best) return false;
    value = now;
    epoch = at;
    return true;
  }
};

}  // namespace dtheta::nn::detail
