#pragma once

#include "nn/recording.hpp"

namespace dtheta::nn {

/// Axes [first, last] merged into one, by default all but that of the samples.
class Flatten {
 public:
  explicit Flatten(int first = 1, int last = -1) : first_(first), last_(last) {}

  /// Throws ShapeError when x has no such axes.
  [[nodiscard]] Var forward(Recording& recording, Var x) const;

 private:
  int first_, last_;
};

}  // namespace dtheta::nn
