#pragma once

#include "nn/fields.hpp"
#include "nn/recording.hpp"

namespace dtheta::nn {

/// Dropout of whole channels of x (samples, channels, ...), each kept with probability keep_prob
/// and then divided by it; in evaluation it does nothing (Tompson et al. 2015). PyTorch's Dropout2d
/// takes the probability to drop one, 1 - keep_prob.
class Dropout2d {
 public:
  /// Throws ValueError unless keep_prob lies in (0, 1].
  explicit Dropout2d(double keep_prob = 0.5, RandomStream masks = {});

  [[nodiscard]] Var forward(Recording& recording, Var x) const;
  void fields(Fields& fields) { fields("masks", masks_); }

 private:
  double keep_prob_;
  RandomStream masks_;
};

}  // namespace dtheta::nn
