#include "nn/layers/norm/instance_norm.hpp"

#include <fmt/format.h>

#include <string>

#include "autodiff/errors.hpp"
#include "autodiff/ops/network/normalization.hpp"
#include "nn/layers/norm/layer_norm.hpp"
#include "nn/layers/require.hpp"

namespace dtheta::nn::detail {
namespace {

std::string name_of(int axes) { return fmt::format("instance norm {}d", axes); }

}  // namespace

InstanceNorm::InstanceNorm(int axes, Index channels, const InstanceNormOptions& options)
    : axes_(axes), channels_(channels), epsilon_(options.epsilon) {
  require_size(name_of(axes), "channels", channels);
  require_epsilon(name_of(axes), epsilon_);
  if (!options.affine) return;
  weight_ = scale_of({channels});
  bias_ = shift_of({channels});
}

Var InstanceNorm::forward(Recording& recording, Var x) const {
  require_planes(name_of(axes_), x,
                 {.channels = channels_, .least_axes = axes_, .most_axes = axes_});
  if (x.size() == x.shape()[0] * channels_) {
    throw ShapeError(fmt::format(
        "{}: x {} has one value in each channel of a sample: there is a variance of two values "
        "or more only",
        name_of(axes_), to_string(x.shape())));
  }
  if (!weight_) return instance_norm(x, epsilon_);
  return instance_norm(x, recording(*weight_), recording(*bias_), epsilon_);
}

}  // namespace dtheta::nn::detail
