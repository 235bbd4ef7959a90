#include "autodiff/ops/spatial/max_pool.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "autodiff/errors.hpp"
#include "autodiff/kernels/pooling.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/rule_ops.hpp"
#include "autodiff/ops/spatial/max_pool_form.hpp"
#include "autodiff/ops/spatial/planes.hpp"
#include "autodiff/ops/spatial/window_rule.hpp"

namespace dtheta {
namespace {

/// A window over the last axes of the operand. Not an op itself.
struct Pooling {
  Window window;
  friend constexpr bool operator==(const Pooling&, const Pooling&) = default;

  [[nodiscard]] ValueType infer_as(std::string_view op, const ValueType& in, Kind kind) const {
    detail::require_real_operand(op, in);
    if (!detail::has_elements(in.shape, window)) {
      throw ShapeError(fmt::format("{}: {} does not end with the axes the window was made for", op,
                                   to_string(in.shape)));
    }
    return {detail::with_positions(in.shape, window), kind};
  }
  [[nodiscard]] Index planes(const Shape& positions) const {
    return window.out_size() > 0 ? positions.size() / window.out_size() : 0;
  }
  /// The elements of v where those of x are largest.
  [[nodiscard]] Var at_winners(Var v, Var x) const;
};

Window window_of(const Shape& x, int axes, const detail::WindowRule& rule) {
  return detail::sliding_window("max_pool", x, axes, rule);
}

/// Windows that the ops here are tested on, with their operand's shape.
struct Case {
  Shape x;
  Window window;
};
std::vector<Case> cases() {
  const auto sliding = [](Shape x, int axes, const detail::WindowRule& rule) {
    return Case{x, window_of(x, axes, rule)};
  };
  const auto dividing = [](Shape x, int axes, const PerAxis& parts) {
    return Case{x, detail::dividing_window("max_pool", x, axes, parts)};
  };
  return {sliding({1, 2, 6}, 1, {.size = 2, .stride = 2}),
          sliding({2, 5}, 1, {.size = 3}),
          sliding({1, 1, 5}, 1, {.size = 3, .stride = 2, .before = 1, .after = 1}),
          sliding({1, 6}, 1, {.size = 2, .stride = 3, .dilation = 3}),
          sliding({1, 1, 6}, 1, {.size = 3, .stride = 2, .ceil_mode = true}),
          sliding({3, 1}, 1, {.size = 1}),
          sliding({0, 2, 4}, 1, {.size = 2}),
          sliding({1, 2, 4, 4}, 2, {.size = 2, .stride = 2}),
          sliding({1, 1, 3, 4}, 2, {.size = {2, 3}, .before = {1, 0}, .after = {0, 1}}),
          sliding({2, 3, 5}, 2, {.size = {1, 2}, .stride = {2, 1}, .dilation = {1, 2}}),
          sliding({1, 5, 5}, 2, {.size = 2, .stride = 2, .ceil_mode = true}),
          sliding({1, 1, 2, 3, 3}, 3, {.size = 2}),
          sliding({1, 3, 2, 4}, 3, {.size = {2, 1, 2}, .stride = 2, .before = {1, 0, 0}}),
          dividing({2, 7}, 1, 3),
          dividing({1, 1, 5, 4}, 2, {2, 3}),
          dividing({1, 3, 2, 2}, 3, {2, 1, 2})};
}

struct MaxPool : Pooling {
  static constexpr OpInfo info{.name = "max_pool"};
  static constexpr OpRule rule{"y = the largest x under each window", "dy = dx at that element"};
  [[nodiscard]] ValueType infer(Types in) const { return infer_as(info.name, in[0], Kind::real); }
  template <class T>
  void forward(const Call<T>& call) const {
    detail::max_pool_planes(window, planes(call.out_shape()), call.input(0), call.output(),
                            call.parallel);
  }
  [[nodiscard]] Var vjp(int, const Primal& p, Var c) const;
  [[nodiscard]] Var jvp(const Primal& p, std::span<const Var> tangents) const;
  /// Planes are pooled one by one, whatever the axes in front of them.
  [[nodiscard]] Var batch(const Batch& b) const { return apply(*this, {b[0]}); }
  static std::vector<Sample<MaxPool>> samples() {
    std::vector<Sample<MaxPool>> list;
    for (const Case& c : cases()) list.push_back({{c.window}, {real(c.x)}});
    const MaxPool pairs{{window_of({4}, 1, {.size = 2, .stride = 2})}};
    list.push_back({pairs, {given({4}, {1e30, -1e30, 1e-30, -1e-30})}});
    list.push_back({pairs, {given({4}, {1, 1, -2, -2})}, Smoothness::corner});
    list.push_back({pairs, {given({4}, {0, 0, 1, 2})}, Smoothness::corner});
    return list;
  }
};

struct MaxPoolIndices : Pooling {
  static constexpr OpInfo info{.name = "max_pool_indices", .differentiable = false};
  static constexpr OpRule rule{"y = where the largest x under each window is"};
  [[nodiscard]] ValueType infer(Types in) const { return infer_as(info.name, in[0], Kind::index); }
  [[nodiscard]] std::size_t scratch(Types) const {
    return static_cast<std::size_t>(window.out_size());
  }
  template <class T>
  void forward(const Call<T>& call) const {
    for (Index n = 0; n < planes(call.out_shape()); ++n) {
      detail::max_pool_indices(window, call.input(0) + n * window.in_size(),
                               call.index_output() + n * window.out_size(), call.workspace());
    }
  }
  [[nodiscard]] static Var vjp(int, const Primal&, Var) { return {}; }
  static std::vector<Sample<MaxPoolIndices>> samples() {
    std::vector<Sample<MaxPoolIndices>> list;
    for (const Case& c : cases()) list.push_back({{c.window}, {real(c.x)}});
    return list;
  }
};

/// The adjoint of max_pool at x, in c: what c has for each position goes to the element that won.
/// Linear in c; as a function of x it is constant but where the winner changes.
struct MaxPoolGrad : Pooling {
  static constexpr OpInfo info{.name = "max_pool_grad", .arity = 2};
  static constexpr OpRule rule{"y = c of each window at its largest element, added up, 0 elsewhere",
                               "dy = the same of dc"};
  [[nodiscard]] ValueType infer(Types in) const {
    detail::require_real_operand(info.name, in[0]);
    const ValueType positions = infer_as(info.name, in[1], Kind::real);
    if (in[0].shape != positions.shape) {
      throw ShapeError(fmt::format("{}: {} does not fit x {}, whose positions are {}", info.name,
                                   to_string(in[0].shape), to_string(in[1].shape),
                                   to_string(positions.shape)));
    }
    return in[1];
  }
  [[nodiscard]] std::size_t scratch(Types) const {
    return 2 * static_cast<std::size_t>(window.out_size());
  }
  template <class T>
  void forward(const Call<T>& call) const {
    detail::max_pool_adjoint_planes(window, planes(call.shape(0)), call.input(0), call.input(1),
                                    call.output(), call.workspace(), call.parallel);
  }
  [[nodiscard]] Var vjp(int i, const Primal& p, Var d) const {
    return i == 0 ? at_winners(d, p[1]) : Var{};
  }
  [[nodiscard]] Var jvp(const Primal& p, std::span<const Var> tangents) const {
    return tangents[0].exists() ? apply(*this, {tangents[0], p[1]}) : Var{};
  }
  [[nodiscard]] Var batch(const Batch& b) const {
    return apply(*this, {b.expanded(0), b.expanded(1)});
  }
  static std::vector<Sample<MaxPoolGrad>> samples() {
    std::vector<Sample<MaxPoolGrad>> list;
    for (const Case& c : cases()) {
      list.push_back({{c.window}, {real(detail::with_positions(c.x, c.window)), real(c.x)}});
    }
    const MaxPoolGrad pairs{{window_of({4}, 1, {.size = 2, .stride = 2})}};
    list.push_back({pairs, {real({2}), given({4}, {1e30, -1e30, 1, -2})}});
    return list;
  }
};

Var Pooling::at_winners(Var v, Var x) const {
  return take_in_planes(v, apply(MaxPoolIndices{*this}, {x}), window.axes);
}

Var MaxPool::vjp(int, const Primal& p, Var c) const {
  return apply(MaxPoolGrad{*this}, {detail::keep_nan(c, p.out), p[0]});
}
Var MaxPool::jvp(const Primal& p, std::span<const Var> tangents) const {
  return detail::keep_nan(at_winners(tangents[0], p[0]), p.out);
}

/// Throws ShapeError unless each window of `w` covers an element.
void require_elements(std::string_view op, const Shape& x, const Window& w) {
  for (std::size_t a = 0; a < Window::max_axes; ++a) {
    for (Index o = 0; o < w.out[a]; ++o) {
      if (Taps(w, a, o).count < 1) {
        throw ShapeError(fmt::format("{}: window {} along axis {} of {} covers only padding", op, o,
                                     x.rank() - Window::max_axes + static_cast<int>(a),
                                     to_string(x)));
      }
    }
  }
}

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

template <class Op>
Var max_pool(std::string_view op, int axes, Arg x, const PerAxis& size, const PoolOptions& o) {
  const Shape shape = x.var().shape();
  require_rank(op, x.var(), axes);
  const Window w =
      detail::sliding_window(op, shape, axes,
                             {size, o.stride.value_or(size), o.padding,
                              o.padding_end.value_or(o.padding), o.dilation, o.ceil_mode});
  require_elements(op, shape, w);
  return apply(Op{{w}}, {x});
}

template <class Op>
Var adaptive_max_pool(std::string_view op, int axes, Arg x, const PerAxis& out) {
  require_rank(op, x.var(), axes);
  return apply(Op{{detail::dividing_window(op, x.var().shape(), axes, out)}}, {x});
}

}  // namespace

Var max_pool1d(Arg x, PerAxis size, const PoolOptions& o) {
  return max_pool<MaxPool>("max_pool1d", 1, x, size, o);
}
Var max_pool2d(Arg x, PerAxis size, const PoolOptions& o) {
  return max_pool<MaxPool>("max_pool2d", 2, x, size, o);
}
Var max_pool3d(Arg x, PerAxis size, const PoolOptions& o) {
  return max_pool<MaxPool>("max_pool3d", 3, x, size, o);
}
Var max_pool1d_indices(Arg x, PerAxis size, const PoolOptions& o) {
  return max_pool<MaxPoolIndices>("max_pool1d_indices", 1, x, size, o);
}
Var max_pool2d_indices(Arg x, PerAxis size, const PoolOptions& o) {
  return max_pool<MaxPoolIndices>("max_pool2d_indices", 2, x, size, o);
}
Var max_pool3d_indices(Arg x, PerAxis size, const PoolOptions& o) {
  return max_pool<MaxPoolIndices>("max_pool3d_indices", 3, x, size, o);
}
Var adaptive_max_pool1d(Arg x, PerAxis out) {
  return adaptive_max_pool<MaxPool>("adaptive_max_pool1d", 1, x, out);
}
Var adaptive_max_pool2d(Arg x, PerAxis out) {
  return adaptive_max_pool<MaxPool>("adaptive_max_pool2d", 2, x, out);
}
Var adaptive_max_pool3d(Arg x, PerAxis out) {
  return adaptive_max_pool<MaxPool>("adaptive_max_pool3d", 3, x, out);
}

Var adaptive_max_pool1d_indices(Arg x, PerAxis out) {
  return adaptive_max_pool<MaxPoolIndices>("adaptive_max_pool1d_indices", 1, x, out);
}
Var adaptive_max_pool2d_indices(Arg x, PerAxis out) {
  return adaptive_max_pool<MaxPoolIndices>("adaptive_max_pool2d_indices", 2, x, out);
}
Var adaptive_max_pool3d_indices(Arg x, PerAxis out) {
  return adaptive_max_pool<MaxPoolIndices>("adaptive_max_pool3d_indices", 3, x, out);
}

int max_pool_axes(const Node& node) {
  if (node.op != &record_of<MaxPool>) return 0;
  return static_cast<const MaxPool*>(node.attributes)->window.axes;
}

const Window* max_pool_window(const OpRecord& op, const void* attributes) {
  return &op == &record_of<MaxPool> ? &static_cast<const MaxPool*>(attributes)->window : nullptr;
}
const Window* max_pool_grad_window(const OpRecord& op, const void* attributes) {
  return &op == &record_of<MaxPoolGrad> ? &static_cast<const MaxPoolGrad*>(attributes)->window
                                        : nullptr;
}

std::span<const OpEntry> max_pool_ops() {
  return OpList<MaxPool, MaxPoolGrad, MaxPoolIndices>::entries;
}

}  // namespace dtheta
