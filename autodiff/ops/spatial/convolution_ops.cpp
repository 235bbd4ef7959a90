#include "autodiff/ops/spatial/convolution_ops.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "autodiff/errors.hpp"
#include "autodiff/kernels/convolution.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/spatial/channels.hpp"
#include "autodiff/ops/spatial/convolution_form.hpp"
#include "autodiff/ops/spatial/window_rule.hpp"

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
  void require(std::string_view op, Types in, const Shape& x, const Shape& w,
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

struct Conv : Geometry {
  static constexpr OpInfo info{.name = "conv", .arity = 2, .analytic = true, .multilinear = true};
  static constexpr OpRule rule{"y = w * x, the sum of w x under each window",
                               "dy = w * dx + dw * x"};
  [[nodiscard]] ValueType infer(Types in) const {
    const Shape &x = in[0].shape, &w = in[1].shape;
    const Shape y = shaped(dim(x, 0), dim(w, 0), window.out);
    require(info.name, in, x, w, y);
    return {y, Kind::real};
  }
  [[nodiscard]] std::size_t scratch(Types in) const {
    return kernel(in[0].shape[0], in[1].shape).scratch();
  }
  template <class T>
  void forward(const Call<T>& call) const {
    kernel(call.shape(0)[0], call.shape(1))
        .forward(call.input(0), call.input(1), static_cast<const T*>(nullptr), call.output(),
                 call.workspace(), call.parallel);
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

struct ConvDataGrad : Geometry {
  static constexpr OpInfo info{
      .name = "conv_data_grad", .arity = 2, .analytic = true, .multilinear = true};
  static constexpr OpRule rule{"y = what conv hands to x for the cotangent c",
                               "dy = conv_data_grad(dc, w) + conv_data_grad(c, dw)"};
  [[nodiscard]] ValueType infer(Types in) const {
    const Shape &y = in[0].shape, &w = in[1].shape;
    const Shape x = shaped(dim(y, 0), groups * dim(w, 1), window.in);
    require(info.name, in, x, w, y);
    return {x, Kind::real};
  }
  [[nodiscard]] std::size_t scratch(Types in) const {
    return kernel(in[0].shape[0], in[1].shape).scratch();
  }
  template <class T>
  void forward(const Call<T>& call) const {
    kernel(call.shape(0)[0], call.shape(1))
        .data_adjoint(call.input(0), call.input(1), call.output(), call.workspace(), call.parallel);
  }
  [[nodiscard]] Var vjp(int i, const Primal& p, Var c) const {
    return i == 0 ? conv(c, p[1]) : weight_grad(c, p[0]);
  }
  [[nodiscard]] Var batch(const Batch& b) const;
  static std::vector<Sample<ConvDataGrad>> samples() {
    std::vector<Sample<ConvDataGrad>> list;
    for (const Case& c : cases()) list.push_back({{c.geometry()}, {real(c.y()), real(c.w)}});
    return list;
  }
};

struct ConvWeightGrad : Geometry {
  static constexpr OpInfo info{
      .name = "conv_weight_grad", .arity = 2, .analytic = true, .multilinear = true};
  static constexpr OpRule rule{"y = what conv hands to w for the cotangent c",
                               "dy = conv_weight_grad(dx, c) + conv_weight_grad(x, dc)"};
  [[nodiscard]] ValueType infer(Types in) const {
    const Shape &x = in[0].shape, &y = in[1].shape;
    const Shape w = shaped(dim(y, 1), divided(dim(x, 1), groups), window.size);
    require(info.name, in, x, w, y);
    return {w, Kind::real};
  }
  [[nodiscard]] std::size_t scratch(Types in) const {
    const Shape &x = in[0].shape, &y = in[1].shape;
    return kernel(x[0], shaped(y[1], x[1] / groups, window.size)).scratch();
  }
  template <class T>
  void forward(const Call<T>& call) const {
    kernel(call.shape(0)[0], call.out_shape())
        .weight_adjoint(call.input(0), call.input(1), call.output(), call.workspace(),
                        call.parallel);
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

struct ConvWithBias : Geometry {
  static constexpr OpInfo info{.name = "conv_with_bias", .arity = 3, .analytic = true};
  static constexpr OpRule rule{"y = w * x + b, b for each channel", "dy = w * dx + dw * x + db"};
  [[nodiscard]] ValueType infer(Types in) const {
    const Shape &x = in[0].shape, &w = in[1].shape, &b = in[2].shape;
    const Shape y = shaped(dim(x, 0), dim(w, 0), window.out);
    require(info.name, in, x, w, y);
    if (b != Shape{w[0]}) {
      throw ShapeError(fmt::format("{}: bias {} does not fit w {}: ({}) is needed", info.name,
                                   to_string(b), to_string(w), w[0]));
    }
    return {y, Kind::real};
  }
  [[nodiscard]] std::size_t scratch(Types in) const {
    return kernel(in[0].shape[0], in[1].shape).scratch();
  }
  template <class T>
  void forward(const Call<T>& call) const {
    kernel(call.shape(0)[0], call.shape(1))
        .forward(call.input(0), call.input(1), call.input(2), call.output(), call.workspace(),
                 call.parallel);
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

/// With the same filters for all there are more samples, else more groups.
Var ConvDataGrad::batch(const Batch& b) const {
  if (!b.is_batched(1)) return split(data_grad(merged(b[0]), b[1]), 0, b.size);
  Geometry wide = *this;
  wide.groups *= b.size;
  const Var beside = swap_axes(b.expanded(0), 0, 1);  // (samples, batch, channels, ...)
  std::vector<Index> dims(beside.shape().begin() + 1, beside.shape().end());
  dims[1] *= dims[0];
  dims[0] = beside.shape()[0];
  const Var y = wide.data_grad(reshape(beside, Shape(dims)), merged(b[1]));
  return swap_axes(split(y, 1, b.size), 0, 1);
}

Var Geometry::conv(Var x, Var w) const { return apply(Conv{*this}, {x, w}); }
Var Geometry::data_grad(Var y, Var w) const { return apply(ConvDataGrad{*this}, {y, w}); }
Var Geometry::weight_grad(Var x, Var y) const { return apply(ConvWeightGrad{*this}, {x, y}); }

}  // namespace

Var detail::convolve(Arg x, Arg w, const std::optional<Arg>& bias, const Window& window,
                     Index groups) {
  const Geometry g{window, groups};
  return bias ? apply(ConvWithBias{g}, {x, w, *bias}) : apply(Conv{g}, {x, w});
}

Var detail::convolve_adjoint(Arg y, Arg w, const Window& window, Index groups) {
  return apply(ConvDataGrad{{window, groups}}, {y, w});
}

std::optional<ConvolutionForm> as_convolution(const Node& node) {
  const Geometry* g = nullptr;
  if (node.op == &record_of<Conv>) g = static_cast<const Conv*>(node.attributes);
  if (node.op == &record_of<ConvWithBias>) g = static_cast<const ConvWithBias*>(node.attributes);
  if (g == nullptr) return {};
  return ConvolutionForm{g->window, g->groups};
}

std::optional<ConvolutionForm> as_transposed_convolution(const Node& node) {
  if (node.op != &record_of<ConvDataGrad>) return {};
  const Geometry& g = *static_cast<const ConvDataGrad*>(node.attributes);
  return ConvolutionForm{g.window, g.groups};
}

std::span<const OpEntry> convolution_ops() {
  return OpList<Conv, ConvWithBias, ConvDataGrad, ConvWeightGrad>::entries;
}

}  // namespace dtheta
