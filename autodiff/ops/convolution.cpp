#include "autodiff/ops/convolution.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "autodiff/errors.hpp"
#include "autodiff/kernels/convolution.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/channels.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/shape.hpp"
#include "autodiff/ops/window_rule.hpp"

namespace dtheta {
namespace {

/// T(x, w, y) = sum of y * conv(x, w) is linear in each of the three; the ops below are its
/// derivatives with respect to y, x and w. So each one's derivatives are the other two.
struct Geometry {
  Window window;
  Index groups = 1;
  friend constexpr bool operator==(const Geometry&, const Geometry&) = default;

  [[nodiscard]] Var conv(Var x, Var w) const;
  [[nodiscard]] Var data_grad(Var y, Var w) const;
  [[nodiscard]] Var weight_grad(Var x, Var y) const;
  /// y for operands (x, w) or (x, w, bias), and many of them at once.
  [[nodiscard]] Var conv(std::span<const Var> in) const;
  [[nodiscard]] Var batched_conv(const Batch& b) const;

  /// (first, second, last axes of `like`), where those are given by the window.
  [[nodiscard]] Shape shaped(Index first, Index second, const Window::PerAxis& last) const {
    std::array<Index, max_rank> dims{first, second};
    std::copy(last.end() - window.axes, last.end(), dims.begin() + 2);
    return Shape(std::span<const Index>(dims.data(), static_cast<std::size_t>(window.axes + 2)));
  }
  [[nodiscard]] detail::Convolution kernel(Index samples, const Shape& w) const {
    return {window, groups, samples, w[1], w[0] / groups};
  }
  /// Throws ShapeError naming `op` unless x, w and y are those of one convolution. The operands
  /// that the op has are named first.
  void require(std::string_view op, std::span<const ValueType> in, const Shape& x, const Shape& w,
               const Shape& y) const {
    for (const ValueType& t : in) detail::require_real_operand(op, t);
    const auto is = [&](const Shape& s, const Window::PerAxis& last) {
      return s.rank() == window.axes + 2 && s == shaped(s[0], s[1], last);
    };
    const bool fits = is(x, window.in) && is(w, window.size) && is(y, window.out) && x[0] == y[0] &&
                      x[1] == groups * w[1] && y[1] == w[0] && w[0] % groups == 0;
    if (!fits) {
      throw ShapeError(fmt::format("{}: {} and {} do not fit in {} group{}: {} * {} = {}", op,
                                   to_string(in[0].shape), to_string(in[1].shape), groups,
                                   groups == 1 ? "" : "s", to_string(x), to_string(w),
                                   to_string(y)));
    }
  }
};

Index divided(Index n, Index groups) { return groups > 0 ? n / groups : 0; }
Index dim(const Shape& s, int axis) { return axis < s.rank() ? s[axis] : 0; }

struct Case {
  Shape x, w;
  detail::WindowRule rule;
  Index groups = 1;

  [[nodiscard]] Geometry geometry() const {
    return {detail::sliding_window("conv", x, x.rank() - 2, rule), groups};
  }
  [[nodiscard]] Shape y() const {
    const Geometry g = geometry();
    return g.shaped(x[0], w[0], g.window.out);
  }
};

/// What each of the three ops is tested on.
std::vector<Case> cases() {
  return {{{2, 1, 4}, {2, 1, 3}, {.size = 3}},
          {{1, 2, 5}, {2, 2, 2}, {.size = 2, .stride = 2}},
          {{2, 2, 3}, {1, 2, 3}, {.size = 3, .before = 1, .after = 1}},
          {{1, 1, 6}, {2, 1, 2}, {.size = 2, .stride = 2, .before = 1, .dilation = 3}},
          {{1, 4, 3}, {4, 1, 2}, {.size = 2}, 4},
          {{1, 1, 2}, {1, 1, 2}, {.size = 2, .stride = 3, .before = 3, .after = 4}},
          {{2, 3, 1}, {2, 3, 1}, {.size = 1}},
          {{0, 2, 3}, {2, 2, 2}, {.size = 2}},
          {{2, 0, 3}, {2, 0, 2}, {.size = 2}},
          {{2, 2, 3}, {0, 2, 2}, {.size = 2}},
          {{1, 2, 3, 4}, {2, 2, 2, 3}, {.size = {2, 3}}},
          {{2, 1, 3, 3}, {2, 1, 2, 2}, {.size = 2, .stride = {2, 1}, .before = {1, 0}, .after = 1}},
          {{1, 2, 4, 3}, {2, 1, 2, 2}, {.size = 2, .before = 1, .dilation = {2, 1}}, 2},
          {{1, 3, 2, 2}, {2, 3, 1, 1}, {.size = 1}},
          {{1, 2, 3, 3}, {1, 2, 1, 1}, {.size = 1, .stride = 2}},
          {{1, 1, 2, 2, 3}, {2, 1, 2, 1, 2}, {.size = {2, 1, 2}}},
          {{1, 2, 2, 1, 3},
           {2, 1, 2, 1, 2},
           {.size = {2, 1, 2}, .stride = {1, 1, 2}, .before = {1, 0, 1}},
           2}};
}

/// d conv(x, w) = conv(dx, w) + conv(x, dw)
struct Conv : Geometry {
  static constexpr OpInfo info{.name = "conv", .arity = 2, .analytic = true, .multilinear = true};
  [[nodiscard]] ValueType infer(std::span<const ValueType> in) const {
    const Shape &x = in[0].shape, &w = in[1].shape;
    const Shape y = shaped(dim(x, 0), dim(w, 0), window.out);
    require(info.name, in, x, w, y);
    return {y, Kind::real};
  }
  [[nodiscard]] std::size_t scratch(std::span<const ValueType> in) const {
    return kernel(in[0].shape[0], in[1].shape).scratch();
  }
  template <class T>
  void forward(const Call<T>& call) const {
    kernel(call.shape(0)[0], call.shape(1))
        .forward(call.input(0), call.input(1), static_cast<const T*>(nullptr), call.output(),
                 call.workspace());
  }
  [[nodiscard]] Var vjp(int i, const Primal& p, Var c) const {
    return i == 0 ? data_grad(c, p[1]) : weight_grad(p[0], c);
  }
  [[nodiscard]] Var batch(const Batch& b) const { return batched_conv(b); }
  static std::vector<Sample<Conv>> samples() {
    std::vector<Sample<Conv>> list;
    for (const Case& c : cases()) list.push_back({{c.geometry()}, {real(c.x), real(c.w)}});
    return list;
  }
};

/// d conv_data_grad(y, w) = conv_data_grad(dy, w) + conv_data_grad(y, dw)
struct ConvDataGrad : Geometry {
  static constexpr OpInfo info{
      .name = "conv_data_grad", .arity = 2, .analytic = true, .multilinear = true};
  [[nodiscard]] ValueType infer(std::span<const ValueType> in) const {
    const Shape &y = in[0].shape, &w = in[1].shape;
    const Shape x = shaped(dim(y, 0), groups * dim(w, 1), window.in);
    require(info.name, in, x, w, y);
    return {x, Kind::real};
  }
  [[nodiscard]] std::size_t scratch(std::span<const ValueType> in) const {
    return kernel(in[0].shape[0], in[1].shape).scratch();
  }
  template <class T>
  void forward(const Call<T>& call) const {
    kernel(call.shape(0)[0], call.shape(1))
        .data_adjoint(call.input(0), call.input(1), call.output(), call.workspace());
  }
  [[nodiscard]] Var vjp(int i, const Primal& p, Var c) const {
    return i == 0 ? conv(c, p[1]) : weight_grad(c, p[0]);
  }
  static std::vector<Sample<ConvDataGrad>> samples() {
    std::vector<Sample<ConvDataGrad>> list;
    for (const Case& c : cases()) list.push_back({{c.geometry()}, {real(c.y()), real(c.w)}});
    return list;
  }
};

/// d conv_weight_grad(x, y) = conv_weight_grad(dx, y) + conv_weight_grad(x, dy)
struct ConvWeightGrad : Geometry {
  static constexpr OpInfo info{
      .name = "conv_weight_grad", .arity = 2, .analytic = true, .multilinear = true};
  [[nodiscard]] ValueType infer(std::span<const ValueType> in) const {
    const Shape &x = in[0].shape, &y = in[1].shape;
    const Shape w = shaped(dim(y, 1), divided(dim(x, 1), groups), window.size);
    require(info.name, in, x, w, y);
    return {w, Kind::real};
  }
  [[nodiscard]] std::size_t scratch(std::span<const ValueType> in) const {
    const Shape &x = in[0].shape, &y = in[1].shape;
    return kernel(x[0], shaped(y[1], x[1] / groups, window.size)).scratch();
  }
  template <class T>
  void forward(const Call<T>& call) const {
    kernel(call.shape(0)[0], call.out_shape())
        .weight_adjoint(call.input(0), call.input(1), call.output(), call.workspace());
  }
  [[nodiscard]] Var vjp(int i, const Primal& p, Var c) const {
    return i == 0 ? data_grad(p[1], c) : conv(p[0], c);
  }
  static std::vector<Sample<ConvWeightGrad>> samples() {
    std::vector<Sample<ConvWeightGrad>> list;
    for (const Case& c : cases()) list.push_back({{c.geometry()}, {real(c.x), real(c.y())}});
    return list;
  }
};

/// d(conv(x, w) + b) = conv(dx, w) + conv(x, dw) + db, with b for each channel of the result
struct ConvWithBias : Geometry {
  static constexpr OpInfo info{.name = "conv_with_bias", .arity = 3, .analytic = true};
  [[nodiscard]] ValueType infer(std::span<const ValueType> in) const {
    const Shape &x = in[0].shape, &w = in[1].shape, &b = in[2].shape;
    const Shape y = shaped(dim(x, 0), dim(w, 0), window.out);
    require(info.name, in, x, w, y);
    if (b != Shape{w[0]}) {
      throw ShapeError(fmt::format("{}: bias {} does not fit w {}: ({}) is needed", info.name,
                                   to_string(b), to_string(w), w[0]));
    }
    return {y, Kind::real};
  }
  [[nodiscard]] std::size_t scratch(std::span<const ValueType> in) const {
    return kernel(in[0].shape[0], in[1].shape).scratch();
  }
  template <class T>
  void forward(const Call<T>& call) const {
    kernel(call.shape(0)[0], call.shape(1))
        .forward(call.input(0), call.input(1), call.input(2), call.output(), call.workspace());
  }
  [[nodiscard]] Var vjp(int i, const Primal& p, Var c) const {
    if (i == 2) return sum_channels(c);
    return i == 0 ? data_grad(c, p[1]) : weight_grad(p[0], c);
  }
  [[nodiscard]] Var jvp(const Primal& p, std::span<const Var> tangents) const {
    const Var dx = tangents[0], dw = tangents[1], db = tangents[2];
    Var total;
    if (dx.exists()) total = conv(dx, p[1]);
    if (dw.exists()) total = total.exists() ? total + conv(p[0], dw) : conv(p[0], dw);
    if (!db.exists()) return total;
    if (total.exists()) return add_channels(total, db);
    std::array<Index, max_rank> dims{};
    dims.fill(1);
    dims[0] = db.size();
    const Shape column(
        std::span<const Index>(dims.data(), static_cast<std::size_t>(window.axes + 1)));
    return broadcast_to(reshape(db, column), p.out.shape());
  }
  [[nodiscard]] Var batch(const Batch& b) const { return batched_conv(b); }
  static std::vector<Sample<ConvWithBias>> samples() {
    std::vector<Sample<ConvWithBias>> list;
    for (const Case& c : cases()) {
      list.push_back({{c.geometry()}, {real(c.x), real(c.w), real({c.w[0]})}});
    }
    return list;
  }
};

/// The two leading axes as one, and back.
Var merged(Var v) {
  const Shape s = v.shape();
  std::vector<Index> dims(s.begin() + 1, s.end());
  dims[0] *= s[0];
  return reshape(v, Shape(dims));
}
Var split(Var v, int axis, Index first) {
  const Shape s = v.shape();
  std::vector<Index> dims(s.begin(), s.end());
  dims[static_cast<std::size_t>(axis)] /= first;
  dims.insert(dims.begin() + axis, first);
  return reshape(v, Shape(dims));
}

Var Geometry::conv(std::span<const Var> in) const {
  return in.size() == 2 ? apply(Conv{*this}, {in[0], in[1]})
                        : apply(ConvWithBias{*this}, {in[0], in[1], in[2]});
}

/// With the same filters for all there are more samples; else there are more channels of the
/// result, in groups of their own unless all see the same x.
Var Geometry::batched_conv(const Batch& b) const {
  std::vector<Var> in(b.in.begin(), b.in.end());
  const bool same_filters = !b.is_batched(1) && (in.size() == 2 || !b.is_batched(2));
  if (same_filters) {
    in[0] = merged(b[0]);
    return split(conv(in), 0, b.size);
  }
  for (std::size_t i = 1; i < in.size(); ++i) in[i] = merged(b.expanded(static_cast<int>(i)));
  Geometry wide = *this;
  if (b.is_batched(0) || groups > 1) {
    wide.groups *= b.size;
    const Var beside = swap_axes(b.expanded(0), 0, 1);  // (samples, batch, channels, ...)
    const Shape s = beside.shape();
    std::vector<Index> dims(s.begin() + 1, s.end());
    dims[0] = s[0];
    dims[1] *= s[1];
    in[0] = reshape(beside, Shape(dims));
  }
  return swap_axes(split(wide.conv(in), 1, b.size), 0, 1);
}

Var Geometry::conv(Var x, Var w) const { return apply(Conv{*this}, {x, w}); }
Var Geometry::data_grad(Var y, Var w) const { return apply(ConvDataGrad{*this}, {y, w}); }
Var Geometry::weight_grad(Var x, Var y) const { return apply(ConvWeightGrad{*this}, {x, y}); }

/// A public function's name and its number of spatial axes; 0 to take that from w.
struct Callee {
  std::string_view name;
  int axes = 0;
};

/// The operands of a convolution or its transpose, one sample having become a batch of one.
struct Operands {
  Operands(Callee f, Arg x_, Arg w_, const std::optional<Arg>& b_, int out_axis, Index groups)
      : name(f.name), x(x_.var()), w(w_.var()), at(x_.at()) {
    detail::require_real_operand(name, x);
    detail::require_real_operand(name, w);
    const Shape xs = x.shape(), ws = w.shape();
    axes = f.axes > 0 ? f.axes : ws.rank() - 2;
    const bool fits = axes >= 1 && axes <= Window::max_axes && ws.rank() == axes + 2 &&
                      (xs.rank() == axes + 2 || xs.rank() == axes + 1);
    if (!fits) {
      throw ShapeError(
          fmt::format("{}: x {} and w {} do not have the axes of a convolution: "
                      "(samples, channels, ...) and (channels, channels, ...){}",
                      name, to_string(xs), to_string(ws),
                      f.axes > 0 ? fmt::format(" with {} spatial axes", axes) : ""));
    }
    if (groups < 1)
      throw ValueError(fmt::format("{}: groups must be at least 1, not {}", name, groups));
    single = xs.rank() == axes + 1;
    if (single) x = expand_dims(x_, 0);
    const Index out = ws[out_axis] * (out_axis == 1 ? groups : 1);
    if (b_ && b_->var().shape() != Shape{out}) {
      throw ShapeError(fmt::format("{}: bias {} does not fit w {}: ({}) is needed", name,
                                   to_string(b_->var().shape()), to_string(ws), out));
    }
    if (b_) b = b_->var();
  }

  /// Throws ShapeError unless x has as many channels as the filters take.
  void require_channels(Index wanted, Index groups, int divided_axis) const {
    const Shape xs = x.shape(), ws = w.shape();
    if (xs[1] != wanted || ws[divided_axis] % groups != 0) {
      throw ShapeError(fmt::format("{}: x {} has {} channels, w {} in {} group{} takes {}", name,
                                   to_string(xs), xs[1], to_string(ws), groups,
                                   groups == 1 ? "" : "s", wanted));
    }
  }

  [[nodiscard]] PerAxis window_size() const { return PerAxis(w.shape().dims().subspan(2)); }

  std::string_view name;
  Var x, w, b;
  std::source_location at;
  int axes = 0;
  bool single = false;
};

Var convolve(Callee f, Arg x, Arg w, const std::optional<Arg>& b, const ConvOptions& o) {
  const Operands in(f, x, w, b, 0, o.groups);
  in.require_channels(o.groups * in.w.shape()[1], o.groups, 0);
  const Window window = detail::sliding_window(
      in.name, in.x.shape(), in.axes,
      {in.window_size(), o.stride, o.padding, o.padding_end.value_or(o.padding), o.dilation});
  const Geometry g{window, o.groups};
  const Arg operand(in.x, in.at);
  const Var y = in.b.exists() ? apply(ConvWithBias{g}, {operand, in.w, in.b})
                              : apply(Conv{g}, {operand, in.w});
  return in.single ? squeeze(y, 0) : y;
}

Var convolve_transposed(Callee f, Arg x, Arg w, const std::optional<Arg>& b,
                        const ConvTransposeOptions& o) {
  const Operands in(f, x, w, b, 1, o.groups);
  in.require_channels(in.w.shape()[0], o.groups, 0);
  const PerAxis size = in.window_size(), after = o.padding_end.value_or(o.padding);
  detail::require_per_axis(in.name, "stride", o.stride, in.axes, 1);
  detail::require_per_axis(in.name, "window size", size, in.axes, 1);
  detail::require_per_axis(in.name, "padding", o.padding, in.axes, 0);
  detail::require_per_axis(in.name, "padding", after, in.axes, 0);
  detail::require_per_axis(in.name, "dilation", o.dilation, in.axes, 1);
  detail::require_per_axis(in.name, "output padding", o.output_padding, in.axes, 0);
  const Shape xs = in.x.shape();
  Window window;
  window.axes = in.axes;
  for (int i = 0; i < in.axes; ++i) {
    const auto a = static_cast<std::size_t>(Window::max_axes - in.axes + i);
    if (o.output_padding[i] >= std::max(o.stride[i], o.dilation[i])) {
      throw ValueError(
          fmt::format("{}: output padding {} of axis {} must be less than the stride {} "
                      "or the dilation {}",
                      in.name, o.output_padding[i], i, o.stride[i], o.dilation[i]));
    }
    window.out[a] = xs[2 + i];
    window.size[a] = size[i];
    window.stride[a] = o.stride[i];
    window.before[a] = o.padding[i];
    window.after[a] = after[i];
    window.dilation[a] = o.dilation[i];
    window.in[a] = (xs[2 + i] - 1) * o.stride[i] - o.padding[i] - after[i] +
                   o.dilation[i] * (size[i] - 1) + o.output_padding[i] + 1;
    if (window.in[a] < 1) {
      throw ShapeError(fmt::format("{}: {} with a window of {} has {} elements along axis {}",
                                   in.name, to_string(xs), to_string(in.w.shape()), window.in[a],
                                   2 + i));
    }
  }
  Var y = apply(ConvDataGrad{{window, o.groups}}, {Arg(in.x, in.at), in.w});
  if (in.b.exists()) y = add_channels(Arg(y, in.at), in.b);
  return in.single ? squeeze(y, 0) : y;
}

}  // namespace

Var conv(Arg x, Arg w, const ConvOptions& o) { return convolve({"conv"}, x, w, {}, o); }
Var conv(Arg x, Arg w, Arg b, const ConvOptions& o) { return convolve({"conv"}, x, w, b, o); }
Var conv1d(Arg x, Arg w, const ConvOptions& o) { return convolve({"conv1d", 1}, x, w, {}, o); }
Var conv1d(Arg x, Arg w, Arg b, const ConvOptions& o) {
  return convolve({"conv1d", 1}, x, w, b, o);
}
Var conv2d(Arg x, Arg w, const ConvOptions& o) { return convolve({"conv2d", 2}, x, w, {}, o); }
Var conv2d(Arg x, Arg w, Arg b, const ConvOptions& o) {
  return convolve({"conv2d", 2}, x, w, b, o);
}
Var conv3d(Arg x, Arg w, const ConvOptions& o) { return convolve({"conv3d", 3}, x, w, {}, o); }
Var conv3d(Arg x, Arg w, Arg b, const ConvOptions& o) {
  return convolve({"conv3d", 3}, x, w, b, o);
}

Var conv_transpose(Arg x, Arg w, const ConvTransposeOptions& o) {
  return convolve_transposed({"conv_transpose"}, x, w, {}, o);
}
Var conv_transpose(Arg x, Arg w, Arg b, const ConvTransposeOptions& o) {
  return convolve_transposed({"conv_transpose"}, x, w, b, o);
}
Var conv_transpose1d(Arg x, Arg w, const ConvTransposeOptions& o) {
  return convolve_transposed({"conv_transpose1d", 1}, x, w, {}, o);
}
Var conv_transpose1d(Arg x, Arg w, Arg b, const ConvTransposeOptions& o) {
  return convolve_transposed({"conv_transpose1d", 1}, x, w, b, o);
}
Var conv_transpose2d(Arg x, Arg w, const ConvTransposeOptions& o) {
  return convolve_transposed({"conv_transpose2d", 2}, x, w, {}, o);
}
Var conv_transpose2d(Arg x, Arg w, Arg b, const ConvTransposeOptions& o) {
  return convolve_transposed({"conv_transpose2d", 2}, x, w, b, o);
}
Var conv_transpose3d(Arg x, Arg w, const ConvTransposeOptions& o) {
  return convolve_transposed({"conv_transpose3d", 3}, x, w, {}, o);
}
Var conv_transpose3d(Arg x, Arg w, Arg b, const ConvTransposeOptions& o) {
  return convolve_transposed({"conv_transpose3d", 3}, x, w, b, o);
}

std::span<const OpRecord* const> convolution_ops() {
  return OpList<Conv, ConvWithBias, ConvDataGrad, ConvWeightGrad>::records;
}

}  // namespace dtheta
