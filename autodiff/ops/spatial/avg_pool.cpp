#include "autodiff/ops/spatial/avg_pool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "autodiff/errors.hpp"
#include "autodiff/kernels/pooling.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/spatial/avg_pool_form.hpp"
#include "autodiff/ops/spatial/window_rule.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {
namespace {

/// What the mean and its adjoint share.
struct Averaging {
  Window window;
  bool count_padding = true;
  Index divisor = 0;  // 0: the number of elements
  friend constexpr bool operator==(const Averaging&, const Averaging&) = default;

  [[nodiscard]] Index count(const Taps& z, const Taps& y, const Taps& x) const {
    if (divisor != 0) return divisor;
    return count_padding ? z.padded * y.padded * x.padded : z.count * y.count * x.count;
  }
  /// v divided by the count at position o of a row.
  template <class T>
  [[nodiscard]] T divided(T v, const Taps& z, const Taps& y, Index o) const {
    const Index n = count(z, y, Taps(window, 2, o));
    return n == 0 ? T(0) : v / T(static_cast<double>(n));
  }
  [[nodiscard]] Index planes(const Shape& positions) const {
    return window.out_size() > 0 ? positions.size() / window.out_size() : 0;
  }
  void require(std::string_view op, const ValueType& in, bool fits) const {
    detail::require_real_operand(op, in);
    if (!fits) {
      throw ShapeError(fmt::format("{}: {} does not end with the axes the window was made for", op,
                                   to_string(in.shape)));
    }
  }

  struct Case {
    Shape x;
    int axes;
    detail::WindowRule rule;
    bool count_padding = true;
    Index divisor = 0;
    [[nodiscard]] Averaging op() const {
      return {detail::sliding_window("avg_pool", x, axes, rule), count_padding, divisor};
    }
  };
  static std::vector<std::pair<Shape, Averaging>> cases() {
    const std::vector<Case> sliding{
        {{1, 2, 6}, 1, {.size = 2, .stride = 2}},
        {{2, 5}, 1, {.size = 3}},
        {{1, 1, 5}, 1, {.size = 3, .stride = 2, .before = 1, .after = 1}},
        {{1, 1, 5}, 1, {.size = 3, .stride = 2, .before = 1, .after = 1}, false},
        {{1, 6}, 1, {.size = 2, .stride = 3, .dilation = 3}},
        {{1, 1, 6}, 1, {.size = 3, .stride = 2, .before = 1, .after = 1, .ceil_mode = true}},
        {{1, 1, 6}, 1, {.size = 3, .stride = 2, .before = 1, .after = 1, .ceil_mode = true}, false},
        {{1, 6}, 1, {.size = 4}, true, 3},
        {{1, 2}, 1, {.size = 2, .stride = 2, .before = 2, .after = 2}, false},
        {{3, 1}, 1, {.size = 1}},
        {{0, 2, 4}, 1, {.size = 2}},
        {{1, 2, 4, 4}, 2, {.size = 2, .stride = 2}},
        {{1, 1, 3, 4}, 2, {.size = {2, 3}, .before = {1, 0}, .after = {0, 1}}, false},
        {{1, 5, 5}, 2, {.size = 2, .stride = 2, .ceil_mode = true}},
        {{1, 1, 2, 3, 3}, 3, {.size = 2}},
        {{1, 3, 2, 4}, 3, {.size = {2, 1, 2}, .stride = 2, .before = {1, 0, 0}}}};
    std::vector<std::pair<Shape, Averaging>> list;
    list.reserve(sliding.size());
    for (const Case& c : sliding) list.emplace_back(c.x, c.op());
    const auto divide = [&](Shape x, int axes, const PerAxis& parts) {
      list.emplace_back(x, Averaging{detail::dividing_window("avg_pool", x, axes, parts)});
    };
    divide({2, 7}, 1, 3);
    divide({1, 1, 5, 4}, 2, {2, 3});
    divide({1, 3, 2, 2}, 3, {2, 1, 3});
    return list;
  }
};

struct AvgPool : Averaging {
  static constexpr OpInfo info{.name = "avg_pool", .analytic = true, .linear = true};
  static constexpr OpRule rule{"y = the mean of x under each window", "dy = avg_pool(dx)"};
  [[nodiscard]] ValueType infer(Types in) const {
    require(info.name, in[0], detail::has_elements(in[0].shape, window));
    return {detail::with_positions(in[0].shape, window), Kind::real};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const Index step = window.stride[2];
    for (Index n = 0; n < planes(call.out_shape()); ++n) {
      const T* x = call.input(0) + n * window.in_size();
      T* out = call.output() + n * window.out_size();
      detail::for_each_pool_row(
          window,
          [&](Index p, const Taps&, const Taps&) { std::fill_n(out + p, window.out[2], T(0)); },
          [&](Index p, Index count, Index from) {
            for (Index i = 0; i < count; ++i) out[p + i] += x[from + i * step];
          },
          [&](Index p, const Taps& z, const Taps& y) {
            for (Index i = 0; i < window.out[2]; ++i) out[p + i] = divided(out[p + i], z, y, i);
          });
    }
  }
  [[nodiscard]] Var vjp(int, const Primal&, Var c) const;
  /// Planes are pooled one by one, whatever the axes in front of them.
  [[nodiscard]] Var batch(const Batch& b) const { return apply(*this, {b[0]}); }
  static std::vector<Sample<AvgPool>> samples() {
    std::vector<Sample<AvgPool>> list;
    for (const auto& [x, op] : cases()) list.push_back({{op}, {real(x)}});
    return list;
  }
};

struct AvgPoolAdjoint : Averaging {
  static constexpr OpInfo info{.name = "avg_pool_adjoint", .analytic = true, .linear = true};
  static constexpr OpRule rule{"y = A^T c, where avg_pool(x) = A x", "dy = avg_pool_adjoint(dc)"};
  [[nodiscard]] ValueType infer(Types in) const {
    require(info.name, in[0], detail::has_positions(in[0].shape, window));
    return {detail::with_elements(in[0].shape, window), Kind::real};
  }
  [[nodiscard]] std::size_t scratch(Types) const { return static_cast<std::size_t>(window.out[2]); }
  template <class T>
  void forward(const Call<T>& call) const {
    std::fill_n(call.output(), call.out_shape().size(), T(0));
    const Index step = window.stride[2];
    T* const share = call.workspace();
    for (Index n = 0; n < planes(call.shape(0)); ++n) {
      const T* y = call.input(0) + n * window.out_size();
      T* out = call.output() + n * window.in_size();
      Index row = 0;
      detail::for_each_pool_row(
          window,
          [&](Index p, const Taps& along_z, const Taps& along_y) {
            row = p;
            for (Index i = 0; i < window.out[2]; ++i) {
              share[i] = divided(y[p + i], along_z, along_y, i);
            }
          },
          [&](Index p, Index count, Index from) {
            for (Index i = 0; i < count; ++i) out[from + i * step] += share[p + i - row];
          },
          [](Index, const Taps&, const Taps&) {});
    }
  }
  [[nodiscard]] Var vjp(int, const Primal&, Var c) const { return apply(AvgPool{*this}, {c}); }
  [[nodiscard]] Var batch(const Batch& b) const { return apply(*this, {b[0]}); }
  static std::vector<Sample<AvgPoolAdjoint>> samples() {
    std::vector<Sample<AvgPoolAdjoint>> list;
    for (const auto& [x, op] : cases()) {
      list.push_back({{op}, {real(detail::with_positions(x, op.window))}});
    }
    return list;
  }
};

Var AvgPool::vjp(int, const Primal&, Var c) const { return apply(AvgPoolAdjoint{*this}, {c}); }

void require_rank(std::string_view op, Var operand, int axes) {
  const Shape x = operand.shape();
  detail::require_real_operand(op, operand);
  if (x.rank() != axes + 1 && x.rank() != axes + 2) {
    throw ShapeError(
        fmt::format("{}: {} has {} axes; (samples, channels, ...) or (channels, ...) "
                    "with {} spatial axes is needed",
                    op, to_string(x), x.rank(), axes));
  }
}

Var avg_pool(std::string_view op, int axes, Arg x, const PerAxis& size, const AvgPoolOptions& o) {
  const Shape shape = x.var().shape();
  require_rank(op, x.var(), axes);
  if (o.divisor < 0) {
    throw ValueError(fmt::format("{}: the divisor must not be negative, but is {}", op, o.divisor));
  }
  const Window w =
      detail::sliding_window(op, shape, axes,
                             {size, o.stride.value_or(size), o.padding,
                              o.padding_end.value_or(o.padding), o.dilation, o.ceil_mode});
  return apply(AvgPool{{w, o.count_include_pad, o.divisor}}, {x});
}

Var adaptive_avg_pool(std::string_view op, int axes, Arg x, const PerAxis& out) {
  require_rank(op, x.var(), axes);
  return apply(AvgPool{{detail::dividing_window(op, x.var().shape(), axes, out), true, 0}}, {x});
}

Var lp_pool(std::string_view op, int axes, Arg x, double p, const PerAxis& size,
            const PoolOptions& o) {
  if (!(p >= 1 && p < std::numeric_limits<double>::infinity())) {
    throw ValueError(fmt::format("{}: p must be finite and at least 1, but is {}", op, p));
  }
  const Var powers = p == 1 ? abs(x) : p == 2 ? square(x) : pow(abs(x), p);
  const Var sums = avg_pool(op, axes, Arg(powers, x.at()), size,
                            {o.stride, o.padding, o.padding_end, o.dilation, o.ceil_mode, true, 1});
  if (p == 1) return sums;
  // The root has no derivative at 0: there 1 stands in for it, and the result is 0.
  const Var zero = equal(sums, 0);
  const Var base = where(zero, 1, sums);
  return where(zero, 0, p == 2 ? sqrt(base) : pow(base, 1 / x.var().tape().constant(p)));
}

/// The axes of x from the third on.
Axes spatial_axes(std::string_view op, const Shape& x) {
  if (x.rank() < 3) {
    throw ShapeError(fmt::format("{}: {} has no spatial axes: (samples, channels, ...) is needed",
                                 op, to_string(x)));
  }
  std::array<int, max_rank> axes{};
  for (int i = 2; i < x.rank(); ++i) axes[static_cast<std::size_t>(i - 2)] = i;
  return Axes(std::span<const int>(axes.data(), static_cast<std::size_t>(x.rank() - 2)));
}

}  // namespace

Var avg_pool1d(Arg x, PerAxis size, const AvgPoolOptions& o) {
  return avg_pool("avg_pool1d", 1, x, size, o);
}
Var avg_pool2d(Arg x, PerAxis size, const AvgPoolOptions& o) {
  return avg_pool("avg_pool2d", 2, x, size, o);
}
Var avg_pool3d(Arg x, PerAxis size, const AvgPoolOptions& o) {
  return avg_pool("avg_pool3d", 3, x, size, o);
}
Var lp_pool1d(Arg x, double p, PerAxis size, const PoolOptions& o) {
  return lp_pool("lp_pool1d", 1, x, p, size, o);
}
Var lp_pool2d(Arg x, double p, PerAxis size, const PoolOptions& o) {
  return lp_pool("lp_pool2d", 2, x, p, size, o);
}
Var lp_pool3d(Arg x, double p, PerAxis size, const PoolOptions& o) {
  return lp_pool("lp_pool3d", 3, x, p, size, o);
}
Var adaptive_avg_pool1d(Arg x, PerAxis out) {
  return adaptive_avg_pool("adaptive_avg_pool1d", 1, x, out);
}
Var adaptive_avg_pool2d(Arg x, PerAxis out) {
  return adaptive_avg_pool("adaptive_avg_pool2d", 2, x, out);
}
Var adaptive_avg_pool3d(Arg x, PerAxis out) {
  return adaptive_avg_pool("adaptive_avg_pool3d", 3, x, out);
}
Var global_avg_pool(Arg x) {
  return mean(x, spatial_axes("global_avg_pool", x.var().shape()), true);
}
Var global_max_pool(Arg x) {
  return max(x, spatial_axes("global_max_pool", x.var().shape()), true);
}

int avg_pool_axes(const Node& node) {
  if (node.op != &record_of<AvgPool>) return 0;
  return static_cast<const AvgPool*>(node.attributes)->window.axes;
}

std::span<const OpEntry> avg_pool_ops() { return OpList<AvgPool, AvgPoolAdjoint>::entries; }

}  // namespace dtheta
