#include "autodiff/ops/reduction/product.hpp"

#include "autodiff/kernels/simd/elementwise.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/reduction/axis_reduction.hpp"
#include "autodiff/ops/reduction/scan.hpp"

namespace dtheta {
namespace {

/// Taken as the product of those before k and those behind it: nothing is divided by a zero.
struct Prod : detail::AxisReduction<Prod> {
  static constexpr OpInfo info{.name = "prod", .analytic = true};
  static constexpr OpRule rule{"y = the product of all x",
                               "dy = the sum over k of the product of all x but x[k], times dx[k]"};
  static constexpr bool needs_elements = false;
  template <class T>
  void forward(const Call<T>& call) const {
    const AxisSplit s = split(call.shape(0));
    if (s.inner == 1) {
      for (Index o = 0; o < s.outer; ++o) call.output()[o] = of_run(call.input(0) + o * s.n, s.n);
      return;
    }
    for (Index o = 0; o < s.outer; ++o) {
      T* out = call.output() + o * s.inner;
      std::fill_n(out, s.inner, T(1));
      for (Index i = 0; i < s.n; ++i) {
        const T* row = call.input(0) + (o * s.n + i) * s.inner;
        for (Index j = 0; j < s.inner; ++j) out[j] *= row[j];
      }
    }
  }
  [[nodiscard]] Var vjp(int, const Primal& p, Var c) const {
    const Shape shape = p[0].shape();
    const AxisSplit s = split(shape);
    const Var x = reshape(p[0], Shape{s.outer, s.n, s.inner});
    const Var others = cumprod(x, 1, true, false) * cumprod(x, 1, true, true);
    return reshape(reshape(c, Shape{s.outer, 1, s.inner}) * others, shape);
  }
  static std::vector<Sample<Prod>> samples() {
    std::vector<Sample<Prod>> list = samples_of({}, {-2, 2});
    const auto all = [](int count) { return over({}, 0, count, false); };
    list.push_back({all(1), {given({3}, {0, 2, -3})}});
    list.push_back({all(1), {given({4}, {2, 0, 5, 0})}});
    list.push_back({all(1), {given({3}, {0, 0, 0})}});
    list.push_back({all(2), {given({2, 2}, {1e30, 1e-30, 2, 1e30})}});
    list.push_back({over({}, 1, 1, true), {given({2, 3}, {1, 0, 2, 3, 4, 0})}});
    list.push_back({over({}, 1, 1, false), {real({1, 70}, {0.9, 1.1})}});
    return list;
  }

 private:
  /// The product of n adjacent elements: in their order where they are few.
  template <class T>
  static T of_run(const T* x, Index n) {
    constexpr Index few = 64;
    if constexpr (Vectorized<T>) {
      if (n > few) return simd::product(x, static_cast<std::size_t>(n));
    }
    T product(1);
    for (Index i = 0; i < n; ++i) product *= x[i];
    return product;
  }
};

struct CountNonzero : detail::AxisReduction<CountNonzero> {
  static constexpr OpInfo info{.name = "count_nonzero", .differentiable = false};
  static constexpr OpRule rule{"y = the number of elements that are not 0"};
  static constexpr bool needs_elements = false;
  template <class T>
  void forward(const Call<T>& call) const {
    const AxisSplit s = split(call.shape(0));
    for (Index o = 0; o < s.outer; ++o) {
      for (Index j = 0; j < s.inner; ++j) {
        const T* x = call.input(0) + o * s.n * s.inner + j;
        Index found = 0;
        for (Index i = 0; i < s.n; ++i) found += x[i * s.inner] == T(0) ? 0 : 1;
        call.output()[o * s.inner + j] = T(found);
      }
    }
  }
  [[nodiscard]] static Var vjp(int, const Primal&, Var) { return {}; }
  static std::vector<Sample<CountNonzero>> samples() {
    std::vector<Sample<CountNonzero>> list = samples_of({});
    list.push_back({over({}, 1, 1, false), {given({2, 3}, {1, 0, 2, 0, -0.0, 0})}});
    return list;
  }
};

}  // namespace

Var prod(Arg x) { return detail::reduce_all(Prod{}, x); }
Var prod(Arg x, Axes axes, bool keepdims) { return detail::reduce_axes(Prod{}, x, axes, keepdims); }
Var count_nonzero(Arg x) { return detail::reduce_all(CountNonzero{}, x); }
Var count_nonzero(Arg x, Axes axes, bool keepdims) {
  return detail::reduce_axes(CountNonzero{}, x, axes, keepdims);
}

std::span<const OpEntry> product_ops() { return OpList<Prod, CountNonzero>::entries; }

}  // namespace dtheta
