#include "nn/layers/residual.hpp"

#include <fmt/format.h>

#include "autodiff/errors.hpp"

namespace dtheta::nn {

Var Residual::forward(Recording& recording, Var x) const {
  const Var y = inner_.forward(recording, x);
  const Var kept = shortcut_ ? shortcut_->forward(recording, x) : x;
  // Broadcasting would add what does not belong together.
  if (y.shape() != kept.shape()) {
    throw ShapeError(fmt::format(
        "residual: {} is {}, the inner layer makes {} of x {}: {}",
        shortcut_ ? "the shortcut" : "x", to_string(kept.shape()), to_string(y.shape()),
        to_string(x.shape()),
        shortcut_ ? "the two must be equal" : "it must keep the shape, or needs a shortcut layer"));
  }
  return kept + y;
}

}  // namespace dtheta::nn
