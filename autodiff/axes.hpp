#pragma once

#include <array>
#include <initializer_list>
#include <string_view>

#include "autodiff/shape.hpp"

namespace dtheta {

/// A list of axes; negative ones count from the back. A plain value of fixed size.
class Axes {
 public:
  constexpr Axes() = default;
  /// Throws ShapeError for more than max_rank axes.
  Axes(std::initializer_list<int> axes) : Axes(std::span(axes.begin(), axes.size())) {}
  explicit Axes(std::span<const int> axes);
  Axes(int axis) : Axes(std::span<const int>(&axis, 1)) {}

  [[nodiscard]] constexpr int size() const { return size_; }
  [[nodiscard]] constexpr int operator[](int i) const { return axes_[static_cast<std::size_t>(i)]; }
  [[nodiscard]] constexpr const int* begin() const { return axes_.data(); }
  [[nodiscard]] constexpr const int* end() const { return axes_.data() + size_; }
  friend constexpr bool operator==(const Axes&, const Axes&) = default;

 private:
  std::array<int, max_rank> axes_{};
  int size_ = 0;
};

/// Every axis of a tensor of the given rank.
[[nodiscard]] Axes all_axes(int rank);

/// The axes from the front, in increasing order. Throws ShapeError naming `op` for an axis out of
/// range or named twice.
[[nodiscard]] Axes normalize_axes(std::string_view op, const Axes& axes, int rank);

/// A tensor seen as (outer, n, inner), where n runs over some adjacent axes.
struct AxisSplit {
  Index outer = 1;
  Index n = 1;
  Index inner = 1;
  AxisSplit(const Shape& shape, int first, int count);
};

/// `shape` with axes [first, first + count) set to 1, or left out.
[[nodiscard]] Shape reduced_shape(const Shape& shape, int first, int count, bool keepdims);

}  // namespace dtheta
