#include "autodiff/ops/shape/pad.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "autodiff/errors.hpp"
#include "autodiff/kernels/strided.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/operands.hpp"
#include "autodiff/scalar/real_attribute.hpp"

namespace dtheta {
namespace {

/// Where each element of a padded tensor comes from.
struct Frame {
  std::array<PadWidth, max_rank> widths{};
  PadMode mode = PadMode::constant;
  friend constexpr bool operator==(const Frame&, const Frame&) = default;

  /// For values with one more axis in front, around which nothing is added.
  [[nodiscard]] Frame behind_one() const {
    Frame moved = *this;
    std::copy_backward(moved.widths.begin(), moved.widths.end() - 1, moved.widths.end());
    moved.widths[0] = {};
    return moved;
  }
  [[nodiscard]] PadWidth width(int axis) const { return widths[static_cast<std::size_t>(axis)]; }

  /// The position on an axis of n elements from which position i of the padded axis is copied; -1
  /// for the constant.
  [[nodiscard]] Index source(int axis, Index n, Index i) const {
    const Index at = i - width(axis).before;
    if (at >= 0 && at < n) return at;
    switch (mode) {
      case PadMode::constant:
        return -1;
      case PadMode::reflect:
        return at < 0 ? -at : 2 * (n - 1) - at;
      case PadMode::replicate:
        return at < 0 ? 0 : n - 1;
      case PadMode::circular:
        return at < 0 ? at + n : at - n;
    }
    return -1;
  }

  /// Calls row(start of the source row or -1, start of the padded row) for each row of the last
  /// axis. The padded shape must have at least one axis.
  template <class Row>
  void for_each_row(const Shape& from, const Shape& padded, Row row) const {
    const auto strides = strides_of(from);
    const int last = padded.rank() - 1;
    std::array<Index, max_rank> at{};
    for (Index start = 0; start < padded.size(); start += padded[last]) {
      Index offset = 0;
      for (int axis = 0; axis < last && offset >= 0; ++axis) {
        const auto a = static_cast<std::size_t>(axis);
        const Index position = source(axis, from[axis], at[a]);
        offset = position < 0 ? -1 : offset + position * strides[a];
      }
      row(offset, start);
      for (int axis = last; axis-- > 0;) {
        const auto a = static_cast<std::size_t>(axis);
        if (++at[a] < padded[axis]) break;
        at[a] = 0;
      }
    }
  }

  /// The part of a padded row of n elements that lies over the source row of m.
  struct Middle {
    Index begin, count, source;
  };
  [[nodiscard]] Middle middle(int axis, Index m, Index n) const {
    const PadWidth w = width(axis);
    const Index begin = std::clamp<Index>(w.before, 0, n);
    return {begin, std::clamp<Index>(w.before + m, begin, n) - begin,
            std::max<Index>(-w.before, 0)};
  }
};

/// Shapes where a scalar, which has no rows, counts as one row of one element.
Shape rows_of(const Shape& s) { return s.rank() == 0 ? Shape{1} : s; }

struct Unpad {
  Frame frame;
  Shape shape;  // without the frame
  friend constexpr bool operator==(const Unpad&, const Unpad&) = default;

  static constexpr OpInfo info{.name = "unpad", .analytic = true, .linear = true};
  static constexpr OpRule rule{
      "y = what pad hands to its operand: each element of the frame added where it was copied from",
      "dy = unpad(dc)"};
  [[nodiscard]] ValueType infer(Types in) const {
    detail::require_real(info.name, in);
    return {shape, Kind::real};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const Shape from = rows_of(shape), padded = rows_of(call.shape(0));
    const int last = padded.rank() - 1;
    const Index m = from[last], n = padded[last];
    std::fill_n(call.output(), shape.size(), T(0));
    const Frame::Middle mid = frame.middle(last, m, n);
    frame.for_each_row(from, padded, [&](Index offset, Index start) {
      if (offset < 0) return;
      const T* c = call.input(0) + start;
      T* out = call.output() + offset;
      const auto add = [&](Index i) {
        const Index to = frame.source(last, m, i);
        if (to >= 0) out[to] += c[i];
      };
      for (Index i = 0; i < mid.begin; ++i) add(i);
      for (Index i = 0; i < mid.count; ++i) out[mid.source + i] += c[mid.begin + i];
      for (Index i = mid.begin + mid.count; i < n; ++i) add(i);
    });
  }
  [[nodiscard]] Var vjp(int, const Primal&, Var c) const;
  [[nodiscard]] Var batch(const Batch& b) const {
    std::vector<Index> dims{b.size};
    dims.insert(dims.end(), shape.begin(), shape.end());
    return apply(Unpad{frame.behind_one(), Shape(dims)}, {b[0]});
  }
  static std::vector<Sample<Unpad>> samples();
};

struct Pad {
  Frame frame;
  RealAttribute value = 0;
  friend constexpr bool operator==(const Pad&, const Pad&) = default;

  static constexpr OpInfo info{.name = "pad", .analytic = true};
  static constexpr OpRule rule{"y = x with elements around it",
                               "dy = pad(dx), with 0 for a constant frame"};
  [[nodiscard]] ValueType infer(Types in) const {
    detail::require_real(info.name, in);
    const Shape& s = in[0].shape;
    std::array<Index, max_rank> dims{};
    for (int i = 0; i < s.rank(); ++i) {
      const PadWidth w = frame.width(i);
      dims[static_cast<std::size_t>(i)] = s[i] + w.before + w.after;
      require_source(s, i, w);
    }
    return {Shape(std::span<const Index>(dims.data(), static_cast<std::size_t>(s.rank()))),
            Kind::real};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const Shape from = rows_of(call.shape(0)), padded = rows_of(call.out_shape());
    const int last = padded.rank() - 1;
    const Index m = from[last], n = padded[last];
    const Frame::Middle mid = frame.middle(last, m, n);
    frame.for_each_row(from, padded, [&](Index offset, Index start) {
      T* out = call.output() + start;
      if (offset < 0) {
        std::fill_n(out, n, value.in<T>());
        return;
      }
      const T* x = call.input(0) + offset;
      const auto copy = [&](Index i) {
        const Index at = frame.source(last, m, i);
        out[i] = at < 0 ? value.in<T>() : x[at];
      };
      for (Index i = 0; i < mid.begin; ++i) copy(i);
      std::copy_n(x + mid.source, mid.count, out + mid.begin);
      for (Index i = mid.begin + mid.count; i < n; ++i) copy(i);
    });
  }
  [[nodiscard]] Var vjp(int, const Primal& p, Var c) const {
    return apply(Unpad{frame, p[0].shape()}, {c});
  }
  [[nodiscard]] Var jvp(const Primal&, std::span<const Var> t) const {
    return apply(Pad{frame, 0}, {t[0]});
  }
  [[nodiscard]] Var batch(const Batch& b) const {
    return apply(Pad{frame.behind_one(), value}, {b[0]});
  }
  static std::vector<Sample<Pad>> samples() {
    std::vector<Sample<Pad>> list;
    for (PadMode mode :
         {PadMode::constant, PadMode::reflect, PadMode::replicate, PadMode::circular}) {
      const double value = mode == PadMode::constant ? 2.5 : 0;
      list.push_back({{{{{{1, 2}}}, mode}, value}, {real({4})}});
      list.push_back({{{{{{1, 0}, {0, 2}}}, mode}, value}, {real({3, 4})}});
      list.push_back({{{{{{0, 0}, {1, 1}, {2, 1}}}, mode}, value}, {real({2, 3, 4})}});
      list.push_back({{{{{{0, 0}, {2, 2}}}, mode}, value}, {real({1, 3})}});
      list.push_back({{{{{{0, 0}, {1, 1}}}, mode}, value}, {real({0, 3})}});
      list.push_back({{{{}, mode}, value}, {real({})}});
      list.push_back({{{{{{-1, 2}, {1, -2}}}, mode}, value}, {real({3, 4})}});
    }
    list.push_back({{{{{{2, 1}}}, PadMode::constant}, 0}, {real({0})}});
    list.push_back({{{{{{5, 5}}}, PadMode::replicate}, 0}, {real({1})}});
    list.push_back({{{{{{3, 3}}}, PadMode::circular}, 0}, {real({3})}});
    list.push_back({{{{{{1, 1}}}, PadMode::reflect}, 0}, {given({2}, {1e30, -1e-30})}});
    return list;
  }

 private:
  void require_source(const Shape& s, int axis, PadWidth w) const {
    const Index n = s[axis], widest = std::max(w.before, w.after);
    const bool removed = n + std::min<Index>(w.before, 0) + std::min<Index>(w.after, 0) < 0;
    const bool missing = (frame.mode == PadMode::reflect && widest > 0 && widest >= n) ||
                         (frame.mode == PadMode::circular && widest > n) ||
                         (frame.mode == PadMode::replicate && widest > 0 && n == 0);
    if (removed || missing) {
      constexpr std::array names{"constant", "reflect", "replicate", "circular"};
      throw ShapeError(fmt::format("pad: widths ({}, {}) do not fit axis {} of {} in mode {}",
                                   w.before, w.after, axis, to_string(s),
                                   names[static_cast<std::size_t>(frame.mode)]));
    }
  }
};

Var Unpad::vjp(int, const Primal&, Var c) const { return apply(Pad{frame, 0}, {c}); }

std::vector<Sample<Unpad>> Unpad::samples() {
  std::vector<Sample<Unpad>> list;
  for (const Sample<Pad>& s : Pad::samples()) {
    const ValueType in{s.inputs[0].shape};
    const Operand operand{nullptr, &in};
    list.push_back({{s.op.frame, in.shape}, {real(s.op.infer(std::span(&operand, 1)).shape)}});
  }
  return list;
}

}  // namespace

Var pad(Arg x, std::span<const PadWidth> widths, PadMode mode, double value) {
  const Shape& s = x.var().shape();
  const auto rank = static_cast<std::size_t>(s.rank());
  if (widths.size() > rank) {
    throw ShapeError(
        fmt::format("pad: widths for {} axes given, {} has {}", widths.size(), to_string(s), rank));
  }
  Pad op{{{}, mode}, value};
  std::ranges::copy(widths, op.frame.widths.begin() + static_cast<Index>(rank - widths.size()));
  return apply(op, {x});
}

Var pad(Arg x, std::initializer_list<PadWidth> widths, PadMode mode, double value) {
  return pad(x, std::span(widths.begin(), widths.size()), mode, value);
}

std::span<const OpEntry> pad_ops() { return OpList<Pad, Unpad>::entries; }

}  // namespace dtheta
