#include "nn/layers/spatial/pooling.hpp"

#include <fmt/format.h>

#include <string>

#include "autodiff/ops/spatial/window_rule.hpp"
#include "nn/layers/require.hpp"

namespace dtheta::nn::detail {
namespace {

using dtheta::detail::require_per_axis;

/// What both kinds of options have in common.
template <class Options>
void require_window(const std::string& layer, int axes, const PerAxis& size, const Options& o) {
  require_per_axis(layer, "window size", size, axes, 1);
  if (o.stride) require_per_axis(layer, "stride", *o.stride, axes, 1);
  require_per_axis(layer, "padding", o.padding, axes, 0);
  require_per_axis(layer, "dilation", o.dilation, axes, 1);
}

void require_input(const std::string& layer, int axes, Var x) {
  require_planes(layer, x, {.least_axes = axes, .most_axes = axes, .single = true});
}

std::string max_name(int axes) { return fmt::format("max_pool{}d", axes); }
std::string avg_name(int axes) { return fmt::format("avg_pool{}d", axes); }

}  // namespace

MaxPool::MaxPool(int axes, const PerAxis& size, const PoolOptions& options)
    : axes_(axes), size_(size), options_(options) {
  require_window(max_name(axes), axes, size, options);
}

Var MaxPool::forward(Recording&, Var x) const {
  require_input(max_name(axes_), axes_, x);
  if (axes_ == 1) return max_pool1d(x, size_, options_);
  return axes_ == 2 ? max_pool2d(x, size_, options_) : max_pool3d(x, size_, options_);
}

AvgPool::AvgPool(int axes, const PerAxis& size, const AvgPoolOptions& options)
    : axes_(axes), size_(size), options_(options) {
  require_window(avg_name(axes), axes, size, options);
}

Var AvgPool::forward(Recording&, Var x) const {
  require_input(avg_name(axes_), axes_, x);
  if (axes_ == 1) return avg_pool1d(x, size_, options_);
  return axes_ == 2 ? avg_pool2d(x, size_, options_) : avg_pool3d(x, size_, options_);
}

}  // namespace dtheta::nn::detail
