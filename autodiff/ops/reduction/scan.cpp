#include "autodiff/ops/reduction/scan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "autodiff/axes.hpp"
#include "autodiff/errors.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/broadcast.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/operands.hpp"
#include "autodiff/ops/reduction/scan_rows.hpp"
#include "autodiff/ops/rule_ops.hpp"
#include "autodiff/ops/shape/concat.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {
namespace {

using detail::for_each_row, detail::shifted;

/// `link_before` says that a is that of the element before. The adjoint is a scan the other way
/// with the other kind of link.
struct LinearScan {
  int axis = 0;
  bool reverse = false;
  bool link_before = false;
  friend constexpr bool operator==(const LinearScan&, const LinearScan&) = default;

  static constexpr OpInfo info{.name = "linear_scan", .arity = 2, .analytic = true};
  static constexpr OpRule rule{"h[i] = b[i] + a h[i-1], a = a[i] or a[i-1]",
                               "dh[i] = a dh[i-1] + (da h[i-1] + db[i])"};
  [[nodiscard]] static ValueType infer(Types in) {
    detail::require_real(info.name, in);
    if (in[0].shape != in[1].shape) {
      throw ShapeError(fmt::format("linear_scan: {} and {} are not of one shape",
                                   to_string(in[0].shape), to_string(in[1].shape)));
    }
    return in[0];
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const AxisSplit s(call.shape(0), axis, 1);
    const T *a = call.input(0), *b = call.input(1);
    T* h = call.output();
    for_each_row(s, reverse, [&](Index row, Index before) {
      if (before < 0) {
        std::copy_n(b + row, s.inner, h + row);
        return;
      }
      const T* link = a + (link_before ? before : row);
      for (Index j = 0; j < s.inner; ++j) h[row + j] = b[row + j] + link[j] * h[before + j];
    });
  }
  [[nodiscard]] Var vjp(int i, const Primal& p, Var c) const {
    const Var g = apply(LinearScan{axis, !reverse, !link_before}, {p[0], c});
    if (i == 1) return g;
    // Where there is nothing before, the link has no part, though it be infinite.
    return link_before ? detail::weighted(shifted(g, axis, !reverse, 0), p.out)
                       : detail::weighted(shifted(p.out, axis, reverse, 0), g);
  }
  [[nodiscard]] Var jvp(const Primal& p, std::span<const Var> t) const {
    Var added = t[1];
    if (t[0].exists()) {
      const Var pushed = link_before ? shifted(t[0] * p.out, axis, reverse, 0)
                                     : t[0] * shifted(p.out, axis, reverse, 0);
      added = added.exists() ? added + pushed : pushed;
    }
    return apply(*this, {p[0], added});
  }
  [[nodiscard]] Var batch(const Batch& b) const {
    return apply(LinearScan{axis + 1, reverse, link_before}, {b.expanded(0), b.expanded(1)});
  }
  static std::vector<Sample<LinearScan>> samples() {
    std::vector<Sample<LinearScan>> list;
    for (const bool reverse : {false, true}) {
      for (const bool link_before : {false, true}) {
        list.push_back({{0, reverse, link_before}, {real({4}), real({4})}});
        list.push_back({{1, reverse, link_before}, {real({2, 3, 2}), real({2, 3, 2})}});
        list.push_back({{0, reverse, link_before}, {given({3}, {0, 0, 2}), real({3})}});
      }
    }
    list.push_back({{1, false, false}, {real({3, 1}), real({3, 1})}});
    list.push_back({{1, true, false}, {real({3, 0}), real({3, 0})}});
    list.push_back({{0, false, true}, {real({40}), real({40})}});
    return list;
  }
};

/// What cumsum and cumprod share: element i is `combine` of the elements up to i, or before it.
template <class Self>
struct Running {
  int axis = 0;
  bool exclusive = false;
  bool reverse = false;
  friend constexpr bool operator==(const Running&, const Running&) = default;

  [[nodiscard]] static ValueType infer(Types in) {
    detail::require_real(Self::info.name, in);
    return in[0];
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const AxisSplit s(call.shape(0), axis, 1);
    const T* x = call.input(0);
    T* y = call.output();
    if (s.inner == 1) return along_lines(s, x, y);
    for_each_row(s, reverse, [&](Index row, Index before) {
      if (before < 0) {
        if (exclusive)
          std::fill_n(y + row, s.inner, T(Self::neutral));
        else
          std::copy_n(x + row, s.inner, y + row);
        return;
      }
      const T* next = x + (exclusive ? before : row);
      for (Index j = 0; j < s.inner; ++j) y[row + j] = Self::combine(y[before + j], next[j]);
    });
  }
  [[nodiscard]] Var batch(const Batch& b) const {
    return apply(running(axis + 1, exclusive, reverse), {b[0]});
  }
  static Self running(int axis, bool exclusive, bool reverse) {
    Self op;
    op.axis = axis;
    op.exclusive = exclusive;
    op.reverse = reverse;
    return op;
  }
  static std::vector<Sample<Self>> samples() {
    std::vector<Sample<Self>> list;
    for (const bool exclusive : {false, true}) {
      for (const bool reverse : {false, true}) {
        const auto op = [&](int axis) { return running(axis, exclusive, reverse); };
        list.push_back({op(0), {real({5})}});
        list.push_back({op(0), {real({3, 2})}});
        list.push_back({op(1), {real({2, 3, 2})}});
        list.push_back({op(1), {given({1, 4}, {2, 0, -3, 0})}});
        list.push_back({op(0), {given({3}, {1e-30, 1e30, 3e-30})}});
      }
    }
    list.push_back({running(1, false, false), {real({2, 1})}});
    list.push_back({running(1, true, false), {real({2, 0})}});
    list.push_back({running(0, false, true), {real({0, 2})}});
    list.push_back({running(2, false, false), {real({2, 1, 20}, {0.5, 1.5})}});
    list.push_back({running(1, true, true), {real({9, 3}, {0.5, 1.5})}});
    return list;
  }

 private:
  /// Along the last axis: some lines at a time, since each result waits for the one before.
  template <class T>
  void along_lines(const AxisSplit& s, const T* x, T* y) const {
    constexpr Index at_once = 8;
    Index o = 0;
    for (; o + at_once <= s.outer; o += at_once) lines<at_once>(s.n, x + o * s.n, y + o * s.n);
    for (; o < s.outer; ++o) lines<1>(s.n, x + o * s.n, y + o * s.n);
  }
  template <Index count, class T>
  void lines(Index n, const T* x, T* y) const {
    std::array<T, static_cast<std::size_t>(count)> total;
    total.fill(T(Self::neutral));
    for (Index i = 0; i < n; ++i) {
      const Index at = reverse ? n - 1 - i : i;
      for (Index k = 0; k < count; ++k) {
        T& t = total[static_cast<std::size_t>(k)];
        const Index place = k * n + at;
        const T before = t;
        t = i == 0 ? x[place] : Self::combine(before, x[place]);
        y[place] = exclusive ? before : t;
      }
    }
  }
};

struct CumSum : Running<CumSum> {
  static constexpr OpInfo info{.name = "cumsum", .analytic = true, .linear = true};
  static constexpr OpRule rule{"y[i] = the sum of x[k] over k <= i", "dy = cumsum(dx)"};
  static constexpr int neutral = 0;
  template <class T>
  static T combine(T a, T b) {
    return a + b;
  }
  [[nodiscard]] Var vjp(int, const Primal&, Var c) const {
    return apply(running(axis, exclusive, !reverse), {c});
  }
};

/// What comes before k is a product; what comes behind, summed over i, a linear scan.
struct CumProd : Running<CumProd> {
  static constexpr OpInfo info{.name = "cumprod", .analytic = true};
  static constexpr OpRule rule{
      "y[i] = the product of x[k] over k <= i",
      "dy[i] = the sum over k <= i of the product of x[j], j <= i, without x[k], times dx[k]"};
  static constexpr int neutral = 1;
  template <class T>
  static T combine(T a, T b) {
    return a * b;
  }
  [[nodiscard]] Var vjp(int, const Primal& p, Var c) const {
    const Var before = exclusive ? p.out : shifted(p.out, axis, reverse, 1);
    const Var scan = apply(LinearScan{axis, !reverse, !exclusive}, {p[0], c});
    return exclusive ? detail::weighted(shifted(scan, axis, !reverse, 0), before) : before * scan;
  }
};

template <class Op>
Var running(Arg x, int axis, bool exclusive, bool reverse) {
  const int a = normalize_axis(Op::info.name, axis, x.var().rank());
  return apply(Op::running(a, exclusive, reverse), {x});
}

Shape shape_of(Arg x) { return x.is_number() ? Shape{} : x.var().shape(); }

}  // namespace

namespace detail {

Var shifted(Var v, int axis, bool reverse, double fill) {
  const Index n = v.shape()[axis];
  if (n == 0) return v;
  const Var kept = reverse ? slice(v, axis, {1, n}) : slice(v, axis, {0, n - 1});
  const Var one = broadcast_to(v.tape().constant(fill), replaced(v.shape(), axis, 1));
  return reverse ? concat({kept, one}, axis) : concat({one, kept}, axis);
}

Var scan_with_links(Var a, Var b, int axis, bool reverse, bool link_before) {
  return apply(LinearScan{axis, reverse, link_before}, {a, b});
}

}  // namespace detail

Var cumsum(Arg x, int axis, bool exclusive, bool reverse) {
  return running<CumSum>(x, axis, exclusive, reverse);
}
Var cumprod(Arg x, int axis, bool exclusive, bool reverse) {
  return running<CumProd>(x, axis, exclusive, reverse);
}

Var linear_scan(Arg a, Arg b, int axis, bool reverse) {
  if (a.is_number() && b.is_number()) throw StateError("linear_scan: neither operand is recorded");
  const Shape shape = broadcast("linear_scan", shape_of(a), shape_of(b));
  Tape& tape = (a.is_number() ? b : a).var().tape();
  const auto spread = [&](Arg v) {
    return Arg(broadcast_to(v.is_number() ? tape.constant(v.number()) : v.var(), shape), v.at());
  };
  const int at = normalize_axis("linear_scan", axis, shape.rank());
  return apply(LinearScan{at, reverse, false}, {spread(a), spread(b)});
}

std::span<const OpEntry> scan_ops() { return OpList<CumSum, CumProd, LinearScan>::entries; }

}  // namespace dtheta
