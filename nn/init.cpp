#include "nn/init.hpp"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>
#include <limits>
#include <numbers>

#include "autodiff/errors.hpp"

namespace dtheta::nn {
namespace {

struct Fans {
  double in, out;
};

Fans fans_of(std::string_view what, const Shape& shape) {
  if (shape.rank() < 2 || shape.size() == 0) {
    throw ShapeError(fmt::format("{}: weights {} have no fans: (out, in, ...) is needed", what,
                                 to_string(shape)));
  }
  const auto size = static_cast<double>(shape.size());
  return {size / static_cast<double>(shape[0]), size / static_cast<double>(shape[1])};
}

/// The probability that a standard normal variable is below x.
double normal_cdf(double x) { return std::erfc(-x / std::numbers::sqrt2) / 2; }

/// Finite: p is kept from 0 and 1 by the smallest step there.
double normal_quantile(double p) {
  const double inside = std::clamp(p, std::numeric_limits<double>::min(), 1 - 0x1p-53);
  return -std::numbers::sqrt2 * boost::math::erfc_inv(2 * inside);
}

}  // namespace

Tensor constant(const Shape& shape, double value) {
  Tensor result(shape);
  std::ranges::fill(result.data<double>(), value);
  return result;
}

Tensor uniform(const Shape& shape, double low, double high, RandomKey key) {
  if (!(low <= high && std::isfinite(high - low))) {
    throw ValueError(fmt::format("uniform: [{}, {}) is not an interval", low, high));
  }
  Tensor result(shape);
  random_uniform(key, 0, 0, result.data<double>());
  for (double& v : result.data<double>()) v = low + (high - low) * v;
  return result;
}

Tensor normal(const Shape& shape, double mean, double deviation, RandomKey key) {
  if (!(deviation >= 0)) {
    throw ValueError(fmt::format("normal: deviation {}, must be at least 0", deviation));
  }
  Tensor result(shape);
  random_normal(key, 0, 0, result.data<double>());
  for (double& v : result.data<double>()) v = mean + deviation * v;
  return result;
}

Tensor truncated_normal(const Shape& shape, double mean, double deviation, double low, double high,
                        RandomKey key) {
  if (!(deviation > 0 && low < high)) {
    throw ValueError(
        fmt::format("truncated_normal: deviation {} in [{}, {}], must be positive in "
                    "an interval",
                    deviation, low, high));
  }
  Tensor result(shape);
  random_uniform(key, 0, 0, result.data<double>());
  // The distribution function has its digits on the left: an interval on the right is mirrored.
  const double sign = low > mean ? -1 : 1;
  const double a = sign * (low - mean) / deviation, b = sign * (high - mean) / deviation;
  const double p = normal_cdf(std::min(a, b)), q = normal_cdf(std::max(a, b));
  for (double& v : result.data<double>()) {
    v = std::clamp(mean + sign * deviation * normal_quantile(p + (q - p) * v), low, high);
  }
  return result;
}

Tensor identity(const Shape& shape) {
  if (shape.rank() != 2) {
    throw ShapeError(fmt::format("identity: {} is not a matrix", to_string(shape)));
  }
  Tensor result(shape);
  for (Index i = 0; i < std::min(shape[0], shape[1]); ++i) {
    result.data<double>()[static_cast<std::size_t>(i * shape[1] + i)] = 1;
  }
  return result;
}

Tensor glorot_uniform(const Shape& shape, RandomKey key) {
  const Fans fans = fans_of("glorot_uniform", shape);
  const double limit = std::sqrt(6 / (fans.in + fans.out));
  return uniform(shape, -limit, limit, key);
}

Tensor glorot_normal(const Shape& shape, RandomKey key) {
  const Fans fans = fans_of("glorot_normal", shape);
  return normal(shape, 0, std::sqrt(2 / (fans.in + fans.out)), key);
}

Tensor he_uniform(const Shape& shape, RandomKey key) {
  const double limit = std::sqrt(6 / fans_of("he_uniform", shape).in);
  return uniform(shape, -limit, limit, key);
}

Tensor he_normal(const Shape& shape, RandomKey key) {
  return normal(shape, 0, std::sqrt(2 / fans_of("he_normal", shape).in), key);
}

Tensor orthogonal(const Shape& shape, RandomKey key, double gain) {
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  static_cast<void>(fans_of("orthogonal", shape));
  const Index rows = shape[0], columns = shape.size() / rows;
  Tensor result = normal(shape, 0, 1, key);
  Eigen::Map<Matrix> values(result.data<double>().data(), rows, columns);
  const bool wide = rows < columns;
  const Matrix drawn = wide ? Matrix(values.transpose()) : Matrix(values);
  const Eigen::HouseholderQR<Matrix> qr(drawn);
  Matrix q = qr.householderQ() * Matrix::Identity(drawn.rows(), drawn.cols());
  // Q is unique, and so uniformly distributed, once the diagonal of R is positive.
  for (Eigen::Index j = 0; j < q.cols(); ++j) {
    q.col(j) *= qr.matrixQR()(j, j) < 0 ? -gain : gain;
  }
  if (wide)
    values = q.transpose();
  else
    values = q;
  return result;
}

std::function<Tensor(const Shape&, RandomKey)> uniform_by_fan(Index fan) {
  const double bound = 1 / std::sqrt(static_cast<double>(fan));
  return [bound](const Shape& shape, RandomKey key) { return uniform(shape, -bound, bound, key); };
}

std::function<Tensor(const Shape&, RandomKey)> always(double value) {
  return [value](const Shape& shape, RandomKey) { return constant(shape, value); };
}

}  // namespace dtheta::nn
