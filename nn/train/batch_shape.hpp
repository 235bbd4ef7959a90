#pragma once

#include <string_view>

#include "autodiff/tensor.hpp"

namespace dtheta::nn::detail {

/// (count, example...)
[[nodiscard]] Shape batch_of(const Shape& example, Index count);
/// The shape with another number of examples along its first axis.
[[nodiscard]] Shape with_count(const Shape& batch, Index count);
/// A shape without its first axis.
[[nodiscard]] Shape example_of(const Shape& batch);

/// The number of examples in `inputs`. Throws ShapeError, naming `who`, when there is none or they
/// are not of the shape of those in `batch`.
[[nodiscard]] Index require_examples(std::string_view who, const Tensor& inputs,
                                     const Shape& batch);

}  // namespace dtheta::nn::detail
