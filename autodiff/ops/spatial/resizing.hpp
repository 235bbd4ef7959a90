#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "autodiff/axes.hpp"
#include "autodiff/errors.hpp"
#include "autodiff/ops/spatial/interpolate.hpp"
#include "autodiff/ops/spatial/window_rule.hpp"
#include "autodiff/scalar/real_attribute.hpp"

/// Resizing an axis as a sparse matrix: what the op and its adjoint share.
namespace dtheta::detail {

inline Index floor_div(Index a, Index b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }

/// The elements that an element of the result is made of, and their weights.
template <class T>
struct Blend {
  std::array<Index, 4> at{};
  std::array<T, 4> weight{};
  std::size_t count = 0;
};

/// Resizing an axis of `in` elements to `out`: a matrix with up to four entries in each row.
struct Resizing {
  int axis = 0;
  Index in = 1;
  Index out = 1;
  Resample mode = Resample::nearest;
  Coordinates coordinates = Coordinates::half_pixel;
  Nearest nearest = Nearest::floor;
  RealAttribute cubic = -0.75;
  RealAttribute scale = 0;
  friend constexpr bool operator==(const Resizing&, const Resizing&) = default;

  /// Row o of the matrix.
  template <class T>
  [[nodiscard]] Blend<T> blend(Index o) const {
    Blend<T> b;
    if (mode == Resample::nearest) {
      b.at[0] = std::clamp<Index>(nearest_to(o), 0, in - 1);
      b.weight[0] = T(1);
      b.count = 1;
      return b;
    }
    const auto [left, t] = place<T>(o);
    b.count = mode == Resample::linear ? 2 : 4;
    const Index first = mode == Resample::linear ? left : left - 1;
    for (std::size_t k = 0; k < b.count; ++k) {
      b.at[k] = std::clamp<Index>(first + static_cast<Index>(k), 0, in - 1);
    }
    if (mode == Resample::linear)
      b.weight = {T(1) - t, t};
    else
      b.weight = {outer(t + T(1)), inner(t), inner(T(1) - t), outer(T(2) - t)};
    return b;
  }

  /// Calls visit(blend, first row of those it takes from, its own row) for each row of `inner`
  /// elements of the result. Blends are made for some rows at a time and serve all of `outer`.
  template <class T, class Visit>
  void for_each_blend(const AxisSplit& s, Visit visit) const {
    constexpr Index at_once = 64;
    std::array<Blend<T>, static_cast<std::size_t>(at_once)> blends;
    for (Index first = 0; first < out; first += at_once) {
      const Index stop = std::min(out, first + at_once);
      for (Index o = first; o < stop; ++o)
        blends[static_cast<std::size_t>(o - first)] = blend<T>(o);
      for (Index p = 0; p < s.outer; ++p) {
        for (Index o = first; o < stop; ++o) {
          visit(blends[static_cast<std::size_t>(o - first)], p * in, p * out + o);
        }
      }
    }
  }

  [[nodiscard]] Shape resized(const Shape& shape, Index n) const {
    std::array<Index, max_rank> dims{};
    std::ranges::copy(shape, dims.begin());
    dims[static_cast<std::size_t>(axis)] = n;
    return Shape(std::span<const Index>(dims.data(), static_cast<std::size_t>(shape.rank())));
  }
  [[nodiscard]] ValueType resized(std::string_view op, const ValueType& x, Index from,
                                  Index to) const {
    require_real_operand(op, x);
    if (x.shape.rank() <= axis || x.shape[axis] != from) {
      throw ShapeError(fmt::format("{}: {} does not have {} elements along axis {}", op,
                                   to_string(x.shape), from, axis));
    }
    return {resized(x.shape, to), Kind::real};
  }

  struct Case {
    Shape x;
    int axis;
    Index out;
    InterpolateOptions options;
    [[nodiscard]] Resizing op() const;
  };
  static std::vector<Case> cases();

 private:
  /// A place among the elements as a fraction.
  struct Fraction {
    Index num;
    Index den;
  };
  [[nodiscard]] Fraction fraction(Index o) const {
    switch (coordinates) {
      case Coordinates::half_pixel:
        return {(2 * o + 1) * in - out, 2 * out};
      case Coordinates::align_corners:
        return {out > 1 ? o * (in - 1) : 0, out > 1 ? out - 1 : 1};
      case Coordinates::asymmetric:
        return {o * in, out};
    }
    return {0, 1};
  }
  /// The same, by the given scale.
  template <class T>
  [[nodiscard]] T scaled(Index o) const {
    const T half = T(0.5), position = T(static_cast<double>(o));
    return coordinates == Coordinates::half_pixel ? (position + half) / scale.in<T>() - half
                                                  : position / scale.in<T>();
  }
  [[nodiscard]] bool by_scale() const {
    return scale != 0 && coordinates != Coordinates::align_corners;
  }

  [[nodiscard]] Index nearest_to(Index o) const {
    if (by_scale()) {
      const double x = scaled<double>(o);
      switch (nearest) {
        case Nearest::floor:
          return static_cast<Index>(std::floor(x));
        case Nearest::ceil:
          return static_cast<Index>(std::ceil(x));
        case Nearest::round_half_down:
          return static_cast<Index>(std::ceil(x - 0.5));
        case Nearest::round_half_up:
          return static_cast<Index>(std::floor(x + 0.5));
      }
    }
    const auto [num, den] = fraction(o);
    switch (nearest) {
      case Nearest::floor:
        return floor_div(num, den);
      case Nearest::ceil:
        return -floor_div(-num, den);
      case Nearest::round_half_down:
        return -floor_div(den - 2 * num, 2 * den);
      case Nearest::round_half_up:
        return floor_div(2 * num + den, 2 * den);
    }
    return 0;
  }

  /// The element left of place o, the same in every scalar, and how far behind it the place is.
  template <class T>
  [[nodiscard]] std::pair<Index, T> place(Index o) const {
    if (by_scale()) {
      const auto left = static_cast<Index>(std::floor(scaled<double>(o)));
      return {left, scaled<T>(o) - T(static_cast<double>(left))};
    }
    const auto [num, den] = fraction(o);
    const Index left = floor_div(num, den);
    return {left, T(static_cast<double>(num - left * den)) / T(static_cast<double>(den))};
  }

  /// Keys' cubic at distances up to 1 and from 1 to 2.
  template <class T>
  [[nodiscard]] T inner(T d) const {
    const T a = cubic.in<T>();
    return ((a + T(2)) * d - (a + T(3))) * d * d + T(1);
  }
  template <class T>
  [[nodiscard]] T outer(T d) const {
    const T a = cubic.in<T>();
    return ((a * d - T(5) * a) * d + T(8) * a) * d - T(4) * a;
  }
};

/// The resizing of an axis that these options ask for.
inline Resizing resizing(int axis, Index in, Index out, const InterpolateOptions& o) {
  const Coordinates usual =
      o.mode == Resample::nearest ? Coordinates::asymmetric : Coordinates::half_pixel;
  return {axis, in, out, o.mode, o.coordinates.value_or(usual), o.nearest, o.cubic, o.scale};
}

inline Resizing Resizing::Case::op() const { return resizing(axis, x[axis], out, options); }

inline std::vector<Resizing::Case> Resizing::cases() {
  std::vector<Case> list;
  for (const Resample mode : {Resample::nearest, Resample::linear, Resample::cubic}) {
    list.push_back({{3}, 0, 6, {.mode = mode}});
    list.push_back({{2, 5}, 1, 3, {.mode = mode}});
    list.push_back({{3, 2}, 0, 4, {.mode = mode, .coordinates = Coordinates::align_corners}});
    list.push_back({{4}, 0, 1, {.mode = mode, .coordinates = Coordinates::align_corners}});
    list.push_back({{1, 1}, 1, 3, {.mode = mode, .coordinates = Coordinates::half_pixel}});
    list.push_back({{2, 3, 2}, 1, 5, {.mode = mode, .coordinates = Coordinates::asymmetric}});
    list.push_back({{4}, 0, 6, {.mode = mode, .scale = 1.625}});
    list.push_back({{0, 3}, 1, 2, {.mode = mode}});
  }
  for (const Nearest n : {Nearest::ceil, Nearest::round_half_down, Nearest::round_half_up}) {
    list.push_back({{3}, 0, 5, {.coordinates = Coordinates::half_pixel, .nearest = n}});
    list.push_back({{4}, 0, 6, {.nearest = n, .scale = 1.5}});
  }
  list.push_back({{4}, 0, 7, {.mode = Resample::cubic, .cubic = -0.5}});
  return list;
}

}  // namespace dtheta::detail
