#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#ifndef __GLIBCXX__  // there <span> has disable_sized_range, and <ranges> is large
#include <ranges>
#endif

namespace dtheta {

/// Counts, positions and the elements of index tensors. Signed, 64 bits.
using Index = std::ptrdiff_t;

/// The largest number of axes a tensor can have.
inline constexpr int max_rank = 8;

/// The axes of a dense row-major tensor. A default-constructed shape is that of a scalar.
///
/// A plain value of fixed size: copying never allocates. Construction throws ShapeError for a
/// negative dimension, more than max_rank axes, or a product that overflows Index.
///
/// As a range it is its dimensions. `size()` is the number of a tensor's elements all the same: see
/// disable_sized_range below.
class Shape {
 public:
  constexpr Shape() = default;
  Shape(std::initializer_list<Index> dims) : Shape(std::span(dims.begin(), dims.size())) {}
  explicit Shape(std::span<const Index> dims);

  [[nodiscard]] constexpr int rank() const { return static_cast<int>(rank_); }
  /// Number of elements: the product of all dimensions, 1 for a scalar.
  [[nodiscard]] constexpr Index size() const { return size_; }
  [[nodiscard]] constexpr Index operator[](int axis) const {
    return dims_[static_cast<std::size_t>(axis)];
  }
  [[nodiscard]] constexpr std::span<const Index> dims() const {
    return {dims_.data(), static_cast<std::size_t>(rank_)};
  }
  [[nodiscard]] constexpr const Index* begin() const { return dims_.data(); }
  [[nodiscard]] constexpr const Index* end() const { return dims_.data() + rank_; }

  friend constexpr bool operator==(const Shape& a, const Shape& b) {
    if (a.rank_ != b.rank_ || a.size_ != b.size_) return false;
    for (Index i = 0; i < a.rank_; ++i) {
      if (a[static_cast<int>(i)] != b[static_cast<int>(i)]) return false;
    }
    return true;
  }

 private:
  std::array<Index, max_rank> dims_{};
  Index size_ = 1;
  Index rank_ = 0;  // as wide as the rest: copies are then whole vectors, with no overlapping tail
};

}  // namespace dtheta

/// `size()` of a shape is not the length of the range from begin() to end(): algorithms are told
/// not to take it for that, and std::ranges::size counts the dimensions.
template <>
inline constexpr bool std::ranges::disable_sized_range<dtheta::Shape> = true;

namespace dtheta {

/// "(64, 784)"; "()" for a scalar.
[[nodiscard]] std::string to_string(const Shape& shape);

/// The shape two operands broadcast to, by NumPy's rule: aligned at the last axis, each pair of
/// dimensions equal or one of them 1. Throws ShapeError naming `op`, both shapes and the axis.
[[nodiscard]] Shape broadcast(std::string_view op, const Shape& a, const Shape& b);

/// True if `from` broadcasts to exactly `to`.
[[nodiscard]] bool broadcasts_to(const Shape& from, const Shape& to);

/// `axis` counted from the front: negative axes count from the back, as in NumPy.
/// Throws ShapeError naming `op` when it is outside [-rank, rank).
[[nodiscard]] int normalize_axis(std::string_view op, int axis, int rank);

}  // namespace dtheta
