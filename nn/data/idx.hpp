#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "autodiff/tensor.hpp"

namespace dtheta::nn {

/// An IDX file of unsigned bytes: the images and labels of the MNIST family.
struct IdxArray {
  Shape shape;
  std::vector<std::uint8_t> values;  ///< row-major, shape.size() of them
};

/// Reads an IDX file of unsigned bytes, plain or gzip. DataError when it is anything else, ends
/// early, or goes on after the bytes that its header promises.
[[nodiscard]] IdxArray read_idx(const std::string& file);

/// Reads an IDX file of any element type, plain or gzip, under the same rules: float and double
/// keep their precision, the integer types become int64.
[[nodiscard]] Tensor read_idx_tensor(const std::string& file);

/// Images (count, rows, columns, ...) as examples (count, features), scaled by 1/255 to [0, 1].
/// Throws ShapeError for fewer than two axes, TypeError when `dtype` is int64.
[[nodiscard]] Tensor images_to_tensor(const IdxArray& images, DType dtype = DType::float32);

/// Labels (count) as an int64 tensor of the same shape. Throws ShapeError for other shapes.
[[nodiscard]] Tensor labels_to_tensor(const IdxArray& labels);

}  // namespace dtheta::nn
