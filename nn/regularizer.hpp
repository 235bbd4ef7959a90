#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "autodiff/var.hpp"
#include "nn/recording.hpp"

namespace dtheta::nn {

/// How lambda scales a penalty in a cost over m examples. Sources differ, so it is always said.
enum class Convention : std::uint8_t {
  lambda_over_2m,  ///< "lambda/2m": lambda / (2 m), whose L2 gradient is lambda / m * W
  lambda_over_m,   ///< "lambda/m"
  lambda,          ///< "lambda", whatever the number of examples
};

/// Throws ValueError listing the names when there is no such convention.
[[nodiscard]] Convention parse_convention(std::string_view name);
[[nodiscard]] std::string_view to_string(Convention convention);

/// What is summed over the elements w of all weights.
enum class Penalty : std::uint8_t {
  l1,           ///< |w|
  l2,           ///< w^2, the squared Frobenius norm
  elastic_net,  ///< l1_ratio |w| + (1 - l1_ratio) w^2
  group_lasso,  ///< instead, over the rows r of a matrix (what feeds one unit): |r|_2
  max_norm,     ///< over rows: max(|r|_2 - max_norm, 0)^2
  orthogonal,   ///< of a matrix W: |W W^T - I|_F^2, or W^T W where W has more rows than columns
};

/// A term of the cost that keeps weights small. It is part of J, so that its gradient is checked
/// with that of everything else; biases are left alone.
struct Regularizer {
  Penalty penalty = Penalty::l2;
  double lambda = 0;
  Convention convention = Convention::lambda_over_2m;
  double l1_ratio = 0.5;  ///< of an elastic net
  double max_norm = 3;    ///< up to which the rows are free, for Penalty::max_norm

  /// "l1", "l2", "elastic_net", "group_lasso", "max_norm" or "orthogonal".
  [[nodiscard]] std::string_view name() const;
};

/// Records the term for those parameters that are regularized, in a cost over `examples`. Throws
/// ValueError unless lambda is finite and at least 0, l1_ratio lies in [0, 1], max_norm > 0 and
/// examples >= 1.
[[nodiscard]] Var penalty(const Regularizer& regularizer, Tape& tape,
                          std::span<const RecordedParameter> parameters, Index examples);

}  // namespace dtheta::nn
