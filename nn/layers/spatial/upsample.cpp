#include "nn/layers/spatial/upsample.hpp"

#include "autodiff/ops/spatial/window_rule.hpp"
#include "nn/layers/require.hpp"

namespace dtheta::nn {

Upsample::Upsample(const PerAxis& factor, const InterpolateOptions& options)
    : number_(factor), options_(options) {
  dtheta::detail::require_per_axis("upsample", "factor", factor, factor.size(), 1);
}

Upsample Upsample::to(const PerAxis& size, const InterpolateOptions& options) {
  dtheta::detail::require_per_axis("upsample", "size", size, size.size(), 1);
  Upsample layer(1, options);
  layer.number_ = size;
  layer.is_size_ = true;
  return layer;
}

Var Upsample::forward(Recording&, Var x) const {
  const int given = number_.size();
  detail::require_planes("upsample", x,
                         {.least_axes = given > 1 ? given : 1, .most_axes = given > 1 ? given : 3});
  return is_size_ ? interpolate(x, number_, options_) : upsample(x, number_, options_);
}

}  // namespace dtheta::nn
