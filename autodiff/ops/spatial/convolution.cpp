#include "autodiff/ops/spatial/convolution.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "autodiff/errors.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/spatial/channels.hpp"
#include "autodiff/ops/spatial/convolution_ops.hpp"
#include "autodiff/ops/spatial/window_rule.hpp"

namespace dtheta {
namespace {

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
  SourceLocation at;
  int axes = 0;
  bool single = false;
};

Var convolve(Callee f, Arg x, Arg w, const std::optional<Arg>& b, const ConvOptions& o) {
  const Operands in(f, x, w, b, 0, o.groups);
  in.require_channels(o.groups * in.w.shape()[1], o.groups, 0);
  const Window window = detail::sliding_window(
      in.name, in.x.shape(), in.axes,
      {in.window_size(), o.stride, o.padding, o.padding_end.value_or(o.padding), o.dilation});
  const std::optional<Arg> bias = in.b.exists() ? std::optional<Arg>(in.b) : std::nullopt;
  const Var y = detail::convolve(Arg(in.x, in.at), in.w, bias, window, o.groups);
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
    const int axis = Window::max_axes - in.axes + i;
    const auto a = static_cast<std::size_t>(axis);
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
  Var y = detail::convolve_adjoint(Arg(in.x, in.at), in.w, window, o.groups);
  if (in.b.exists()) y = add_channels(Arg(y, in.at), in.b);
  return in.single ? squeeze(y, 0) : y;
}

}  // namespace

ConvOptions same_padding(Arg w, ConvOptions o) {
  const Shape& s = w.var().shape();
  if (s.rank() < 3 || s.rank() > 5) {
    throw ShapeError(fmt::format(
        "same_padding: filters {}: (out, in, k...) with one to three spatial axes are needed",
        to_string(s)));
  }
  const int axes = s.rank() - 2;
  detail::require_per_axis("same_padding", "dilation", o.dilation, axes, 1);
  std::array<Index, 3> before{}, after{};
  for (int i = 0; i < o.stride.size(); ++i) {
    if (o.stride[i] != 1) {
      throw ValueError(fmt::format(
          "same_padding: stride {} of filters {}: the size stays the same at stride 1 alone",
          o.stride[i], to_string(s)));
    }
  }
  for (int i = 0; i < axes; ++i) {
    const Index total = o.dilation[i] * (s[2 + i] - 1);
    before[static_cast<std::size_t>(i)] = total / 2;
    after[static_cast<std::size_t>(i)] = total - total / 2;
  }
  const auto of_axes = [&](const std::array<Index, 3>& values) {
    return PerAxis(std::span<const Index>(values.data(), static_cast<std::size_t>(axes)));
  };
  o.padding = of_axes(before);
  o.padding_end = of_axes(after);
  return o;
}

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

}  // namespace dtheta
