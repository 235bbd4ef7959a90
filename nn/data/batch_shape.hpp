#pragma once

#include "autodiff/tensor.hpp"

namespace dtheta::nn::detail {

/// (count, example...)
[[nodiscard]] Shape batch_of(const Shape& example, Index count);
/// The shape with another number of examples along its first axis. Throws ShapeError for a scalar.
[[nodiscard]] Shape with_count(const Shape& batch, Index count);
/// A shape without its first axis. Throws ShapeError for a scalar.
[[nodiscard]] Shape example_of(const Shape& batch);

}  // namespace dtheta::nn::detail
