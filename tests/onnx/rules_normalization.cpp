#include "autodiff/ops/broadcast.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/network/normalization.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/reduction/statistics.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "rules.hpp"

namespace dtheta::onnx_tests {
namespace {

Values batch_normalization(const Call& c) {
  const double epsilon = c.number("epsilon", 1e-5), momentum = c.number("momentum", 0.9);
  if (c.integer("training_mode", 0) == 0) {
    return c.like(batch_norm_inference(c[0], c[3], c[4], c[1], c[2], epsilon));
  }
  const BatchStatistics seen = batch_statistics(c[0]);
  const auto mixed = [&](Var running, Var now) {
    return Value{momentum * running + (1 - momentum) * now, c.type()};
  };
  return {{batch_norm(c[0], c[1], c[2], epsilon), c.type()},
          mixed(c[3], seen.mean),
          mixed(c[4], seen.variance)};
}

Values layer_normalization(const Call& c) {
  const Var x = c[0], w = c[1];
  const double epsilon = c.number("epsilon", 1e-5);
  const int axis = normalize_axis("LayerNormalization", c.axis(-1), x.rank());
  const Var b = c.has(2) ? c[2] : 0 * w;
  Values result = c.like(layer_norm(x, w, b, epsilon));
  if (c.output_count() > 1) {
    const auto [mean, variance] = moments(x, to_axes(axes_from(axis, x.rank())), true);
    result.push_back({mean, c.type()});
    result.push_back({rsqrt(variance + epsilon), c.type()});
  }
  return result;
}

Values local_response(const Call& c) {
  const Index size = c.integer("size", 1);
  return c.like(local_response_norm(c[0], size,
                                    {.alpha = c.number("alpha", 1e-4),
                                     .beta = c.number("beta", 0.75),
                                     .k = c.number("bias", 1),
                                     .before = (size - 1) / 2}));
}

/// The definition divides by the root of the variance plus 1e-9.
Values mean_variance(const Call& c) {
  const Axes axes = to_axes(c.integers("axes", {0, 2, 3}));
  return c.like(center(c[0], axes) / (stddev(c[0], axes, true, Correction(0)) + 1e-9));
}

Values instance_normalization(const Call& c) {
  return c.like(instance_norm(c[0], c[1], c[2], c.number("epsilon", 1e-5)));
}

/// Before opset 21 a scale and a shift belong to each group, since then to each channel.
Values group_normalization(const Call& c) {
  const Index groups = c.integer("num_groups", 1), channels = c[0].shape()[1];
  const auto by_channel = [&](Var v) {
    if (v.size() == channels) return v;
    return reshape(broadcast_to(expand_dims(v, 1), Shape{groups, channels / groups}), {channels});
  };
  return c.like(
      group_norm(c[0], groups, by_channel(c[1]), by_channel(c[2]), c.number("epsilon", 1e-5)));
}

constexpr NamedRule rules[]{
    {"BatchNormalization", batch_normalization},       {"GroupNormalization", group_normalization},
    {"InstanceNormalization", instance_normalization}, {"LRN", local_response},
    {"LayerNormalization", layer_normalization},       {"MeanVarianceNormalization", mean_variance},
};

}  // namespace

std::span<const NamedRule> normalization_rules() { return rules; }

}  // namespace dtheta::onnx_tests
