#pragma once

#include <fmt/format.h>

#include <utility>

#include "autodiff/kernels/strided.hpp"
#include "autodiff/ops/shape/scatter_rules.hpp"

namespace dtheta::detail {

/// One index for each element, along one axis.
struct AlongAxis {
  int axis = 0;
  friend constexpr bool operator==(const AlongAxis&, const AlongAxis&) = default;

  struct Names {
    static constexpr std::string_view gather = "take_along_axis", put = "put_along_axis",
                                      add = "scatter_add_along_axis",
                                      gather_last = "take_last_along_axis";
  };
  [[nodiscard]] Shape updates_shape(std::string_view op, const Shape& x, const Shape& at) const {
    bool fits = x.rank() == at.rank();
    for (int i = 0; fits && i < x.rank(); ++i) fits = i == axis || at[i] <= x[i];
    if (!fits) {
      throw ShapeError(
          fmt::format("{}: indices {} for {}: as many axes, and none but axis {} "
                      "larger, are needed",
                      op, to_string(at), to_string(x), axis));
    }
    return at;
  }
  template <class Visit>
  void for_each(std::string_view op, const Shape& x, const Shape& at, const Index* values,
                Visit visit) const {
    const int last = x.rank() - 1;
    auto strides = strides_of(x);
    const Index along = std::exchange(strides[static_cast<std::size_t>(axis)], 0);
    const Index step = strides[static_cast<std::size_t>(last)];
    for_each_run(at, strides, [&](Index position, Index offset) {
      for (Index i = position; i < position + at[last]; ++i, offset += step) {
        const Index at_axis = checked_index(op, values, i, x[axis]);
        visit(offset + at_axis * along, i, Index{1});
      }
    });
  }

  static std::vector<Place<AlongAxis>> places() {
    return {{{0}, {4}, index({3}, {2, 0, 3})},
            {{0}, {4}, index({6}, {1, 1, -1, 0, 1, 3})},
            {{0}, {3, 2}, index({2, 2}, {2, 0, 1, 1})},
            {{1}, {2, 3}, index({2, 4}, {0, 2, 1, 0, -1, -3, 1, 1})},
            {{1}, {2, 3}, index({1, 2}, {2, 2})},
            {{0}, {3, 3}, index({4, 1}, {0, 2, 2, 1})},
            {{1}, {2, 3, 2}, index({2, 1, 2}, {2, 0, 1, 1})},
            {{2}, {2, 1, 3}, index({2, 1, 2}, {2, 0, 1, 1})},
            {{1}, {1, 1}, index({1, 3}, {0, -1, 0})},
            {{0}, {3}, index({0}, {})},
            {{1}, {0, 3}, index({0, 2}, {})},
            {{0}, {5, 2}, index({5, 2}, {4, 0, 3, 1, 2, 2, 1, 3, 0, 4})}};
  }
};

}  // namespace dtheta::detail
