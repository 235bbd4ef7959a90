#include "nn/train/batch_shape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "autodiff/errors.hpp"

namespace dtheta::nn::detail {

Shape batch_of(const Shape& example, Index count) {
  std::vector<Index> dims{count};
  dims.insert(dims.end(), example.begin(), example.end());
  return Shape(std::span<const Index>(dims));
}

Shape with_count(const Shape& batch, Index count) { return batch_of(example_of(batch), count); }

Shape example_of(const Shape& batch) { return Shape(batch.dims().subspan(1)); }

Index require_examples(std::string_view who, const Tensor& inputs, const Shape& batch) {
  const Shape& shape = inputs.shape();
  if (shape.rank() < 1 || shape.size() == 0 || example_of(shape) != example_of(batch)) {
    throw ShapeError(fmt::format("{}: inputs {} are no examples of shape {}", who, to_string(shape),
                                 to_string(example_of(batch))));
  }
  return shape[0];
}

}  // namespace dtheta::nn::detail
