#include "nn/layers/spatial/conv.hpp"

#include <fmt/format.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "autodiff/errors.hpp"
#include "autodiff/ops/spatial/convolution.hpp"
#include "autodiff/ops/spatial/window_rule.hpp"
#include "nn/init.hpp"
#include "nn/layers/require.hpp"

namespace dtheta::nn::detail {
namespace {

using dtheta::detail::require_per_axis;

std::string name_of(int axes) { return fmt::format("conv{}d", axes); }

/// x with `padding` elements of another kind than zeros around it, and none left to add.
Var padded(Var x, int axes, ConvOptions& o, PadMode mode) {
  const PerAxis before = o.padding, after = o.padding_end.value_or(o.padding);
  std::vector<PadWidth> widths;
  widths.reserve(static_cast<std::size_t>(axes));
  for (int i = 0; i < axes; ++i) widths.push_back({before[i], after[i]});
  o.padding = 0;
  o.padding_end.reset();
  return pad(x, widths, mode);
}

void require_window(const std::string& layer, int axes, const ConvLayerOptions& o) {
  require_per_axis(layer, "stride", o.stride, axes, 1);
  require_per_axis(layer, "padding", o.padding.zeros(), axes, 0);
  require_per_axis(layer, "dilation", o.dilation, axes, 1);
  if (!o.padding.is_same()) return;
  for (const Index stride : o.stride.values()) {
    if (stride == 1) continue;
    throw ValueError(
        fmt::format("{}: padding `same` with stride {}: the size stays the same at stride 1 alone",
                    layer, stride));
  }
}

}  // namespace

Shape filter_shape(std::string_view layer, Index first, Index second, const PerAxis& kernel,
                   int axes) {
  require_per_axis(layer, "kernel", kernel, axes, 1);
  std::array<Index, 5> dims{first, second};
  for (int i = 0; i < axes; ++i) dims.begin()[2 + i] = kernel[i];
  return Shape(std::span<const Index>(dims.data(), static_cast<std::size_t>(2 + axes)));
}

Convolution::Convolution(int axes, Index in, Index out, const PerAxis& kernel,
                         const ConvLayerOptions& options)
    : in_(in), options_(options), weight_{.symbol = "weight"} {
  const std::string layer = name_of(axes);
  require_size(layer, "channels in", in);
  require_size(layer, "channels out", out);
  require_groups(layer, in, options.groups);
  require_groups(layer, out, options.groups);
  require_window(layer, axes, options);
  const Shape shape = filter_shape(layer, out, in / options.groups, kernel, axes);
  const Initializer within = uniform_by_fan(shape.size() / out);
  weight_ = to_draw("weight", shape, options.weight_init ? options.weight_init : within);
  if (!options.bias) return;
  bias_ = to_draw("bias", {out}, options.bias_init ? options.bias_init : within, false);
}

Var Convolution::forward(Recording& recording, Var x) const {
  return forward_with(recording, x, recording(weight_));
}

Var Convolution::forward_with(Recording& recording, Var x, Var weight) const {
  const int axes = weight_.value.shape().rank() - 2;
  require_planes(name_of(axes), x,
                 {.channels = in_, .least_axes = axes, .most_axes = axes, .single = true});
  ConvOptions o{.stride = options_.stride,
                .padding = options_.padding.zeros(),
                .dilation = options_.dilation,
                .groups = options_.groups};
  if (options_.padding.is_same()) o = same_padding(weight, o);
  if (options_.padding_mode != PadMode::constant) x = padded(x, axes, o, options_.padding_mode);
  return bias_ ? conv(x, weight, recording(*bias_), o) : conv(x, weight, o);
}

}  // namespace dtheta::nn::detail
