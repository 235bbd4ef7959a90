#include "nn/data/batch_shape.hpp"

#include <span>
#include <vector>

#include "autodiff/errors.hpp"

namespace dtheta::nn::detail {

Shape batch_of(const Shape& example, Index count) {
  std::vector<Index> dims{count};
  dims.insert(dims.end(), example.begin(), example.end());
  return Shape(std::span<const Index>(dims));
}

Shape with_count(const Shape& batch, Index count) { return batch_of(example_of(batch), count); }

Shape example_of(const Shape& batch) {
  if (batch.rank() < 1) throw ShapeError("rows: a scalar has no rows");
  return Shape(batch.dims().subspan(1));
}

}  // namespace dtheta::nn::detail
