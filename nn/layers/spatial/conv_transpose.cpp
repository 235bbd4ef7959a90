#include "nn/layers/spatial/conv_transpose.hpp"

#include <fmt/format.h>

#include <string>

#include "autodiff/ops/spatial/convolution.hpp"
#include "autodiff/ops/spatial/window_rule.hpp"
#include "nn/init.hpp"
#include "nn/layers/require.hpp"
#include "nn/layers/spatial/conv.hpp"

namespace dtheta::nn::detail {
namespace {

using dtheta::detail::require_per_axis;

std::string name_of(int axes) { return fmt::format("conv_transpose{}d", axes); }

void require_window(const std::string& layer, int axes, const ConvTransposeLayerOptions& o) {
  require_per_axis(layer, "stride", o.stride, axes, 1);
  require_per_axis(layer, "padding", o.padding, axes, 0);
  require_per_axis(layer, "dilation", o.dilation, axes, 1);
  require_per_axis(layer, "output padding", o.output_padding, axes, 0);
}

}  // namespace

ConvolutionTranspose::ConvolutionTranspose(int axes, Index in, Index out, const PerAxis& kernel,
                                           const ConvTransposeLayerOptions& options)
    : in_(in), options_(options), weight_{.symbol = "weight"} {
  const std::string layer = name_of(axes);
  require_size(layer, "channels in", in);
  require_size(layer, "channels out", out);
  require_groups(layer, in, options.groups);
  require_groups(layer, out, options.groups);
  require_window(layer, axes, options);
  const Shape shape = filter_shape(layer, in, out / options.groups, kernel, axes);
  const Initializer within = uniform_by_fan(shape.size() / in);
  weight_ = to_draw("weight", shape, options.weight_init ? options.weight_init : within);
  if (!options.bias) return;
  bias_ = to_draw("bias", {out}, options.bias_init ? options.bias_init : within, false);
}

Var ConvolutionTranspose::forward(Recording& recording, Var x) const {
  return forward_with(recording, x, recording(weight_));
}

Var ConvolutionTranspose::forward_with(Recording& recording, Var x, Var weight) const {
  const int axes = weight_.value.shape().rank() - 2;
  require_planes(name_of(axes), x,
                 {.channels = in_, .least_axes = axes, .most_axes = axes, .single = true});
  const ConvTransposeOptions o{.stride = options_.stride,
                               .padding = options_.padding,
                               .dilation = options_.dilation,
                               .groups = options_.groups,
                               .output_padding = options_.output_padding};
  return bias_ ? conv_transpose(x, weight, recording(*bias_), o) : conv_transpose(x, weight, o);
}

}  // namespace dtheta::nn::detail
