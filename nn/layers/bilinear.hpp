#pragma once

#include <optional>

#include "nn/fields.hpp"
#include "nn/recording.hpp"

namespace dtheta::nn {

struct BilinearOptions {
  /// First values; uniform in (-1 / sqrt(in1), 1 / sqrt(in1)), as in PyTorch, where none is given.
  Initializer weight_init{};
  Initializer bias_init{};  ///< likewise
  bool bias = true;
};

/// y_o = sum over i, j of x1_i W_oij x2_j + b_o for x1 (..., in1) and x2 (..., in2), called as
/// r(layer, x1, x2). Its parameters are `weight` (out, in1, in2) and `bias` (out).
class Bilinear {
 public:
  /// Throws ShapeError unless all sizes are at least 1.
  Bilinear(Index in1, Index in2, Index out, const BilinearOptions& options = {});

  /// Throws ShapeError unless the two fit, and are equal in their other axes.
  [[nodiscard]] Var forward(Recording& recording, Var x1, Var x2) const;
  void fields(Fields& fields) { fields("weight", weight_)("bias", bias_); }

 private:
  Parameter weight_;
  std::optional<Parameter> bias_;
};

}  // namespace dtheta::nn
