#include "autodiff/ops/reduction/statistics.hpp"

#include <cmath>
#include <limits>

#include "autodiff/kernels/reduce.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/reduction/axis_reduction.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/scalar/real_attribute.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {
namespace {

/// Calls add(i, j) for each of n rows of `inner` elements, whose return values it sums over i into
/// out[j], in blocks of rows so that the error grows with n / 32. `block` holds `inner` elements.
template <class T, class Term>
void sum_terms(Index n, Index inner, T* out, T* block, Term term) {
  constexpr Index block_rows = 32;
  std::fill_n(out, inner, T(0));
  for (Index start = 0; start < n; start += block_rows) {
    const Index stop = std::min(n, start + block_rows);
    std::fill_n(block, inner, T(0));
    for (Index i = start; i < stop; ++i) {
      for (Index j = 0; j < inner; ++j) block[j] += term(i, j);
    }
    for (Index j = 0; j < inner; ++j) out[j] += block[j];
  }
}

/// The means of n rows of `inner` elements, in two passes: the second one finds what rounding did
/// to the first. `work` holds 2 * inner elements.
template <class T>
void means_of(const T* x, Index n, Index inner, T* mean, T* work) {
  T *rest = work, *block = work + inner;
  if (inner == 1)
    mean[0] = detail::sum_run(x, n);
  else
    detail::sum_rows(x, n, inner, inner, mean, block);
  for (Index j = 0; j < inner; ++j) mean[j] /= T(static_cast<double>(n));
  sum_terms(n, inner, rest, block, [&](Index i, Index j) { return x[i * inner + j] - mean[j]; });
  for (Index j = 0; j < inner; ++j) mean[j] += rest[j] / T(static_cast<double>(n));
}

/// A symmetric map.
struct Center {
  int first = 0;
  int count = 0;
  friend constexpr bool operator==(const Center&, const Center&) = default;

  static constexpr OpInfo info{.name = "center", .analytic = true, .linear = true};
  static constexpr OpRule rule{"y = x - mean(x)", "dy = dx - mean(dx)"};
  [[nodiscard]] static ValueType infer(Types in) {
    detail::require_real(info.name, in);
    return in[0];
  }
  [[nodiscard]] std::size_t scratch(Types in) const {
    return 3 * static_cast<std::size_t>(AxisSplit(in[0].shape, first, count).inner);
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const AxisSplit s(call.shape(0), first, count);
    T* mean = call.workspace();
    for (Index o = 0; o < s.outer; ++o) {
      const T* x = call.input(0) + o * s.n * s.inner;
      T* out = call.output() + o * s.n * s.inner;
      if (s.n > 0) means_of(x, s.n, s.inner, mean, mean + s.inner);
      for (Index i = 0; i < s.n; ++i) {
        for (Index j = 0; j < s.inner; ++j) out[i * s.inner + j] = x[i * s.inner + j] - mean[j];
      }
      if (s.n == 0) continue;
      // What rounding the mean left: beside elements that are nearly equal it is not small.
      T *rest = mean, *work = mean + s.inner;
      sum_terms(s.n, s.inner, rest, work, [&](Index i, Index j) { return out[i * s.inner + j]; });
      for (Index i = 0; i < s.n; ++i) {
        for (Index j = 0; j < s.inner; ++j)
          out[i * s.inner + j] -= rest[j] / T(static_cast<double>(s.n));
      }
    }
  }
  [[nodiscard]] Var vjp(int, const Primal&, Var c) const { return apply(*this, {c}); }
  [[nodiscard]] Var batch(const Batch& b) const { return apply(Center{first + 1, count}, {b[0]}); }
  static std::vector<Sample<Center>> samples() {
    return {{{0, 0}, {real({})}},
            {{0, 1}, {real({5})}},
            {{0, 1}, {real({3, 4})}},
            {{1, 1}, {real({3, 4})}},
            {{0, 2}, {real({3, 4})}},
            {{1, 1}, {real({2, 3, 2})}},
            {{1, 2}, {real({2, 3, 2})}},
            {{0, 1}, {real({40, 2})}},
            {{0, 1}, {real({70})}},
            {{1, 1}, {real({3, 1})}},
            {{0, 1}, {real({0, 2})}},
            {{1, 1}, {real({0, 2})}},
            {{0, 1}, {given({3}, {1e30, 2e30, -1e30})}}};
  }
};

/// What var and std share.
template <class Self>
struct Spread : detail::AxisReduction<Self> {
  RealAttribute correction = 1;
  friend constexpr bool operator==(const Spread&, const Spread&) = default;

  static constexpr bool needs_elements = false;
  [[nodiscard]] std::size_t scratch(Types in) const {
    return 3 * static_cast<std::size_t>(this->split(in[0].shape).inner);
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const AxisSplit s = this->split(call.shape(0));
    T *mean = call.workspace(), *work = mean + s.inner;
    const auto n = static_cast<double>(s.n);
    const T divisor = n > correction ? T(n) - correction.in<T>() : T(0);
    for (Index o = 0; o < s.outer; ++o) {
      const T* x = call.input(0) + o * s.n * s.inner;
      T* out = call.output() + o * s.inner;
      if (s.n > 0) means_of(x, s.n, s.inner, mean, work);
      sum_terms(s.n, s.inner, out, work, [&](Index i, Index j) {
        const T d = x[i * s.inner + j] - mean[j];
        return d * d;
      });
      for (Index j = 0; j < s.inner; ++j) {
        out[j] = Self::finished(x + j, s.n, s.inner, mean[j], out[j], divisor);
      }
    }
  }
  static Self with(double correction) {
    Self op;
    op.correction = correction;
    return op;
  }

 protected:
  [[nodiscard]] Var centered(const Primal& p) const {
    return apply(Center{this->first, this->count}, {p[0]});
  }
  /// The number of elements less the correction, in the scalar of the run.
  [[nodiscard]] Var divisor(const Primal& p) const {
    const auto n = static_cast<double>(this->split(p[0].shape()).n);
    Tape& tape = p.out.tape();
    return n > correction ? tape.constant(n) - correction.number() : tape.constant(0);
  }
};

struct Variance : Spread<Variance> {
  static constexpr OpInfo info{.name = "var", .analytic = true};
  static constexpr OpRule rule{"y = sum((x - mean(x))^2) / (n - k)",
                               "dy = 2 sum((x - mean(x)) dx) / (n - k)", "n > k"};
  template <class T>
  static T finished(const T*, Index, Index, T, T squares, T divisor) {
    return squares / divisor;
  }
  [[nodiscard]] Var vjp(int, const Primal& p, Var c) const {
    return expanded(c * (2 / divisor(p)), p[0].shape()) * centered(p);
  }
  static std::vector<Sample<Variance>> samples() {
    std::vector<Sample<Variance>> list = samples_of(with(0));
    list.push_back({over(with(1), 0, 1, false), {real({5})}});
    list.push_back({over(with(1), 1, 1, true), {real({2, 4})}});
    list.push_back({over(with(0.25), 0, 2, false), {real({2, 3})}});
    list.push_back({over(with(1), 1, 1, false), {real({2, 2, 3})}});
    list.push_back({over(with(1), 0, 1, false), {given({3}, {1e30, 2e30, -1e30})}});
    list.push_back({over(with(1), 0, 1, false), {given({3}, {2, 2, 2})}});
    list.push_back({over(with(1), 0, 1, false), {given({4}, {1e6, 1e6 + 1, 1e6 + 3, 1e6})}});
    list.push_back({over(with(1), 0, 1, false), {real({1})}});
    return list;
  }
};

struct StandardDeviation : Spread<StandardDeviation> {
  static constexpr OpInfo info{.name = "stddev"};
  static constexpr OpRule rule{"y = sqrt(var(x))",
                               "dy = sum((x - mean(x)) dx) / ((n - k) y), 0 where y = 0", "n > k"};
  /// Scaled where the squares overflow or lose digits, though the root would not.
  template <class T>
  static T finished(const T* x, Index n, Index step, T mean, T squares, T divisor) {
    using std::abs, std::sqrt;
    using Limits = std::numeric_limits<T>;
    if (squares > Limits::min() / Limits::epsilon() && squares <= Limits::max()) {
      return sqrt(squares / divisor);
    }
    T largest(0);
    for (Index i = 0; i < n; ++i) {
      const T d = abs(x[i * step] - mean);
      largest = d > largest || d != d ? d : largest;
    }
    if (largest == T(0) || !(largest <= Limits::max())) return sqrt(squares / divisor);
    T scaled(0);
    for (Index i = 0; i < n; ++i) {
      const T d = (x[i * step] - mean) / largest;
      scaled += d * d;
    }
    return largest * sqrt(scaled / divisor);
  }
  [[nodiscard]] Var vjp(int, const Primal& p, Var c) const {
    const Var zero = equal(p.out, 0), safe = where(zero, 1, p.out);
    return expanded(where(zero, 0, c / (divisor(p) * safe)), p[0].shape()) * centered(p);
  }
  static std::vector<Sample<StandardDeviation>> samples() {
    const auto vector = [](double correction) { return over(with(correction), 0, 1, false); };
    return {{over(with(0), 0, 1, false), {real({5})}},
            {over(with(1), 0, 1, true), {real({3, 4})}},
            {over(with(1), 1, 1, false), {real({3, 4})}},
            {over(with(0), 0, 2, true), {real({3, 4})}},
            {over(with(1), 1, 1, false), {real({2, 3, 2})}},
            {over(with(0.25), 1, 2, false), {real({2, 3, 2})}},
            {over(with(1), 0, 1, false), {real({40, 2})}},
            {over(with(1), 1, 1, false), {real({0, 3})}},
            {vector(1), {given({2}, {1, -1})}},
            {vector(1), {given({3}, {1e15, 2e15, -1e15})}},
            {vector(1), {real({1})}},
            {vector(0), {given({3}, {2, 2, 2})}, Smoothness::corner},
            {vector(1), {given({3}, {0.1, 0.1, 0.1})}, Smoothness::corner}};
  }
};

}  // namespace

Var center(Arg x, Axes axes) {
  const Shape shape = x.var().shape();
  const Axes sorted = normalize_axes("center", axes, shape.rank());
  const int count = sorted.size(), first = count > 0 ? sorted[0] : 0;
  if (count == 0 || sorted[count - 1] - first + 1 == count) return apply(Center{first, count}, {x});
  const Var once = x - mean(x, axes, true);  // twice, against the rounding of the mean
  return once - mean(once, axes, true);
}

Var var(Arg x) { return detail::reduce_all(Variance{}, x); }
Var var(Arg x, Axes axes, bool keepdims, Correction correction) {
  return detail::reduce_axes(Variance::with(correction.value), x, axes, keepdims);
}
Var stddev(Arg x) { return detail::reduce_all(StandardDeviation{}, x); }
Var stddev(Arg x, Axes axes, bool keepdims, Correction correction) {
  return detail::reduce_axes(StandardDeviation::with(correction.value), x, axes, keepdims);
}

Moments moments(Arg x, Axes axes, bool keepdims, Correction correction) {
  return {mean(x, axes, keepdims), var(x, axes, keepdims, correction)};
}

std::span<const OpEntry> statistics_ops() {
  return OpList<Center, Variance, StandardDeviation>::entries;
}

}  // namespace dtheta
