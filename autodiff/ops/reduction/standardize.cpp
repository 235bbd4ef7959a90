#include "autodiff/ops/reduction/standardize.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "autodiff/errors.hpp"
#include "autodiff/kernels/parallel.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/reduction/moments.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/reduction/standardize_form.hpp"
#include "autodiff/ops/reduction/view_samples.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "autodiff/ops/spatial/window_rule.hpp"
#include "autodiff/scalar/real_attribute.hpp"

namespace dtheta {
namespace {

using detail::ChannelView;
using detail::Normalizer;

void require(std::string_view op, Types in, const ChannelView& view) {
  for (const ValueType& t : in) {
    detail::require_real_operand(op, t);
    if (t.shape.size() != view.size() || t.shape != in[0].shape) {
      throw ShapeError(fmt::format("{}: {} does not fit {} as (outer {}, channels {}, inner {})",
                                   op, to_string(t.shape), to_string(in[0].shape), view.outer,
                                   view.channels, view.inner));
    }
  }
}

std::size_t scratch_for(const ChannelView& view) { return Normalizer<double>::work_for(view); }

std::size_t count(Index n) { return static_cast<std::size_t>(n); }

/// Calls body(offset, rows) for runs of channels that are rows, shared by threads.
template <class T, class Body>
void for_each_row(const Call<T>& call, const ChannelView& view, Body body) {
  detail::for_each_run(call.parallel, count(view.channels), detail::rows_at_once(count(view.inner)),
                       [&](std::size_t first, std::size_t rows) {
                         body(static_cast<Index>(first) * view.inner, rows);
                       });
}

/// v as (outer, channels, inner).
Var viewed(Var v, const ChannelView& w) { return reshape(v, Shape{w.outer, w.channels, w.inner}); }

/// The mean of each channel as (channels, 1), to go with `viewed`.
Var channel_mean(Var v, const ChannelView& w) {
  const Var total = sum(sum(viewed(v, w), 2), 0) / static_cast<double>(w.count());
  return reshape(total, Shape{w.channels, 1});
}

/// For each channel; without centring the mean is taken as 0.
template <bool centered>
struct Standardize {
  ChannelView view;
  RealAttribute epsilon = 0x1p-17;
  friend constexpr bool operator==(const Standardize&, const Standardize&) = default;

  static constexpr OpInfo info{.name = centered ? "standardize" : "rms_standardize"};
  static constexpr OpRule rule{
      centered ? "y = (x - mean(x)) r, r = 1 / sqrt(var(x) + e)"
               : "y = x r, r = 1 / sqrt(mean(x^2) + e)",
      centered ? "dy = r (dx - mean(dx) - y mean(y dx))" : "dy = r (dx - y mean(y dx))"};
  [[nodiscard]] ValueType infer(Types in) const {
    require(info.name, in, view);
    return in[0];
  }
  [[nodiscard]] std::size_t scratch(Types) const { return scratch_for(view); }
  template <class T>
  void forward(const Call<T>& call) const {
    const T* x = call.input(0);
    T* out = call.output();
    if constexpr (Vectorized<T>) {
      if (detail::is_rows(view)) {
        return for_each_row(call, view, [&](Index at, std::size_t rows) {
          simd::standardize({centered, epsilon}, x + at, out + at, rows, count(view.inner));
        });
      }
    }
    const Normalizer<T> normalizer(call.parallel, view, centered, epsilon, x, call.workspace());
    view.for_each(call.parallel, [&](Index c) {
      return [x, out, y = normalizer.of(c)](Index i) { out[i] = y(x[i]); };
    });
  }
  [[nodiscard]] Var vjp(int, const Primal& p, Var c) const;
  /// More channels: those of one x behind those of the other.
  [[nodiscard]] Var batch(const Batch& b) const {
    const Standardize wide{{view.outer, b.size * view.channels, view.inner}, epsilon};
    if (view.outer == 1) return apply(wide, {b[0]});
    const Shape rows{b.size, view.outer, view.channels * view.inner};
    const Var turned = swap_axes(reshape(b[0], rows), 0, 1);
    return reshape(swap_axes(apply(wide, {turned}), 0, 1), b[0].shape());
  }

  static std::vector<Sample<Standardize>> samples() {
    std::vector<Sample<Standardize>> list;
    for (const auto& [shape, view] : detail::channel_views())
      list.push_back({{view}, {real(shape)}});
    list.push_back({{{1, 1, 3}, 1}, {given({3}, {0, 0, 0})}});
    list.push_back({{{1, 2, 3}, 0.5}, {given({2, 3}, {1e-30, 0, 1e-30, 2, 2, 2})}});
    list.push_back({{{1, 1, 4}, 0}, {given({4}, {100, 101, 102, 105})}});
    return list;
  }
};

/// For the cotangent d of g; G is symmetric in c, and y and r depend on x.
template <bool centered>
struct StandardizeGrad {
  ChannelView view;
  RealAttribute epsilon = 0x1p-17;
  friend constexpr bool operator==(const StandardizeGrad&, const StandardizeGrad&) = default;

  static constexpr OpInfo info{.name = centered ? "standardize_grad" : "rms_standardize_grad",
                               .arity = 2};
  static constexpr OpRule rule{
      centered ? "g = G(c, x) = r (c - mean(c) - y mean(c y)), what standardize hands to x"
               : "g = G(c, x) = r (c - y mean(c y)), what rms_standardize hands to x",
      "c receives G(d, x), x receives -G(r (c mean(d y) + d mean(c y)), x) - r y mean(d g)"};
  [[nodiscard]] ValueType infer(Types in) const {
    require(info.name, in, view);
    return in[0];
  }
  [[nodiscard]] std::size_t scratch(Types) const {
    return 4 * static_cast<std::size_t>(view.channels) + view.work_for_sums(2);
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const T *c = call.input(0), *x = call.input(1);
    T *out = call.output(), *work = call.workspace();
    if constexpr (Vectorized<T>) {
      if (detail::is_rows(view)) {
        return for_each_row(call, view, [&](Index at, std::size_t rows) {
          simd::standardize_grad({centered, epsilon}, c + at, x + at, out + at, rows,
                                 count(view.inner));
        });
      }
    }
    T *const mean = work, *const along = mean + view.channels;
    T* const rest = along + view.channels;
    const Normalizer<T> normalizer(call.parallel, view, centered, epsilon, x, rest);
    view.products(call.parallel, c, x, normalizer.shift, mean, rest + 2 * view.channels);
    view.divide(mean);
    view.divide(along);
    for (Index k = 0; k < view.channels; ++k) {
      if (!centered) mean[k] = T(0);
      along[k] *= normalizer.rate[k];  // mean(c y)
    }
    view.for_each(call.parallel, [&](Index k) {
      return [c, x, out, y = normalizer.of(k), m = mean[k], a = along[k]](Index i) {
        out[i] = y.rate * (c[i] - m - y(x[i]) * a);
      };
    });
  }
  [[nodiscard]] Var vjp(int i, const Primal& p, Var d) const {
    if (i == 0) return apply(*this, {d, p[1]});
    const Var x = p[1], y = apply(Standardize<centered>{view, epsilon}, {x});
    const Var c3 = viewed(p[0], view), d3 = viewed(d, view), y3 = viewed(y, view);
    const Var r = rate(x);
    const Var inner = r * (c3 * channel_mean(d * y, view) + d3 * channel_mean(p[0] * y, view));
    const Var through_y = apply(*this, {reshape(inner, x.shape()), x});
    const Var through_r = r * y3 * channel_mean(d * p.out, view);
    return -(through_y + reshape(through_r, x.shape()));
  }

  static std::vector<Sample<StandardizeGrad>> samples() {
    std::vector<Sample<StandardizeGrad>> list;
    for (const auto& [shape, view] : detail::channel_views()) {
      // For a single element c - y mean(c y) is c epsilon r^2, what is left of a difference: only a
      // large epsilon leaves digits to compare.
      const double eps = view.count() == 1 ? 0.25 : 0x1p-17;
      list.push_back({{view, eps}, {real(shape), real(shape)}});
    }
    list.push_back({{{1, 1, 3}, 1}, {real({3}), given({3}, {0, 0, 0})}});
    return list;
  }

 private:
  /// r as (channels, 1).
  [[nodiscard]] Var rate(Var x) const {
    const Var v = centered
                      ? reshape(slice(detail::moments(x, view), 0, {1, 2}), Shape{view.channels, 1})
                      : channel_mean(square(x), view);
    return rsqrt(v + epsilon.number());
  }
};

template <bool centered>
Var Standardize<centered>::vjp(int, const Primal& p, Var c) const {
  return apply(StandardizeGrad<centered>{view, epsilon}, {c, p[0]});
}

}  // namespace

namespace detail {

Var standardize(Arg x, const ChannelView& view, double epsilon) {
  return apply(Standardize<true>{view, epsilon}, {x});
}
Var rms_standardize(Arg x, const ChannelView& view, double epsilon) {
  return apply(Standardize<false>{view, epsilon}, {x});
}

}  // namespace detail

std::optional<StandardizeForm> as_standardize(const Node& node) {
  const auto form = [&]<bool centered>(const Standardize<centered>& op) {
    return StandardizeForm{op.view, op.epsilon.number(), centered};
  };
  if (node.op == &record_of<Standardize<true>>) {
    return form(*static_cast<const Standardize<true>*>(node.attributes));
  }
  if (node.op == &record_of<Standardize<false>>) {
    return form(*static_cast<const Standardize<false>*>(node.attributes));
  }
  return {};
}

std::span<const OpEntry> standardize_ops() {
  return OpList<Standardize<true>, StandardizeGrad<true>, Standardize<false>,
                StandardizeGrad<false>>::entries;
}

}  // namespace dtheta
