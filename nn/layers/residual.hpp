#pragma once

#include <optional>

#include "nn/layer.hpp"

namespace dtheta::nn {

/// x + inner(x) for any layer that leaves the shape as it is (He et al. 2016):
///   Residual(Sequential{Conv2d(8, 8, 3, {.padding = 1}), Activation::relu})
/// or shortcut(x) + inner(x), where the shape changes. Paths: `inner` and `shortcut`.
class Residual {
 public:
  explicit Residual(AnyLayer inner) : inner_(std::move(inner)) {}
  Residual(AnyLayer inner, AnyLayer shortcut)
      : inner_(std::move(inner)), shortcut_(std::move(shortcut)) {}

  /// Throws ShapeError when the two terms differ in shape.
  [[nodiscard]] Var forward(Recording& recording, Var x) const;
  void fields(Fields& fields) { fields("inner", inner_)("shortcut", shortcut_); }

 private:
  AnyLayer inner_;
  std::optional<AnyLayer> shortcut_;
};

}  // namespace dtheta::nn
