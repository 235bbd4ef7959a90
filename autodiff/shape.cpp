#include "autodiff/shape.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "autodiff/errors.hpp"

namespace dtheta {

Shape::Shape(std::span<const Index> dims) {
  if (dims.size() > max_rank) {
    throw ShapeError(fmt::format("shape ({}): {} axes, at most {} are supported",
                                 fmt::join(dims, ", "), dims.size(), max_rank));
  }
  bool overflow = false;
  for (Index d : dims) {
    if (d < 0) {
      throw ShapeError(
          fmt::format("shape ({}): dimension {} is negative", fmt::join(dims, ", "), d));
    }
    // A later zero makes the product zero, yet the other dimensions must still fit: strides do.
    if (d != 0) overflow |= __builtin_mul_overflow(size_, d, &size_);
  }
  if (overflow) {
    throw ShapeError(
        fmt::format("shape ({}): the number of elements overflows", fmt::join(dims, ", ")));
  }
  if (std::ranges::find(dims, Index{0}) != dims.end()) size_ = 0;
  std::ranges::copy(dims, dims_.begin());
  rank_ = static_cast<Index>(dims.size());
}

std::string to_string(const Shape& shape) {
  return fmt::format("({})", fmt::join(shape.dims(), ", "));
}

Shape broadcast(std::string_view op, const Shape& a, const Shape& b) {
  if (a == b || b.rank() == 0) return a;
  if (a.rank() == 0) return b;
  std::array<Index, max_rank> dims{};
  const int rank = std::max(a.rank(), b.rank());
  for (int i = 1; i <= rank; ++i) {
    const Index p = i <= a.rank() ? a[a.rank() - i] : 1;
    const Index q = i <= b.rank() ? b[b.rank() - i] : 1;
    if (p != q && p != 1 && q != 1) {
      throw ShapeError(fmt::format("{}: cannot broadcast {} with {}: {} != {} on axis {}", op,
                                   to_string(a), to_string(b), p, q, rank - i));
    }
    dims[static_cast<std::size_t>(rank - i)] = p == 1 ? q : p;
  }
  return Shape(std::span(dims.data(), static_cast<std::size_t>(rank)));
}

bool broadcasts_to(const Shape& from, const Shape& to) {
  if (from.rank() > to.rank()) return false;
  for (int i = 1; i <= from.rank(); ++i) {
    const Index d = from[from.rank() - i];
    if (d != 1 && d != to[to.rank() - i]) return false;
  }
  return true;
}

int normalize_axis(std::string_view op, int axis, int rank) {
  if (axis < -rank || axis >= rank) {
    throw ShapeError(fmt::format("{}: axis {} is out of range for {} axes", op, axis, rank));
  }
  return axis < 0 ? axis + rank : axis;
}

}  // namespace dtheta
