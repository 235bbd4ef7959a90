#include "autodiff/ops/network/interpolate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "autodiff/axes.hpp"
#include "autodiff/errors.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/network/window_rule.hpp"

namespace dtheta {
namespace {

Index floor_div(Index a, Index b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }

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
  double cubic = -0.75;
  double scale = 0;
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

  [[nodiscard]] Shape resized(const Shape& shape, Index n) const {
    std::array<Index, max_rank> dims{};
    std::ranges::copy(shape, dims.begin());
    dims[static_cast<std::size_t>(axis)] = n;
    return Shape(std::span<const Index>(dims.data(), static_cast<std::size_t>(shape.rank())));
  }
  [[nodiscard]] ValueType resized(std::string_view op, const ValueType& x, Index from,
                                  Index to) const {
    detail::require_real_operand(op, x);
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
    return coordinates == Coordinates::half_pixel ? (position + half) / T(scale) - half
                                                  : position / T(scale);
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
    const T a = T(cubic);
    return ((a + T(2)) * d - (a + T(3))) * d * d + T(1);
  }
  template <class T>
  [[nodiscard]] T outer(T d) const {
    const T a = T(cubic);
    return ((a * d - T(5) * a) * d + T(8) * a) * d - T(4) * a;
  }
};

Resizing resizing(int axis, Index in, Index out, const InterpolateOptions& o) {
  const Coordinates usual =
      o.mode == Resample::nearest ? Coordinates::asymmetric : Coordinates::half_pixel;
  return {axis, in, out, o.mode, o.coordinates.value_or(usual), o.nearest, o.cubic, o.scale};
}

Resizing Resizing::Case::op() const { return resizing(axis, x[axis], out, options); }

std::vector<Resizing::Case> Resizing::cases() {
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

/// d resize(x) = resize(dx)
struct Resize : Resizing {
  static constexpr OpInfo info{.name = "resize_axis", .analytic = true, .linear = true};
  [[nodiscard]] ValueType infer(Types types) const { return resized(info.name, types[0], in, out); }
  template <class T>
  void forward(const Call<T>& call) const {
    const AxisSplit s(call.shape(0), axis, 1);
    std::fill_n(call.output(), call.out_shape().size(), T(0));
    for (Index o = 0; o < out; ++o) {
      const Blend<T> b = blend<T>(o);
      for (Index p = 0; p < s.outer; ++p) {
        T* to = call.output() + (p * out + o) * s.inner;
        for (std::size_t k = 0; k < b.count; ++k) {
          const T* from = call.input(0) + (p * in + b.at[k]) * s.inner;
          for (Index i = 0; i < s.inner; ++i) to[i] += b.weight[k] * from[i];
        }
      }
    }
  }
  [[nodiscard]] Var vjp(int, const Primal&, Var c) const;
  static std::vector<Sample<Resize>> samples() {
    std::vector<Sample<Resize>> list;
    for (const Case& c : cases()) list.push_back({{c.op()}, {real(c.x)}});
    return list;
  }
};

/// d resize_axis_adjoint(y) = resize_axis_adjoint(dy)
struct ResizeAdjoint : Resizing {
  static constexpr OpInfo info{.name = "resize_axis_adjoint", .analytic = true, .linear = true};
  [[nodiscard]] ValueType infer(Types types) const { return resized(info.name, types[0], out, in); }
  template <class T>
  void forward(const Call<T>& call) const {
    const AxisSplit s(call.shape(0), axis, 1);
    std::fill_n(call.output(), call.out_shape().size(), T(0));
    for (Index o = 0; o < out; ++o) {
      const Blend<T> b = blend<T>(o);
      for (Index p = 0; p < s.outer; ++p) {
        const T* from = call.input(0) + (p * out + o) * s.inner;
        for (std::size_t k = 0; k < b.count; ++k) {
          T* to = call.output() + (p * in + b.at[k]) * s.inner;
          for (Index i = 0; i < s.inner; ++i) to[i] += b.weight[k] * from[i];
        }
      }
    }
  }
  [[nodiscard]] Var vjp(int, const Primal&, Var c) const { return apply(Resize{*this}, {c}); }
  static std::vector<Sample<ResizeAdjoint>> samples() {
    std::vector<Sample<ResizeAdjoint>> list;
    for (const Case& c : cases()) {
      list.push_back({{c.op()}, {real(c.op().resized(c.x, c.out))}});
    }
    return list;
  }
};

Var Resize::vjp(int, const Primal&, Var c) const { return apply(ResizeAdjoint{*this}, {c}); }

Var resize(std::string_view op, Arg x, int axis, Index size, const InterpolateOptions& o) {
  const Shape shape = x.var().shape();
  detail::require_real_operand(op, x.var());
  if (size < 1 || shape[axis] < 1) {
    throw ShapeError(fmt::format("{}: axis {} of {} cannot be resized from {} to {} elements", op,
                                 axis, to_string(shape), shape[axis], size));
  }
  if (!(o.scale >= 0 && o.scale < 0x1p30)) {
    throw ValueError(fmt::format("{}: the scale must be positive and finite, not {}", op, o.scale));
  }
  return apply(Resize{resizing(axis, shape[axis], size, o)}, {x});
}

int spatial_axes(std::string_view op, const Shape& x, const PerAxis& sizes) {
  if (x.rank() < 3) {
    throw ShapeError(fmt::format("{}: {} has no spatial axes: (samples, channels, ...) is needed",
                                 op, to_string(x)));
  }
  detail::require_per_axis(op, "size", sizes, x.rank() - 2, 1);
  return x.rank() - 2;
}

}  // namespace

Var resize_axis(Arg x, int axis, Index size, const InterpolateOptions& options) {
  return resize("resize_axis", x, normalize_axis("resize_axis", axis, x.var().rank()), size,
                options);
}

Var interpolate(Arg x, PerAxis size, const InterpolateOptions& options) {
  const int axes = spatial_axes("interpolate", x.var().shape(), size);
  Var y = x.var();
  for (int i = 0; i < axes; ++i) y = resize("interpolate", Arg(y, x.at()), 2 + i, size[i], options);
  return y;
}

Var upsample(Arg x, PerAxis factor, const InterpolateOptions& options) {
  const int axes = spatial_axes("upsample", x.var().shape(), factor);
  Var y = x.var();
  for (int i = 0; i < axes; ++i) {
    y = resize("upsample", Arg(y, x.at()), 2 + i, y.shape()[2 + i] * factor[i], options);
  }
  return y;
}

std::span<const OpRecord* const> interpolate_ops() {
  return OpList<Resize, ResizeAdjoint>::records;
}

}  // namespace dtheta
