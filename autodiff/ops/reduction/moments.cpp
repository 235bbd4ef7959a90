// Mean and variance of channels, and what is brought to them: y = (x - m) s + b is elementwise, so
// that a plan computes it in one pass with what stands beside it, a rectifier say, and so is what
// comes back to x. The sums that come back to m, s and b are one pass together.

#include "autodiff/ops/reduction/moments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "autodiff/elementwise.hpp"
#include "autodiff/errors.hpp"
#include "autodiff/kernels/simd/channel_sums.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/reduction/moments_form.hpp"
#include "autodiff/ops/reduction/view_samples.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "autodiff/ops/spatial/window_rule.hpp"

namespace dtheta {
namespace {

using detail::beside_channels;
using detail::ChannelView;

void require(std::string_view op, const ValueType& t, const ChannelView& view) {
  detail::require_real_operand(op, t);
  if (t.shape.size() != view.size()) {
    throw ShapeError(fmt::format("{}: {} does not fit (outer {}, channels {}, inner {})", op,
                                 to_string(t.shape), view.outer, view.channels, view.inner));
  }
}

bool has_channels(const Shape& x, const ChannelView& view) {
  return x.rank() >= 2 && x[0] == view.outer && x[1] == view.channels;
}

/// Operand i of a batch, its channels those of all beside each other: (outer, K channels, inner).
Var beside_each_other(const Batch& b, int i, const ChannelView& view) {
  const Shape rows{b.size, view.outer, view.channels * view.inner};
  return swap_axes(reshape(b.expanded(i), rows), 0, 1);
}

/// (2, K channels) -> (K, 2, channels).
Var apart(Var both, Index size) {
  const Index channels = both.shape()[1] / std::max<Index>(size, 1);
  return swap_axes(reshape(both, Shape{2, size, channels}), 0, 1);
}

struct Moments {
  ChannelView view;
  friend constexpr bool operator==(const Moments&, const Moments&) = default;

  static constexpr OpInfo info{.name = "moments", .analytic = true};
  static constexpr OpRule rule{"y = (mean(x), variance(x))",
                               "dy = (mean(dx), mean(2 (x - mean(x)) dx))"};
  [[nodiscard]] ValueType infer(Types in) const {
    require(info.name, in[0], view);
    return {Shape{2, view.channels}, Kind::real};
  }
  [[nodiscard]] std::size_t scratch(Types) const { return view.work_for_sums(1); }
  template <class T>
  void forward(const Call<T>& call) const {
    T* out = call.output();
    view.moments(call.parallel, call.input(0), out, out + view.channels, call.workspace());
  }
  /// x receives (c_mean + 2 (x - mean) c_variance) / n.
  [[nodiscard]] Var vjp(int, const Primal& p, Var c) const {
    const Shape own = p[0].shape();
    const bool fits = has_channels(own, view);
    const Var x = fits ? p[0] : reshape(p[0], Shape{view.outer, view.channels, view.inner});
    const auto number = [&](Var v, Index row) { return detail::of_channels(v, row, x.shape()); };
    const double n = static_cast<double>(view.count());
    const Var pulled =
        detail::centered_affine(x, number(p.out, 0), 2 * number(c, 1) / n, number(c, 0) / n);
    return fits ? pulled : reshape(pulled, own);
  }
  /// More channels: those of one x beside those of the other.
  [[nodiscard]] Var batch(const Batch& b) const {
    const Moments wide{{view.outer, b.size * view.channels, view.inner}};
    return apart(apply(wide, {beside_each_other(b, 0, view)}), b.size);
  }
  static std::vector<Sample<Moments>> samples() {
    std::vector<Sample<Moments>> list;
    for (const auto& [shape, view] : detail::channel_views()) {
      if (view.count() > 0) list.push_back({{view}, {real(shape)}});
    }
    list.push_back({{{1, 1, 4}}, {given({4}, {100, 101, 102, 105})}});
    return list;
  }
};

struct CenteredSums {
  ChannelView view;
  friend constexpr bool operator==(const CenteredSums&, const CenteredSums&) = default;

  static constexpr OpInfo info{.name = "centered_sums", .arity = 3, .analytic = true};
  static constexpr OpRule rule{"y = (sum(c), sum(c (x - m))) of each channel",
                               "dy = (sum(dc), sum((x - m) dc + c dx) - dm sum(c))"};
  [[nodiscard]] ValueType infer(Types in) const {
    for (int i : {0, 1}) require(info.name, in[static_cast<std::size_t>(i)], view);
    detail::require_real_operand(info.name, in[2]);
    if (in[0].shape != in[1].shape || in[2].shape.size() != view.channels) {
      throw ShapeError(fmt::format(
          "{}: {}, {} and {} do not fit: two of one shape and {} channels are needed", info.name,
          to_string(in[0].shape), to_string(in[1].shape), to_string(in[2].shape), view.channels));
    }
    return {Shape{2, view.channels}, Kind::real};
  }
  [[nodiscard]] std::size_t scratch(Types) const { return view.work_for_sums(2); }
  template <class T>
  void forward(const Call<T>& call) const {
    const T *c = call.input(0), *x = call.input(1), *m = call.input(2);
    view.products(call.parallel, c, x, m, call.output(), call.workspace());
  }
  /// With d = (e, f) for the cotangent: c receives e + (x - m) f, x receives c f, m -f sum(c).
  [[nodiscard]] Var vjp(int i, const Primal& p, Var d) const {
    const Shape own = p[0].shape();
    const bool fits = has_channels(own, view);
    const auto seen = [&](Var v) {
      return fits ? v : reshape(v, Shape{view.outer, view.channels, view.inner});
    };
    const Var x = seen(p[1]);
    const auto number = [&](Index row) { return detail::of_channels(d, row, x.shape()); };
    if (i == 2) {
      return reshape(-(slice(d, 0, {1, 2}) * slice(p.out, 0, {0, 1})), p[2].shape());
    }
    const Var pulled = i == 0
                           ? detail::centered_affine(x, reshape(p[2], beside_channels(x.shape())),
                                                     number(1), number(0))
                           : seen(p[0]) * number(1);
    return fits ? pulled : reshape(pulled, own);
  }
  [[nodiscard]] Var batch(const Batch& b) const {
    const CenteredSums wide{{view.outer, b.size * view.channels, view.inner}};
    const Var c = beside_each_other(b, 0, view), x = beside_each_other(b, 1, view);
    return apart(apply(wide, {c, x, reshape(b.expanded(2), {-1})}), b.size);
  }
  static std::vector<Sample<CenteredSums>> samples() {
    std::vector<Sample<CenteredSums>> list;
    for (const auto& [shape, view] : detail::channel_views()) {
      list.push_back({{view}, {real(shape), real(shape), real({view.channels})}});
    }
    // Far from 0, where only a difference of x and m has digits.
    list.push_back(
        {{{1, 1, 3}}, {real({3}), given({3}, {1e8, 1e8 + 1, 1e8 + 3}), given({1}, {1e8})}});
    return list;
  }
};

struct CenteredAffine : Elementwise<CenteredAffine, 4> {
  static constexpr OpInfo info{.name = "centered_affine", .arity = 4, .analytic = true};
  static constexpr OpRule rule{"y = (x - m) s + b", "dy = s (dx - dm) + (x - m) ds + db"};
  static constexpr Domain domain{-3, 3};
  template <class T>
  static T value(T x, T m, T s, T b) {
    return (x - m) * s + b;
  }
  template <class T>
  void tile(const T* const* in, T* out, std::size_t n) const {
    if constexpr (Vectorized<T>)
      simd::centered_affine(in[0], in[1], in[2], in[3], out, n);
    else
      Elementwise<CenteredAffine, 4>::tile(in, out, n);
  }
  static Var pullback(int i, const Primal& p, Var c) {
    if (i == 0) return c * p[2];
    if (i == 1) return -(c * p[2]);
    return i == 2 ? c * (p[0] - p[1]) : c;
  }
  /// m, s and b of channels receive -s sum(c), sum(c (x - m)) and sum(c).
  [[nodiscard]] Var vjp(int i, const Primal& p, Var c) const {
    const Shape x = p[0].shape();
    const bool per_channel = i > 0 && x.rank() >= 2 && x == p.out.shape() &&
                             p[1].shape() == beside_channels(x) && p[i].shape() == p[1].shape();
    if (!per_channel || (i == 1 && p[2].shape() != p[1].shape())) {
      return Elementwise<CenteredAffine, 4>::vjp(i, p, c);
    }
    const AxisSplit s(x, 1, 1);
    const CenteredSums both{{s.outer, s.n, s.inner}};
    const Var sums = apply(both, {c, p[0], reshape(p[1], {-1})});
    const Var sum = detail::of_channels(sums, i == 2 ? 1 : 0, x);
    return i == 1 ? -(p[2] * sum) : sum;
  }
  static std::vector<Sample<CenteredAffine>> samples() {
    std::vector<Sample<CenteredAffine>> list;
    // By channel, by element, by number, and x itself broadcast.
    for (const Shape& x : {Shape{3, 2, 4}, Shape{2, 3}, Shape{2, 1, 2, 2}, Shape{0, 2, 3}}) {
      const Shape each = beside_channels(x);
      list.push_back({{}, {real(x), real(each), real(each), real(each)}});
      list.push_back({{}, {real(x), real(each), real(x), real({})}});
    }
    list.push_back({{}, {real({}), real({}), real({}), real({})}});
    list.push_back({{}, {real({3}), real({2, 3}), real({1}), real({2, 1})}});
    list.push_back({{}, {real({1, 3}), real({2, 1}), real({2, 3}), real({3})}});
    // A location far from 0: the difference has the digits.
    list.push_back({{}, {given({2}, {1e8 + 1, 1e8 - 3}), given({}, {1e8}), real({}), real({})}});
    return list;
  }
};

}  // namespace

namespace detail {

Shape beside_channels(const Shape& x) {
  std::vector<Index> dims(static_cast<std::size_t>(x.rank() - 1), 1);
  dims[0] = x[1];
  return Shape(dims);
}

Var moments(Arg x, const ChannelView& view) { return apply(Moments{view}, {x}); }

Var centered_affine(Arg x, Arg m, Arg s, Arg b) { return apply(CenteredAffine{}, {x, m, s, b}); }

Var of_channels(Var rows, Index row, const Shape& x) {
  return reshape(slice(rows, 0, {row, row + 1}), beside_channels(x));
}

}  // namespace detail

std::optional<ChannelView> as_moments(const Node& node) {
  if (node.op != &record_of<Moments>) return {};
  return static_cast<const Moments*>(node.attributes)->view;
}

std::span<const OpEntry> moments_ops() {
  return OpList<Moments, CenteredSums, CenteredAffine>::entries;
}

}  // namespace dtheta
