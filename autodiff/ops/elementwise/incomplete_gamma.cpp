#include "autodiff/ops/elementwise/incomplete_gamma.hpp"

#include "autodiff/elementwise.hpp"
#include "autodiff/kernels/incomplete_gamma.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/elementwise/special_functions.hpp"
#include "autodiff/ops/families.hpp"

namespace dtheta {
namespace {

template <bool upper>
struct IncompleteGamma : Binary<IncompleteGamma<upper>> {
  static constexpr OpInfo info{.name = upper ? "igammac" : "igamma", .arity = 2};
  static constexpr OpRule rule{
      upper ? "y = Q(a, x) = 1 - P(a, x)"
            : "y = P(a, x), the integral of t^(a-1) e^-t from 0 to x, over Gamma(a)",
      upper ? "dy = -x^(a-1) e^-x / Gamma(a) dx, for a constant a"
            : "dy = x^(a-1) e^-x / Gamma(a) dx, for a constant a",
      "a > 0, x >= 0"};
  static constexpr std::array<Domain, 2> domains{Domain{0.5, 4}, Domain{0.25, 6}};
  template <class T>
  static T value(T a, T x) {
    return detail::incomplete_gamma(a, x, upper);
  }
  static Var pullback(int i, const Primal& p, Var c) {
    if (i == 0) return {};
    // Infinities would meet in the logarithm of what is 0 long before.
    const Var a = p[0], x = where(p[1] > 1e30, 1e30, p[1]);
    // As a product, which keeps the digits of exp(-x), where its factors are in range.
    const Var product = pow(x, a - 1) * exp(-x) * exp(-lgamma(a));
    const Var density = where((a < 30) * (x < 600), product, exp((a - 1) * log(x) - x - lgamma(a)));
    const Var due = detail::keep_nan(detail::weighted(c, density), p.out);
    return upper ? -due : due;
  }
  static std::vector<Sample<IncompleteGamma>> samples() {
    const auto fixed_orders = [](Shape s, std::vector<double> a) { return fixed(s, std::move(a)); };
    std::vector<Sample<IncompleteGamma>> list;
    const Domain positive{0.25, 6};
    list.push_back({{}, {fixed_orders({}, {1.5}), real({}, positive)}});
    list.push_back({{}, {fixed_orders({3}, {0.5, 1, 4}), real({3}, positive)}});
    list.push_back({{}, {fixed_orders({2, 1}, {2.5, 12}), real({2, 3}, positive)}});
    list.push_back({{}, {fixed_orders({}, {3}), real({4}, {3, 12})}});
    list.push_back({{}, {fixed_orders({}, {50}), given({}, {45})}});
    list.push_back({{}, {fixed_orders({}, {2}), given({}, {100})}});
    list.push_back({{}, {fixed_orders({1}, {2}), real({0})}});
    return list;
  }
};

}  // namespace

Var igamma(Arg a, Arg x) { return apply<IncompleteGamma<false>>(a, x); }
Var igammac(Arg a, Arg x) { return apply<IncompleteGamma<true>>(a, x); }

std::span<const OpEntry> incomplete_gamma_ops() {
  return OpList<IncompleteGamma<false>, IncompleteGamma<true>>::entries;
}

}  // namespace dtheta
