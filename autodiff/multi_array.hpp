#pragma once

#include <algorithm>
#include <array>
#include <boost/multi_array.hpp>

#include "autodiff/errors.hpp"
#include "autodiff/tensor.hpp"

namespace dtheta {

namespace detail {
[[noreturn]] void throw_view_rank(const Shape& shape, std::size_t wanted);

/// The dimensions in a form that boost::multi_array takes; ShapeError when there are not N.
template <std::size_t N>
std::array<Index, N> extents(const Shape& shape) {
  if (static_cast<std::size_t>(shape.rank()) != N) throw_view_rank(shape, N);
  std::array<Index, N> result{};
  std::ranges::copy(shape, result.begin());
  return result;
}
}  // namespace detail

/// The tensor's elements as a typed N-dimensional view; no copy, valid while the tensor lives.
/// Throws ShapeError when N is not the tensor's rank, TypeError when T is not its element type.
template <Element T, std::size_t N>
[[nodiscard]] boost::multi_array_ref<T, N> view(Tensor& tensor) {
  return boost::multi_array_ref<T, N>(tensor.data<T>().data(), detail::extents<N>(tensor.shape()));
}

template <Element T, std::size_t N>
[[nodiscard]] boost::const_multi_array_ref<T, N> view(const Tensor& tensor) {
  return boost::const_multi_array_ref<T, N>(tensor.data<T>().data(),
                                            detail::extents<N>(tensor.shape()));
}

/// A tensor with the shape and elements of `array` (copied; any storage order, row-major after).
template <Element T, std::size_t N>
[[nodiscard]] Tensor to_tensor(const boost::multi_array<T, N>& array) {
  std::array<Index, N> dims{};
  for (std::size_t i = 0; i < N; ++i) dims[i] = static_cast<Index>(array.shape()[i]);
  Tensor result(Shape(std::span<const Index>(dims)), dtype_of<T>);
  view<T, N>(result) = array;
  return result;
}

}  // namespace dtheta
