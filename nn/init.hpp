#pragma once

#include <functional>

#include "autodiff/random.hpp"
#include "autodiff/tensor.hpp"

namespace dtheta::nn {

/// First values of parameters, float64. Random ones are functions of their key: the same on every
/// machine, whatever else was drawn. Give each parameter a stream of its own.

[[nodiscard]] Tensor constant(const Shape& shape, double value);
/// Uniform in [low, high). Throws ValueError unless low <= high, both finite.
[[nodiscard]] Tensor uniform(const Shape& shape, double low, double high, RandomKey key);
/// Throws ValueError unless deviation >= 0.
[[nodiscard]] Tensor normal(const Shape& shape, double mean, double deviation, RandomKey key);
/// The normal distribution of that mean and deviation, restricted to [low, high]. Throws ValueError
/// unless deviation > 0 and low < high.
[[nodiscard]] Tensor truncated_normal(const Shape& shape, double mean, double deviation, double low,
                                      double high, RandomKey key);
/// 1 on the diagonal of a matrix, else 0. Throws ShapeError for other ranks than 2.
[[nodiscard]] Tensor identity(const Shape& shape);

/// By the number of inputs and outputs of one unit, its fans: of weights (out, in, ...) the product
/// of all dimensions but the first, and of all but the second. ShapeError below rank 2 and for
/// tensors without elements.

/// Variance 2 / (fan_in + fan_out), for tanh and its kin (Glorot and Bengio 2010).
[[nodiscard]] Tensor glorot_uniform(const Shape& shape, RandomKey key);
[[nodiscard]] Tensor glorot_normal(const Shape& shape, RandomKey key);
/// Variance 2 / fan_in, for relu and its kin (He et al. 2015).
[[nodiscard]] Tensor he_uniform(const Shape& shape, RandomKey key);
[[nodiscard]] Tensor he_normal(const Shape& shape, RandomKey key);

/// Uniform in (-1 / sqrt(fan), 1 / sqrt(fan)), for layers whose units have that many inputs: what
/// PyTorch's dense and convolution layers start from.
[[nodiscard]] std::function<Tensor(const Shape&, RandomKey)> uniform_by_fan(Index fan);
/// `value` everywhere, whatever the key.
[[nodiscard]] std::function<Tensor(const Shape&, RandomKey)> always(double value);

/// `gain` times a matrix with orthonormal rows or columns, whichever are fewer, uniform among all
/// such (Saxe et al. 2014). Axes after the first are taken together as columns.
[[nodiscard]] Tensor orthogonal(const Shape& shape, RandomKey key, double gain = 1);

}  // namespace dtheta::nn
