#include "autodiff/ops/reduction/softmax.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "autodiff/errors.hpp"
#include "autodiff/kernels/parallel.hpp"
#include "autodiff/kernels/reduce.hpp"
#include "autodiff/kernels/simd/softmax.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/comparison.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/operands.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/reduction/softmax_form.hpp"
#include "autodiff/ops/rule_ops.hpp"

namespace dtheta {
namespace {

/// What the ops here share: they work along one axis, on operands of one shape, the result's.
///
/// The op itself provides, for a run of elements `step` apart,
///   template <class T> static void run(const T* const* in, T* out, Index n, Index step);
/// and for rows of adjacent elements
///   template <Vectorized T> static void rows(const T* const* in, T* out, size_t rows, size_t n);
template <class Self>
struct AlongAxis {
  int axis = 0;
  friend constexpr bool operator==(const AlongAxis&, const AlongAxis&) = default;

  [[nodiscard]] ValueType infer(Types in) const {
    detail::require_real(Self::info.name, in);
    for (const ValueType& t : in) {
      if (t.shape == in[0].shape) continue;
      throw ShapeError(fmt::format("{}: {} and {} differ", Self::info.name, to_string(in[0].shape),
                                   to_string(t.shape)));
    }
    return in[0];
  }

  template <class T>
  void forward(const Call<T>& call) const {
    constexpr int arity = Self::info.arity;
    const AxisSplit s(call.shape(0), axis, 1);
    if (s.n == 0) return;
    const auto at = [&](Index offset) {
      std::array<const T*, arity> in;
      for (int k = 0; k < arity; ++k) in[static_cast<std::size_t>(k)] = call.input(k) + offset;
      return in;
    };
    if constexpr (Vectorized<T>) {
      if (s.inner == 1) {
        const auto n = static_cast<std::size_t>(s.n);
        const auto work = [&](std::size_t first, std::size_t rows) {
          const auto offset = static_cast<Index>(first) * s.n;
          Self::rows(at(offset).data(), call.output() + offset, rows, n);
        };
        return detail::for_each_run(call.parallel, static_cast<std::size_t>(s.outer),
                                    detail::rows_at_once(n), work);
      }
    }
    for (Index o = 0; o < s.outer; ++o) {
      for (Index j = 0; j < s.inner; ++j) {
        const Index offset = o * s.n * s.inner + j;
        Self::run(at(offset).data(), call.output() + offset, s.n, s.inner);
      }
    }
  }

  [[nodiscard]] Var batch(const Batch& b) const {
    Self moved = static_cast<const Self&>(*this);
    ++moved.axis;
    if constexpr (Self::info.arity == 1)
      return apply(moved, {b[0]});
    else
      return apply(moved, {b.expanded(0), b.expanded(1)});
  }

  static std::vector<Sample<Self>> samples() {
    std::vector<Sample<Self>> list;
    const auto add = [&](int axis, const SampleInput& x) {
      Self op;
      op.axis = axis;
      list.push_back({op, std::vector<SampleInput>(static_cast<std::size_t>(Self::info.arity), x)});
    };
    for (const auto& [axis, shape] : std::vector<std::pair<int, Shape>>{{0, {4}},
                                                                        {1, {3, 5}},
                                                                        {0, {3, 5}},
                                                                        {1, {2, 3, 2}},
                                                                        {1, {3, 1}},
                                                                        {1, {0, 3}},
                                                                        {0, {37}}}) {
      add(axis, real(shape, {-3, 3}));
    }
    if (Self::info.arity == 1) add(0, given({3}, {500, 501, 499}));
    return list;
  }
};

/// Whether the largest of a run is infinite, or one is NaN; if so the softmax, or its logarithm, is
/// written: the limit if there are elements of +infinity, which share the sum evenly, else NaN.
template <class T>
bool write_infinite(const T* x, T* out, Index n, Index step, bool logarithm) {
  using std::log;
  const T infinity = std::numeric_limits<T>::infinity();
  Index largest = 0, finite = 0, nans = 0;
  for (Index i = 0; i < n; ++i) {
    const T v = x[i * step];
    largest += v == infinity ? 1 : 0;
    finite += v - v == T(0) ? 1 : 0;
    nans += v != v ? 1 : 0;
  }
  if (nans == 0 && largest == 0 && finite > 0) return false;
  if (n == 1 && nans == 0) {  // an element alone is all of its sum
    out[0] = logarithm ? T(0) : T(1);
    return true;
  }
  const T even = T(1) / T(static_cast<double>(largest));
  for (Index i = 0; i < n; ++i) {
    const bool has_part = x[i * step] == infinity;
    if (nans > 0 || largest == 0)
      out[i * step] = std::numeric_limits<T>::quiet_NaN();
    else if (logarithm)
      out[i * step] = has_part ? log(even) : -infinity;
    else
      out[i * step] = has_part ? even : T(0);
  }
  return true;
}

/// The adjoint of y = softmax(x) at c: symmetric and linear in c. For the cotangent d, y receives
///   d (c - s) - c sum(d y).
/// All c may count from any one of them, where y sums to 1.
struct SoftmaxGrad : AlongAxis<SoftmaxGrad> {
  static constexpr OpInfo info{.name = "softmax_grad", .arity = 2};
  static constexpr OpRule rule{"z = y (c - s), s = sum(y c)",
                               "dz = softmax_grad(y, dc) + (c - s) dy - y sum(c dy)"};
  template <class T>
  static void run(const T* const* in, T* out, Index n, Index step) {
    const T *c = in[0], *y = in[1];
    // What has no part in the sum has none here, though its adjoint may be infinite. Where one
    // element is most of the sum adjoints count from its own: else what it receives would be the
    // difference of two numbers that are nearly the same.
    T origin(0);
    for (Index i = 0; i < n; ++i) {
      const T own = c[i * step];
      if (y[i * step] > T(1) / T(2) && own - own == T(0)) origin = own;
    }
    const auto part = [&](Index i, T v) {
      return y[i * step] == T(0) && v == v ? T(0) : y[i * step] * v;
    };
    T along(0);
    for (Index i = 0; i < n; ++i) along += part(i, c[i * step] - origin);
    for (Index i = 0; i < n; ++i) out[i * step] = part(i, (c[i * step] - origin) - along);
  }
  template <Vectorized T>
  static void rows(const T* const* in, T* out, std::size_t rows, std::size_t n) {
    simd::softmax_grad(in[0], in[1], out, rows, n);
  }
  [[nodiscard]] Var vjp(int i, const Primal& p, Var d) const {
    const Var c = p[0], y = p[1];
    if (i == 0) return apply(*this, {d, y});
    // Counted from the adjoint of a dominant element, as the value is.
    const Var own = c - sum(where(greater(y, 0.5), c, 0.0), axis, true);
    return d * (own - sum(y * own, axis, true)) - own * sum(d * y, axis, true);
  }
  /// y is a softmax. (What it receives is tested where it is one: by the second derivatives of
  /// softmax.)
  static std::vector<Sample<SoftmaxGrad>> samples() {
    std::vector<Sample<SoftmaxGrad>> list = AlongAxis<SoftmaxGrad>::samples();
    for (Sample<SoftmaxGrad>& s : list) {
      SampleInput& y = s.inputs[1];
      const AxisSplit split(y.shape, s.op.axis, 1);
      const auto n = static_cast<double>(split.n);
      y = fixed(y.shape, std::vector<double>(static_cast<std::size_t>(y.shape.size())));
      for (std::size_t i = 0; i < y.values.size(); ++i) {
        const Index at = static_cast<Index>(i) / split.inner % split.n;
        y.values[i] = 2 * static_cast<double>(at + 1) / (n * (n + 1));  // 1, 2, ... of their sum
      }
    }
    list.push_back(
        {{}, {real({4}, {-3, 3}), fixed({4}, {0x1p-20, 0x1p-19, 1 - 0x1p-18, 0x1p-20})}});
    return list;
  }
};

struct Softmax : AlongAxis<Softmax> {
  static constexpr OpInfo info{.name = "softmax"};
  static constexpr OpRule rule{"y = e^x / sum(e^x)", "dy = y (dx - sum(y dx))"};
  template <class T>
  static void run(const T* const* in, T* out, Index n, Index step) {
    using std::exp;
    const T* x = in[0];
    if (write_infinite(x, out, n, step, false)) return;
    const T shift = detail::exponential_shift(x, n, step);
    T total(0);
    for (Index i = 0; i < n; ++i) total += out[i * step] = exp(x[i * step] - shift);
    for (Index i = 0; i < n; ++i) out[i * step] /= total;
  }
  template <Vectorized T>
  static void rows(const T* const* in, T* out, std::size_t rows, std::size_t n) {
    simd::softmax(in[0], out, rows, n);
  }
  [[nodiscard]] Var vjp(int, const Primal& p, Var c) const {
    SoftmaxGrad grad;
    grad.axis = axis;
    return apply(grad, {c, p.out});
  }
};

struct LogSumExpSlope : AlongAxis<LogSumExpSlope> {
  static constexpr OpInfo info{.name = "logsumexp_slope"};
  static constexpr OpRule rule{"y = softmax(x), 0 where all of x is -infinity",
                               "dy = y (dx - sum(y dx))"};
  template <class T>
  static void run(const T* const* in, T* out, Index n, Index step) {
    Softmax::run(in, out, n, step);
    if (out[0] == out[0]) return;
    const T none = -std::numeric_limits<T>::infinity();
    for (Index i = 0; i < n; ++i) {
      if (in[0][i * step] != none) return;
    }
    for (Index i = 0; i < n; ++i) out[i * step] = T(0);
  }
  template <Vectorized T>
  static void rows(const T* const* in, T* out, std::size_t rows, std::size_t n) {
    simd::softmax(in[0], out, rows, n);
    for (std::size_t r = 0; r < rows; ++r) {
      const T* x = in[0] + r * n;
      if (out[r * n] != out[r * n]) run(&x, out + r * n, static_cast<Index>(n), 1);
    }
  }
  [[nodiscard]] Var vjp(int, const Primal& p, Var c) const {
    SoftmaxGrad grad;
    grad.axis = axis;
    return apply(grad, {c, p.out});
  }
};

struct LogSoftmax : AlongAxis<LogSoftmax> {
  static constexpr OpInfo info{.name = "log_softmax"};
  static constexpr OpRule rule{"y = x - logsumexp(x)", "dy = dx - sum(softmax(x) dx)"};
  template <class T>
  static void run(const T* const* in, T* out, Index n, Index step) {
    using std::exp, std::log;
    const T* x = in[0];
    if (write_infinite(x, out, n, step, true)) return;
    const T shift = detail::exponential_shift(x, n, step);
    T total(0);
    for (Index i = 0; i < n; ++i) total += exp(x[i * step] - shift);
    const T offset = log(total);
    for (Index i = 0; i < n; ++i) out[i * step] = (x[i * step] - shift) - offset;
  }
  template <Vectorized T>
  static void rows(const T* const* in, T* out, std::size_t rows, std::size_t n) {
    simd::log_softmax(in[0], out, rows, n);
  }
  [[nodiscard]] Var vjp(int, const Primal& p, Var c) const {
    return c - exp(p.out) * sum(c, axis, true);
  }
};

}  // namespace

Var softmax(Arg x, int axis) {
  Softmax op;
  op.axis = normalize_axis("softmax", axis, x.var().rank());
  return apply(op, {x});
}
namespace detail {

Var logsumexp_slope(Arg x, int axis) {
  LogSumExpSlope op;
  op.axis = axis;
  return apply(op, {x});
}

}  // namespace detail

Var log_softmax(Arg x, int axis) {
  LogSoftmax op;
  op.axis = normalize_axis("log_softmax", axis, x.var().rank());
  return apply(op, {x});
}

std::optional<int> softmax_axis(const Node& node) {
  if (node.op == &record_of<Softmax>) return static_cast<const Softmax*>(node.attributes)->axis;
  if (node.op == &record_of<LogSoftmax>) {
    return static_cast<const LogSoftmax*>(node.attributes)->axis;
  }
  return {};
}

std::span<const OpEntry> softmax_ops() {
  return OpList<Softmax, SoftmaxGrad, LogSoftmax, LogSumExpSlope>::entries;
}

}  // namespace dtheta
