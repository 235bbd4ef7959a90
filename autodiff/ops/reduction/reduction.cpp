#include "autodiff/ops/reduction/reduction.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "autodiff/errors.hpp"
#include "autodiff/kernels/parallel.hpp"
#include "autodiff/kernels/reduce.hpp"
#include "autodiff/kernels/simd/elementwise.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/broadcast.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/rounding.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/operands.hpp"
#include "autodiff/ops/reduction/reduction_form.hpp"
#include "autodiff/ops/rule_ops.hpp"
#include "autodiff/ops/shape/rearrange.hpp"

namespace dtheta {
namespace {

/// What the reductions share: they take `count` adjacent axes starting at `first`.
template <class Self>
struct Reduction {
  int first = 0;
  int count = 0;
  bool keepdims = false;
  friend constexpr bool operator==(const Reduction&, const Reduction&) = default;

  [[nodiscard]] ValueType infer(Types in) const {
    detail::require_real(Self::info.name, in);
    const Shape& s = in[0].shape;
    if (Self::needs_elements && AxisSplit(s, first, count).n == 0) {
      throw ShapeError(fmt::format("{}: {} has no elements along the reduced axes", Self::info.name,
                                   to_string(s)));
    }
    return {reduced_shape(s, first, count, keepdims), Kind::real};
  }

  [[nodiscard]] AxisSplit split(const Shape& shape) const { return {shape, first, count}; }

  /// v, which has the result's shape, with the reduced axes back as axes of size 1.
  [[nodiscard]] Var expanded(Var v, const Shape& in) const {
    return reshape(v, reduced_shape(in, first, count, true));
  }

  [[nodiscard]] Var batch(const Batch& b) const {
    Self moved = static_cast<const Self&>(*this);
    ++moved.first;
    return apply(moved, {b[0]});
  }

  static std::vector<Sample<Self>> samples() {
    const auto op = [](int first, int count, bool keepdims) {
      Self s;
      s.first = first;
      s.count = count;
      s.keepdims = keepdims;
      return s;
    };
    std::vector<Sample<Self>> list{
        {op(0, 0, false), {real({})}},       {op(0, 1, false), {real({5})}},
        {op(0, 1, true), {real({1})}},       {op(0, 1, false), {real({3, 4})}},
        {op(1, 1, false), {real({3, 4})}},   {op(1, 1, true), {real({3, 4})}},
        {op(0, 2, false), {real({3, 4})}},   {op(1, 1, false), {real({2, 3, 4})}},
        {op(1, 2, true), {real({2, 3, 2})}}, {op(0, 3, false), {real({2, 3, 2})}},
        {op(0, 1, false), {real({70, 2})}},  {op(1, 1, false), {real({0, 3})}},
        {op(1, 1, false), {real({2, 1, 3})}}};
    if (!Self::needs_elements) list.push_back({op(0, 1, false), {real({0, 3})}});
    return list;
  }
};

struct Sum : Reduction<Sum> {
  static constexpr OpInfo info{.name = "sum", .analytic = true, .linear = true};
  static constexpr OpRule rule{"y = sum(x)", "dy = sum(dx)"};
  static constexpr bool needs_elements = false;
  [[nodiscard]] std::size_t scratch(Types in) const {
    return static_cast<std::size_t>(split(in[0].shape).inner);
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const AxisSplit s = split(call.shape(0));
    if (s.inner == 1) {  // rows, each of which is summed by one thread
      const auto at_once = detail::rows_at_once(static_cast<std::size_t>(s.n));
      return detail::for_each_run(call.parallel, static_cast<std::size_t>(s.outer), at_once,
                                  [&](std::size_t from, std::size_t rows) {
                                    T* out = call.output() + from;
                                    const T* x = call.input(0) + static_cast<Index>(from) * s.n;
                                    for (std::size_t o = 0; o < rows; ++o, x += s.n) {
                                      out[o] = detail::sum_run(x, s.n);
                                    }
                                  });
    }
    sum_columns(call, s);
  }
  [[nodiscard]] Var vjp(int, const Primal& p, Var c) const {
    return broadcast_to(expanded(c, p[0].shape()), p[0].shape());
  }

 private:
  /// Each column is summed by one thread, so that threads change no bits. Numbers that are no
  /// vectors share a workspace, and are not for several.
  template <class T>
  static void sum_columns(const Call<T>& call, const AxisSplit& s) {
    const auto columns = static_cast<std::size_t>(s.outer * s.inner);
    const auto sum = [&](std::size_t from, std::size_t count) {
      const auto start = static_cast<Index>(from), end = start + static_cast<Index>(count);
      Index o = start / s.inner, first = start % s.inner;
      for (Index j = start; j < end; ++o, j += s.inner - first, first = 0) {
        detail::sum_rows(call.input(0) + o * s.n * s.inner + first, s.n,
                         std::min(s.inner - first, end - j), s.inner, call.output() + j,
                         call.workspace() + first);
      }
    };
    detail::for_each_run(Vectorized<T> ? call.parallel : nullptr, columns,
                         detail::rows_at_once(static_cast<std::size_t>(s.n)), sum);
  }
};

/// d max(x) = the mean of dx over the elements that attain it
template <class Self>
struct Extremum : Reduction<Self> {
  static constexpr bool needs_elements = true;
  template <class T>
  void forward(const Call<T>& call) const {
    const AxisSplit s = this->split(call.shape(0));
    for (Index o = 0; o < s.outer; ++o) {
      const T* x = call.input(0) + o * s.n * s.inner;
      T* out = call.output() + o * s.inner;
      std::copy_n(x, s.inner, out);
      for (Index i = 1; i < s.n; ++i) {
        const T* row = x + i * s.inner;
        for (Index j = 0; j < s.inner; ++j) {
          if (Self::wins(row[j], out[j]) || row[j] != row[j]) out[j] = row[j];
        }
      }
    }
  }
  [[nodiscard]] Var vjp(int, const Primal& p, Var c) const {
    const Shape& shape = p[0].shape();
    const Var extremum = this->expanded(p.out, shape), attains = equal(p[0], extremum);
    const Var share = detail::xdivy(this->expanded(c, shape), sum(attains, reduced_axes(), true));
    return detail::keep_nan(where(attains + is_nan(extremum), share, 0), extremum);
  }

 private:
  [[nodiscard]] Axes reduced_axes() const {
    std::array<int, max_rank> axes{};
    for (int i = 0; i < this->count; ++i) axes[static_cast<std::size_t>(i)] = this->first + i;
    return Axes(std::span<const int>(axes.data(), static_cast<std::size_t>(this->count)));
  }
};

struct Max : Extremum<Max> {
  static constexpr OpInfo info{.name = "max"};
  static constexpr OpRule rule{"y = the largest element",
                               "dy = the mean of dx over the elements equal to y"};
  template <class T>
  static bool wins(T a, T b) {
    return a > b;
  }
};
struct Min : Extremum<Min> {
  static constexpr OpInfo info{.name = "min"};
  static constexpr OpRule rule{"y = the smallest element",
                               "dy = the mean of dx over the elements equal to y"};
  template <class T>
  static bool wins(T a, T b) {
    return a < b;
  }
};

struct LogSumExp : Reduction<LogSumExp> {
  static constexpr OpInfo info{.name = "logsumexp"};
  static constexpr OpRule rule{"y = log(sum(e^x))", "dy = sum(softmax(x) dx)"};
  static constexpr bool needs_elements = false;
  template <class T>
  void forward(const Call<T>& call) const {
    using std::exp, std::log;
    const AxisSplit s = split(call.shape(0));
    for (Index o = 0; o < s.outer; ++o) {
      for (Index j = 0; j < s.inner; ++j) {
        const T* x = call.input(0) + o * s.n * s.inner + j;
        const T shift = s.n > 0 ? detail::exponential_shift(x, s.n, s.inner) : T(0);
        T total(0);
        for (Index i = 0; i < s.n; ++i) total += exp(x[i * s.inner] - shift);
        call.output()[o * s.inner + j] = shift + log(total);
      }
    }
  }
  [[nodiscard]] Var vjp(int, const Primal& p, Var c) const {
    const Shape& shape = p[0].shape();
    const AxisSplit s = split(shape);
    // Not exp(x - logsumexp(x)): a large sum is rounded by more than the difference.
    const Var parts = detail::logsumexp_slope(reshape(p[0], Shape{s.outer, s.n, s.inner}), 1);
    return expanded(c, shape) * reshape(parts, shape);
  }
};

/// Records a reduction over any axes. The kernels take adjacent ones: others are moved to the back
/// first, and put back as axes of size 1 when they are to be kept.
template <class Op>
Var reduce(Arg x, const Axes& axes, bool keepdims) {
  const Shape shape = x.var().shape();
  const Axes sorted = normalize_axes(Op::info.name, axes, shape.rank());
  Op op;
  op.count = sorted.size();
  op.first = op.count > 0 ? sorted[0] : 0;
  op.keepdims = keepdims;
  if (op.count == 0 || sorted[op.count - 1] - op.first + 1 == op.count) return apply(op, {x});

  std::array<int, max_rank> order{};
  std::array<Index, max_rank> kept_dims{};
  int front = 0, back = shape.rank() - op.count;
  op.first = back;
  op.keepdims = false;
  for (int i = 0; i < shape.rank(); ++i) {
    const bool reduced = std::ranges::find(sorted, i) != sorted.end();
    order[static_cast<std::size_t>(reduced ? back++ : front++)] = i;
    kept_dims[static_cast<std::size_t>(i)] = reduced ? 1 : shape[i];
  }
  const auto rank = static_cast<std::size_t>(shape.rank());
  const Var moved = permute(x, Axes(std::span<const int>(order.data(), rank)));
  const Var result = apply(op, {Arg(moved, x.at())});
  return keepdims ? reshape(result, Shape(std::span<const Index>(kept_dims.data(), rank))) : result;
}

template <class Op>
Var reduce_all(Arg x) {
  return reduce<Op>(x, all_axes(x.var().rank()), false);
}

/// c in place of a sum: how many elements each result of the reduction was made from.
Var divided_by_count(Var total, const Shape& in) {
  const Index each = total.size() > 0 ? in.size() / total.size() : 0;
  return total / static_cast<double>(each);
}

}  // namespace

Var sum(Arg x) { return reduce_all<Sum>(x); }
Var sum(Arg x, Axes axes, bool keepdims) { return reduce<Sum>(x, axes, keepdims); }
Var max(Arg x) { return reduce_all<Max>(x); }
Var max(Arg x, Axes axes, bool keepdims) { return reduce<Max>(x, axes, keepdims); }
Var min(Arg x) { return reduce_all<Min>(x); }
Var min(Arg x, Axes axes, bool keepdims) { return reduce<Min>(x, axes, keepdims); }
Var logsumexp(Arg x) { return reduce_all<LogSumExp>(x); }
Var logsumexp(Arg x, Axes axes, bool keepdims) { return reduce<LogSumExp>(x, axes, keepdims); }

Var mean(Arg x) { return divided_by_count(sum(x), x.var().shape()); }
Var mean(Arg x, Axes axes, bool keepdims) {
  return divided_by_count(sum(x, axes, keepdims), x.var().shape());
}

Var sum_to(Arg x, const Shape& shape) {
  const Shape& from = x.var().shape();
  if (from == shape) return x.var();
  if (!broadcasts_to(shape, from)) {
    throw ShapeError(
        fmt::format("sum_to: {} does not broadcast to {}", to_string(shape), to_string(from)));
  }
  std::array<int, max_rank> axes{};
  std::size_t count = 0;
  const int added = from.rank() - shape.rank();
  for (int i = 0; i < from.rank(); ++i) {
    if (i < added || (shape[i - added] == 1 && from[i] != 1)) axes[count++] = i;
  }
  return reshape(sum(x, Axes(std::span<const int>(axes.data(), count))), shape);
}

std::optional<ReductionForm> as_sum(const OpRecord& op, const void* attributes) {
  if (&op != &record_of<Sum>) return {};
  const auto& form = *static_cast<const Sum*>(attributes);
  return ReductionForm{form.first, form.count, form.keepdims};
}
std::optional<ReductionForm> as_sum(const Node& node) {
  if (node.op == nullptr) return {};
  return as_sum(*node.op, node.attributes);
}

std::span<const OpEntry> reduction_ops() { return OpList<Sum, Max, Min, LogSumExp>::entries; }

}  // namespace dtheta
