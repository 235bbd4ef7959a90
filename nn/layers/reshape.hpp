#pragma once

#include <initializer_list>
#include <vector>

#include "nn/recording.hpp"

namespace dtheta::nn {

/// Each sample under another shape: Reshape({1, 28, 28}) makes (samples, 1, 28, 28) of
/// (samples, 784). One size may be -1: what is left.
class Reshape {
 public:
  /// Throws ShapeError for a size below -1 or a second -1.
  explicit Reshape(std::vector<Index> sample);
  Reshape(std::initializer_list<Index> sample) : Reshape(std::vector<Index>(sample)) {}

  /// Throws ShapeError when the elements of a sample do not fit.
  [[nodiscard]] Var forward(Recording& recording, Var x) const;

 private:
  std::vector<Index> sample_;
};

}  // namespace dtheta::nn
