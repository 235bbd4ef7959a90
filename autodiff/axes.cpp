#include "autodiff/axes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "autodiff/errors.hpp"

namespace dtheta {

Axes::Axes(std::span<const int> axes) {
  if (axes.size() > max_rank) {
    throw ShapeError(fmt::format("axes ({}): {} axes, at most {} are supported",
                                 fmt::join(axes, ", "), axes.size(), max_rank));
  }
  std::ranges::copy(axes, axes_.begin());
  size_ = static_cast<int>(axes.size());
}

Axes all_axes(int rank) {
  std::array<int, max_rank> axes{};
  for (int i = 0; i < rank; ++i) axes[static_cast<std::size_t>(i)] = i;
  return Axes(std::span<const int>(axes.data(), static_cast<std::size_t>(rank)));
}

Axes normalize_axes(std::string_view op, const Axes& axes, int rank) {
  std::array<bool, max_rank> named{};
  for (int a : axes) {
    bool& seen = named[static_cast<std::size_t>(normalize_axis(op, a, rank))];
    if (seen) {
      throw ShapeError(
          fmt::format("{}: axes ({}) name an axis of {} twice", op, fmt::join(axes, ", "), rank));
    }
    seen = true;
  }
  std::array<int, max_rank> sorted{};
  std::size_t count = 0;
  for (int a = 0; a < rank; ++a) {
    if (named[static_cast<std::size_t>(a)]) sorted[count++] = a;
  }
  return Axes(std::span<const int>(sorted.data(), count));
}

AxisSplit::AxisSplit(const Shape& shape, int first, int count) {
  for (int i = 0; i < shape.rank(); ++i) {
    (i < first ? outer : i < first + count ? n : inner) *= shape[i];
  }
}

Shape reduced_shape(const Shape& shape, int first, int count, bool keepdims) {
  std::array<Index, max_rank> dims{};
  std::size_t rank = 0;
  for (int i = 0; i < shape.rank(); ++i) {
    const bool reduced = i >= first && i < first + count;
    if (!reduced)
      dims[rank++] = shape[i];
    else if (keepdims)
      dims[rank++] = 1;
  }
  return Shape(std::span<const Index>(dims.data(), rank));
}

}  // namespace dtheta
