#include "autodiff/ops/spatial/interpolate.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "autodiff/axes.hpp"
#include "autodiff/errors.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/spatial/resizing.hpp"
#include "autodiff/ops/spatial/window_rule.hpp"

namespace dtheta {
namespace {

using detail::Blend, detail::Resizing, detail::resizing;

struct Resize : Resizing {
  static constexpr OpInfo info{.name = "resize_axis", .analytic = true, .linear = true};
  static constexpr OpRule rule{
      "y = R x along an axis, rows of R the weights of what is between elements", "dy = R dx"};
  [[nodiscard]] ValueType infer(Types types) const { return resized(info.name, types[0], in, out); }
  template <class T>
  void forward(const Call<T>& call) const {
    const AxisSplit s(call.shape(0), axis, 1);
    for_each_blend<T>(s, [&](const Blend<T>& b, Index from_row, Index to_row) {
      T* to = call.output() + to_row * s.inner;
      const auto from = [&](std::size_t k) {
        return call.input(0) + (from_row + b.at[k]) * s.inner;
      };
      const T *const first = from(0), w0 = b.weight[0];
      if (b.count == 1) {
        for (Index i = 0; i < s.inner; ++i) to[i] = w0 * first[i];
        return;
      }
      const T *const second = from(1), w1 = b.weight[1];
      for (Index i = 0; i < s.inner; ++i) to[i] = w0 * first[i] + w1 * second[i];
      for (std::size_t k = 2; k < b.count; ++k) {
        const T *const next = from(k), w = b.weight[k];
        for (Index i = 0; i < s.inner; ++i) to[i] += w * next[i];
      }
    });
  }
  [[nodiscard]] Var vjp(int, const Primal&, Var c) const;
  [[nodiscard]] Var batch(const Batch& b) const {
    Resize moved = *this;
    ++moved.axis;
    return apply(moved, {b[0]});
  }
  static std::vector<Sample<Resize>> samples() {
    std::vector<Sample<Resize>> list;
    for (const Case& c : cases()) list.push_back({{c.op()}, {real(c.x)}});
    return list;
  }
};

struct ResizeAdjoint : Resizing {
  static constexpr OpInfo info{.name = "resize_axis_adjoint", .analytic = true, .linear = true};
  static constexpr OpRule rule{"y = R^T c along an axis, the adjoint of resize_axis",
                               "dy = R^T dc"};
  [[nodiscard]] ValueType infer(Types types) const { return resized(info.name, types[0], out, in); }
  template <class T>
  void forward(const Call<T>& call) const {
    const AxisSplit s(call.shape(0), axis, 1);
    std::fill_n(call.output(), call.out_shape().size(), T(0));
    for_each_blend<T>(s, [&](const Blend<T>& b, Index to_row, Index from_row) {
      const T* from = call.input(0) + from_row * s.inner;
      for (std::size_t k = 0; k < b.count; ++k) {
        T* to = call.output() + (to_row + b.at[k]) * s.inner;
        const T w = b.weight[k];
        for (Index i = 0; i < s.inner; ++i) to[i] += w * from[i];
      }
    });
  }
  [[nodiscard]] Var vjp(int, const Primal&, Var c) const { return apply(Resize{*this}, {c}); }
  [[nodiscard]] Var batch(const Batch& b) const {
    ResizeAdjoint moved = *this;
    ++moved.axis;
    return apply(moved, {b[0]});
  }
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
  // The last axis first, along which rows of single elements take longest: there are fewer of them.
  for (int i = axes; i-- > 0;) {
    y = resize("interpolate", Arg(y, x.at()), 2 + i, size[i], options);
  }
  return y;
}

Var upsample(Arg x, PerAxis factor, const InterpolateOptions& options) {
  const int axes = spatial_axes("upsample", x.var().shape(), factor);
  Var y = x.var();
  for (int i = axes; i-- > 0;) {
    y = resize("upsample", Arg(y, x.at()), 2 + i, y.shape()[2 + i] * factor[i], options);
  }
  return y;
}

std::span<const OpEntry> interpolate_ops() { return OpList<Resize, ResizeAdjoint>::entries; }

}  // namespace dtheta
