#include "nn/layers/norm.hpp"

#include <fmt/format.h>

#include <cmath>

#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/stop_gradient.hpp"
#include "autodiff/ops/network/normalization.hpp"
#include "nn/init.hpp"

namespace dtheta::nn {
namespace {

/// A weight that starts at 1 and is no weight of a penalty, and a bias that starts at 0.
Parameter scale_of(const Shape& shape) { return given("weight", constant(shape, 1)); }
Parameter shift_of(const Shape& shape) { return given("bias", constant(shape, 0)); }

void require_epsilon(const char* layer, double epsilon) {
  if (!(epsilon >= 0 && std::isfinite(epsilon))) {
    throw ValueError(fmt::format("{}: epsilon {} is not in [0, infinity)", layer, epsilon));
  }
}

Shape checked(const Shape& shape) {
  if (shape.rank() < 1 || shape.size() < 1) {
    throw ShapeError(fmt::format("layer norm: nothing to norm over in {}", to_string(shape)));
  }
  return shape;
}

Index checked(Index channels) {
  if (channels < 1) {
    throw ShapeError(fmt::format("batch norm: {} channels, need at least 1", channels));
  }
  return channels;
}

}  // namespace

LayerNorm::LayerNorm(const Shape& shape, double epsilon)
    : weight_(scale_of(checked(shape))), bias_(shift_of(shape)), epsilon_(epsilon) {
  require_epsilon("layer norm", epsilon);
}

Var LayerNorm::forward(Recording& recording, Var x) const {
  const Var w = recording(weight_), b = recording(bias_);
  return layer_norm(x, w, b, epsilon_);
}

BatchNorm::BatchNorm(Index channels, const Options& options)
    : weight_(scale_of({checked(channels)})),
      bias_(shift_of({channels})),
      running_mean_{constant({channels}, 0)},
      running_variance_{constant({channels}, 1)},
      options_(options) {
  require_epsilon("batch norm", options.epsilon);
  if (!(options.momentum >= 0 && options.momentum <= 1)) {
    throw ValueError(fmt::format("batch norm: momentum {} is outside [0, 1]", options.momentum));
  }
}

Var BatchNorm::forward(Recording& recording, Var x) const {
  const Var w = recording(weight_), b = recording(bias_);
  const Var mean = recording(running_mean_), variance = recording(running_variance_);
  if (!recording.training()) {
    return batch_norm_inference(x, mean, variance, w, b, options_.epsilon);
  }
  const Var y = batch_norm(x, w, b, options_.epsilon);
  const BatchStatistics now = batch_statistics(stop_gradient(x));
  const double m = options_.momentum, n = static_cast<double>(x.size() / w.size());
  recording.update(running_mean_, (1 - m) * mean + m * now.mean);
  recording.update(running_variance_, (1 - m) * variance + m * n / (n - 1) * now.variance);
  return y;
}

void BatchNorm::fields(Fields& fields) {
  fields("weight", weight_)("bias", bias_);
  fields("running_mean", running_mean_)("running_var", running_variance_);
}

}  // namespace dtheta::nn
