#pragma once

#include "autodiff/ops/network/positional.hpp"
#include "nn/fields.hpp"
#include "nn/recording.hpp"

namespace dtheta::nn {

/// x (samples, length, width) with the position of each element added to it: sines and cosines of
/// frequencies from 1 to 1 / base (Vaswani et al. 2017), see autodiff/ops/network/positional.hpp.
class SinusoidalPositions {
 public:
  /// Throws ValueError unless 0 < base < infinity.
  explicit SinusoidalPositions(double base = 10000);

  /// Throws ShapeError unless x is (..., length, width).
  [[nodiscard]] Var forward(Recording& recording, Var x) const;

 private:
  double base_;
};

/// The same with vectors that are learned, one for each of up to `longest` positions: its parameter
/// is `weight` (longest, width).
class LearnedPositions {
 public:
  /// The vectors start standard normal, as those of an Embedding, unless `init` is given. Throws
  /// ShapeError unless both sizes are at least 1.
  LearnedPositions(Index longest, Index width, const Initializer& init = {});

  /// Throws ShapeError unless x is (..., length, width) with length <= longest.
  [[nodiscard]] Var forward(Recording& recording, Var x) const;
  void fields(Fields& fields) { fields("weight", weight_); }

 private:
  Parameter weight_;
};

/// x (..., length, width) with pairs of elements turned by an angle that grows with the position
/// (Su et al. 2021), see autodiff/ops/network/positional.hpp. In attention queries and keys are
/// turned, and their products then know how far apart they stand: see AttentionLayerOptions.
class RotaryPositions {
 public:
  /// Throws ValueError unless 0 < base < infinity.
  explicit RotaryPositions(const RotaryOptions& options = {});

  /// Throws ShapeError unless the width is even.
  [[nodiscard]] Var forward(Recording& recording, Var x) const;

 private:
  RotaryOptions options_;
};

}  // namespace dtheta::nn
