#pragma once

#include <array>

#include "autodiff/kernels/elementwise.hpp"
#include "autodiff/op.hpp"
#include "autodiff/ops/broadcast.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/rule_ops.hpp"

namespace dtheta {

/// Contiguous SIMD loops of n elements, see autodiff/kernels/simd/elementwise.hpp.
template <class T>
using FastUnary = void (*)(const T* x, T* out, std::size_t n);
template <class T>
using FastBinary = void (*)(const T* a, const T* b, T* out, std::size_t n);
template <class T>
using FastTernary = void (*)(const T* a, const T* b, const T* c, T* out, std::size_t n);

/// The base of elementwise ops of N operands, which broadcast against each other.
///
/// The op itself provides
///   static constexpr OpInfo info;
///   template <class T> T value(T...) const (or static);           // one element
///   Var pullback(int i, const Primal&, Var c) const (or static);  // c times the slope by operand i
///   static constexpr Domain domain;                  // or: std::array<Domain, N> domains
/// and may provide
///   template <class T> static constexpr FastUnary<T> fast = ...;  // float and double: a SIMD loop
///   static constexpr bool rounded_once = true;       // `value` has the same bits as `fast`
///   static std::vector<Self> variants();             // attribute settings to test
///   static constexpr std::array<double, n> corners;  // points for the corner test (N = 1)
template <class Self, int N>
class Elementwise {
 public:
  [[nodiscard]] ValueType infer(Types in) const {
    return {detail::elementwise_shape(Self::info.name, in), Kind::real};
  }

  template <class T>
  void tile(const T* const* in, T* out, std::size_t n) const {
    if constexpr (has_fast<T>()) {
      if constexpr (requires { Self::rounded_once; }) {
        // To choose among vector instructions takes longer than one element.
        if (n == 1) return loop(in, out, 1, std::make_index_sequence<N>{});
      }
      call_fast(Self::template fast<T>, in, out, n, std::make_index_sequence<N>{});
    } else {
      loop(in, out, n, std::make_index_sequence<N>{});
    }
  }

  template <class T>
  void forward(const Call<T>& call) const {
    detail::run_elementwise<T>(&self(), &run_tile<T>, call);
  }

  [[nodiscard]] Var vjp(int i, const Primal& p, Var c) const {
    const Var slope = self().pullback(i, p, c);
    if (!slope.exists() || &slope.type() == &p[i].type()) return slope;
    return sum_to(slope, p[i].shape());
  }

  /// The Jacobian is diagonal in each operand, so the rule that pulls back also pushes forward.
  [[nodiscard]] Var jvp(const Primal& p, std::span<const Var> tangents) const {
    Var sum;
    for (int i = 0; i < N; ++i) {
      const Var t = tangents[static_cast<std::size_t>(i)];
      if (!t.exists()) continue;
      const Var term = self().pullback(i, p, broadcast_to(t, p.out.shape()));
      if (term.exists()) sum = sum.exists() ? sum + term : term;
    }
    return sum;
  }

  /// The leading axis broadcasts like any other, once the operands' own axes are aligned behind it.
  [[nodiscard]] Var batch(const Batch& b) const {
    const std::vector<Var> in = detail::aligned_behind_batch(b);
    const std::vector<Arg> args(in.begin(), in.end());
    return apply(record_of<Self>, &self(), args);
  }

  [[nodiscard]] static std::vector<Sample<Self>> samples() {
    std::vector<Sample<Self>> result;
    for (const Self& op : all_variants()) {
      for (auto& inputs : elementwise_inputs(all_domains())) result.push_back({op, inputs});
      if constexpr (requires { Self::corners; }) {
        for (double x : Self::corners) result.push_back({op, {given({}, {x})}, Smoothness::corner});
      }
    }
    return result;
  }

  friend constexpr bool operator==(const Elementwise&, const Elementwise&) = default;

 private:
  template <class T>
  static consteval bool has_fast() {
    if constexpr (Vectorized<T>) return requires {
        Self::template fast<T>;
      };
    else
      return false;
  }

  [[nodiscard]] const Self& self() const { return static_cast<const Self&>(*this); }

  template <class T>
  static void run_tile(const void* op, const T* const* in, T* out, std::size_t n) {
    static_cast<const Self*>(op)->template tile<T>(in, out, n);
  }
  template <class F, class T, std::size_t... I>
  static void call_fast(F fast, const T* const* in, T* out, std::size_t n,
                        std::index_sequence<I...>) {
    fast(in[I]..., out, n);
  }
  template <class T, std::size_t... I>
  void loop(const T* const* in, T* out, std::size_t n, std::index_sequence<I...>) const {
    for (std::size_t k = 0; k < n; ++k) out[k] = self().value(in[I][k]...);
  }

  static std::vector<Self> all_variants() {
    if constexpr (requires { Self::variants(); })
      return Self::variants();
    else
      return {Self{}};
  }
  static std::array<Domain, N> all_domains() {
    if constexpr (requires { Self::domains; }) {
      return Self::domains;
    } else {
      std::array<Domain, N> same;
      same.fill(Self::domain);
      return same;
    }
  }
};

/// An elementwise op of one operand. The op provides, instead of `pullback`, the slope
///   Var slope(Var x, Var y) const (or static);   // dy/dx, from x or from y = f(x)
/// or `Var select(Var c, Var x, Var y)`, the whole, where c times the slope would not do.
///
/// Where c is 0 nothing counts, be the slope infinite or NaN. An op whose slope is finite at every
/// finite x, and whose result is, may say `static constexpr bool finite_slope = true`: then c and
/// the slope are just multiplied.
template <class Self>
class Unary : public Elementwise<Self, 1> {
 public:
  [[nodiscard]] Var pullback(int, const Primal& p, Var c) const {
    const Self& self = static_cast<const Self&>(*this);
    if constexpr (requires { self.select(c, p[0], p.out); })
      return self.select(c, p[0], p.out);
    else if constexpr (requires { Self::finite_slope; })
      return c * self.slope(p[0], p.out);
    else
      return detail::weighted(c, self.slope(p[0], p.out));
  }
};

template <class Self>
using Binary = Elementwise<Self, 2>;

}  // namespace dtheta
