#include "autodiff/ops/network/normalization.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/noise.hpp"
#include "autodiff/ops/elementwise/stop_gradient.hpp"
#include "autodiff/ops/reduction/moments.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/reduction/standardize.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "autodiff/ops/spatial/channels.hpp"
#include "autodiff/ops/spatial/pooling.hpp"
#include "autodiff/ops/spatial/window_rule.hpp"

namespace dtheta {
namespace {

using detail::ChannelView;

void require_epsilon(std::string_view op, double epsilon) {
  if (!(epsilon >= 0 && epsilon < std::numeric_limits<double>::infinity())) {
    throw ValueError(fmt::format("{}: epsilon {} is outside [0, infinity)", op, epsilon));
  }
}

/// The last `axes` axes as the inner one of a view, the others as its channels.
ChannelView rows(std::string_view op, Var operand, int axes) {
  const Shape x = operand.shape();
  detail::require_real_operand(op, operand);
  if (axes < 1 || axes > x.rank()) {
    throw ShapeError(
        fmt::format("{}: {} does not have {} axes to normalise over", op, to_string(x), axes));
  }
  const AxisSplit s(x, x.rank() - axes, axes);
  return {1, s.outer, s.n};
}

/// Throws ShapeError unless x ends with the axes of `like`, of which there is at least one.
void require_last_axes(std::string_view op, const Shape& x, const Shape& like) {
  const bool fits = like.rank() >= 1 && like.rank() <= x.rank() &&
                    std::equal(like.begin(), like.end(), x.end() - like.rank());
  if (!fits) {
    throw ShapeError(fmt::format("{}: {} does not end with the axes of w {}", op, to_string(x),
                                 to_string(like)));
  }
}

void require_channels(std::string_view op, Var operand, int least_rank = 2) {
  const Shape x = operand.shape();
  detail::require_real_operand(op, operand);
  if (x.rank() < least_rank) {
    throw ShapeError(
        fmt::format("{}: {} does not fit: (samples, channels, ...) of at least {} axes "
                    "is needed",
                    op, to_string(x), least_rank));
  }
}

/// Throws ShapeError unless each of `vectors` has one element for each channel of x.
void require_vectors(std::string_view op, Var operand, std::initializer_list<Arg> vectors) {
  const Shape x = operand.shape();
  require_channels(op, operand);
  for (const Arg& v : vectors) {
    detail::require_real_operand(op, v.var());
    if (v.var().shape() != Shape{x[1]}) {
      throw ShapeError(
          fmt::format("{}: {} does not fit x {}: ({}), one for each channel, is needed", op,
                      to_string(v.var().shape()), to_string(x), x[1]));
    }
  }
}

ChannelView by_channel(const Shape& x) {
  const AxisSplit s(x, 1, 1);
  return {s.outer, s.n, s.inner};
}

/// Throws ShapeError for channels of one value, which have no variance.
ChannelView batches_of_channels(Var x) {
  const ChannelView view = by_channel(x.shape());
  if (view.count() == 1) {
    throw ShapeError(fmt::format("batch_norm: {} has one value for each channel; more are needed",
                                 to_string(x.shape())));
  }
  return view;
}

/// (x - m) s + b, with numbers of channels.
Var centered_affine(Arg x, Var m, Var s, Arg b) {
  const Shape own = detail::beside_channels(x.var().shape());
  const auto each = [&](Arg v) { return Arg(reshape(v, own), x.at()); };
  return detail::centered_affine(x, each(m), each(s), each(b));
}

Var scaled(Var y, Arg w, Arg b) {
  return add_channels(Arg(scale_channels(Arg(y, w.at()), w), w.at()), b);
}

/// x / ||x|| over some axes, where the norm exceeds epsilon; elsewhere x / epsilon, or 0 for
/// epsilon = 0. The largest element is divided out first. That changes neither the result nor its
/// derivative, so it counts as constant.
Var unit(Arg x, const Axes& axes, double epsilon) {
  if (x.var().size() == 0) return x.var();
  const Var largest = stop_gradient(max(abs(x), axes, true));
  const Var divisor = where(equal(largest, 0), 1, largest);
  const Var z = x / divisor;
  const Var squares = sum(square(z), axes, true);
  const Var norm = sqrt(where(equal(largest, 0), 1, squares));
  const Var is_long = greater(divisor * norm, epsilon) * greater(largest, 0);
  return where(is_long, z / norm, epsilon > 0 ? x / epsilon : x * 0);
}

}  // namespace

Var layer_norm(Arg x, int axes, double epsilon) {
  require_epsilon("layer_norm", epsilon);
  return detail::standardize(x, rows("layer_norm", x.var(), axes), epsilon);
}

Var layer_norm(Arg x, Arg w, Arg b, double epsilon) {
  require_last_axes("layer_norm", x.var().shape(), w.var().shape());
  if (b.var().shape() != w.var().shape()) {
    throw ShapeError(fmt::format("layer_norm: w {} and b {} differ", to_string(w.var().shape()),
                                 to_string(b.var().shape())));
  }
  return layer_norm(x, w.var().rank(), epsilon) * w + b;
}

Var rms_norm(Arg x, int axes, double epsilon) {
  require_epsilon("rms_norm", epsilon);
  return detail::rms_standardize(x, rows("rms_norm", x.var(), axes), epsilon);
}

Var rms_norm(Arg x, Arg w, double epsilon) {
  require_last_axes("rms_norm", x.var().shape(), w.var().shape());
  return rms_norm(x, w.var().rank(), epsilon) * w;
}

Var batch_norm(Arg x, double epsilon) {
  require_epsilon("batch_norm", epsilon);
  require_channels("batch_norm", x.var());
  return detail::standardize(x, batches_of_channels(x.var()), epsilon);
}

/// (x - mean) (w r) + b, r = 1 / sqrt(variance + epsilon): so that all of it is one pass over x, and
/// so is what comes back.
Var batch_norm(Arg x, Arg w, Arg b, double epsilon) {
  const Shape shape = x.var().shape();
  require_epsilon("batch_norm", epsilon);
  require_vectors("batch_norm", x.var(), {w, b});
  const ChannelView view = batches_of_channels(x.var());
  if (shape.size() == 0) return scaled(detail::standardize(x, view, epsilon), w, b);
  const Var both = detail::moments(x, view);
  const Var mean = detail::of_channels(both, 0, shape);
  const Var rate = rsqrt(detail::of_channels(both, 1, shape) + epsilon);
  return centered_affine(x, mean, reshape(w, mean.shape()) * rate, b);
}

Var batch_norm_inference(Arg x, Arg mean, Arg variance, Arg w, Arg b, double epsilon) {
  require_epsilon("batch_norm_inference", epsilon);
  require_vectors("batch_norm_inference", x.var(), {mean, variance, w, b});
  return centered_affine(x, mean.var(), w * rsqrt(variance + epsilon), b);
}

BatchStatistics batch_statistics(Arg x) {
  const Shape shape = x.var().shape();
  require_channels("batch_statistics", x.var());
  const Var both = detail::moments(x, by_channel(shape));
  return {select(both, 0, 0), select(both, 0, 1)};
}

Var group_norm(Arg x, Index groups, double epsilon) {
  const Shape shape = x.var().shape();
  require_epsilon("group_norm", epsilon);
  require_channels("group_norm", x.var());
  if (groups < 1 || shape[1] % groups != 0) {
    throw ShapeError(fmt::format("group_norm: {} channels of {} do not divide into {} groups",
                                 shape[1], to_string(shape), groups));
  }
  const ChannelView channels = by_channel(shape);
  return detail::standardize(x, {1, shape[0] * groups, channels.channels / groups * channels.inner},
                             epsilon);
}

Var group_norm(Arg x, Index groups, Arg w, Arg b, double epsilon) {
  require_vectors("group_norm", x.var(), {w, b});
  return scaled(group_norm(x, groups, epsilon), w, b);
}

Var instance_norm(Arg x, double epsilon) {
  const Shape shape = x.var().shape();
  require_epsilon("instance_norm", epsilon);
  require_channels("instance_norm", x.var(), 3);
  const ChannelView channels = by_channel(shape);
  return detail::standardize(x, {1, shape[0] * shape[1], channels.inner}, epsilon);
}

Var instance_norm(Arg x, Arg w, Arg b, double epsilon) {
  require_vectors("instance_norm", x.var(), {w, b});
  return scaled(instance_norm(x, epsilon), w, b);
}

Var l2_normalize(Arg x, int axis, double epsilon) {
  require_epsilon("l2_normalize", epsilon);
  return unit(x, normalize_axis("l2_normalize", axis, x.var().rank()), epsilon);
}

Var weight_norm(Arg v, Arg g, int axis) {
  const Shape shape = v.var().shape();
  const int kept = normalize_axis("weight_norm", axis, shape.rank());
  std::vector<Index> dims(static_cast<std::size_t>(shape.rank()), 1);
  dims[static_cast<std::size_t>(kept)] = shape[kept];
  if (g.var().shape() != Shape(dims)) {
    throw ShapeError(fmt::format("weight_norm: g {} does not fit v {}: {} is needed",
                                 to_string(g.var().shape()), to_string(shape),
                                 to_string(Shape(dims))));
  }
  // With the kept axis in front the others are adjacent.
  const Var front = kept == 0 ? v.var() : swap_axes(v, 0, kept);
  const Var flat =
      reshape(front, Shape{shape[kept], shape[kept] > 0 ? shape.size() / shape[kept] : 1});
  const Var direction = reshape(unit(Arg(flat, v.at()), 1, 0), front.shape());
  return g * (kept == 0 ? direction : swap_axes(direction, 0, kept));
}

Var local_response_norm(Arg x, Index size, const LocalResponse& o) {
  const Shape shape = x.var().shape();
  require_channels("local_response_norm", x.var());
  const Index before = o.before < 0 ? size / 2 : o.before;
  if (size < 1 || before >= size) {
    throw ValueError(fmt::format("local_response_norm: a window of {} channels, {} of them before",
                                 size, before));
  }
  if (shape.size() == 0) return x.var();
  const ChannelView view = by_channel(shape);
  const Var squares = reshape(square(x), Shape{view.outer, 1, view.channels, view.inner});
  const Var means =
      avg_pool2d(squares, {size, 1},
                 {.stride = 1, .padding = {before, 0}, .padding_end = {{size - 1 - before, 0}}});
  return x / pow(o.k + o.alpha * reshape(means, shape), o.beta);
}

Var dropout2d(Arg x, double keep_prob, RandomKey key) {
  const Shape shape = x.var().shape();
  require_channels("dropout2d", x.var(), 3);
  if (!(keep_prob > 0 && keep_prob <= 1)) {
    throw ValueError(fmt::format("dropout2d: keep_prob {} is outside (0, 1]", keep_prob));
  }
  if (keep_prob == 1) return x.var();
  std::vector<Index> dims(static_cast<std::size_t>(shape.rank()), 1);
  dims[0] = shape[0], dims[1] = shape[1];
  return x * dropout_mask(x.var().tape(), Shape(dims), keep_prob, key, x.at());
}

}  // namespace dtheta
