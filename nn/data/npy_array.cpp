#include "nn/data/npy_array.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "nn/data/files/npy_header.hpp"

namespace dtheta::nn::detail {
namespace {

/// `from`, whose elements lie with the first axis fastest, with the last axis fastest.
template <Element T>
Tensor row_major(const Tensor& from) {
  const Shape& shape = from.shape();
  std::array<Index, max_rank> strides{};  // of each axis, in `from`
  Index stride = 1;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    strides[static_cast<std::size_t>(axis)] = stride;
    stride *= shape[axis];
  }
  Tensor result(shape, from.dtype());
  const std::span<const T> source = from.data<T>();
  std::array<Index, max_rank> position{};
  Index at = 0;
  for (T& value : result.data<T>()) {
    value = source[static_cast<std::size_t>(at)];
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      const auto i = static_cast<std::size_t>(axis);
      at += strides[i];
      if (++position[i] < shape[axis]) break;
      at -= strides[i] * shape[axis];
      position[i] = 0;
    }
  }
  return result;
}

Tensor row_major(const Tensor& from) {
  switch (from.dtype()) {
    case DType::float32:
      return row_major<float>(from);
    case DType::float64:
      return row_major<double>(from);
    case DType::int64:
      break;
  }
  return row_major<Index>(from);
}

double roundoff_of(const ElementFormat& format) {
  if (format.kind == ElementFormat::Kind::brain) return 0x1p-9;
  if (format.kind != ElementFormat::Kind::real) return 0;
  return format.bytes == 2 ? 0x1p-11 : format.bytes == 4 ? 0x1p-24 : 0x1p-53;
}

}  // namespace

StoredArray read_npy_array(ByteSource& source) {
  const NpyHeader header = read_npy_header(source);
  const Promise promise{.source = source.name(),
                        .offset = header.dims_offset,
                        .dims = header.dims,
                        .element_bytes = header.format.bytes};
  Tensor elements = read_elements(source, promise, header.format);
  if (header.column_major && elements.shape().rank() > 1) elements = row_major(elements);
  return {std::move(elements), roundoff_of(header.format)};
}

std::span<const std::uint8_t> npy_elements(const Tensor& value) {
  return {static_cast<const std::uint8_t*>(value.bytes()),
          static_cast<std::size_t>(value.size()) * size_of(value.dtype())};
}

}  // namespace dtheta::nn::detail
