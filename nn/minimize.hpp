#pragma once

#include <array>
#include <span>
#include <utility>
#include <vector>

#include "autodiff/function.hpp"
#include "nn/lbfgs.hpp"

namespace dtheta::nn {

/// Where a search for the smallest value ended, and how.
struct Minimum {
  std::vector<Tensor> at{};  ///< for each argument, of its shape, in double
  LbfgsResult search{};
};

namespace detail {
/// What `minimize` does once the function's type is forgotten: `f` is asked at arrays of the shapes
/// of `start`.
[[nodiscard]] Minimum minimize(const std::function<const ValueAndGrad&(std::span<const Tensor>)>& f,
                               std::span<const ArrayArg> start, const LbfgsOptions& options);
}  // namespace detail

/// The arguments at which a function is smallest, searched from xs by L-BFGS in double:
///   const Minimum m = minimize(function([](Var x) { return rosenbrock(x); }), start);
/// Throws what minimize_lbfgs throws, and TypeError for an index array.
template <class F, class... X>
[[nodiscard]] Minimum minimize(Function<F> f, const LbfgsOptions& options, const X&... x) {
  const std::array<ArrayArg, sizeof...(X)> start{ArrayArg(x)...};
  const auto ask = [&](std::span<const Tensor> at) -> const ValueAndGrad& {
    return [&]<std::size_t... I>(std::index_sequence<I...>)->const ValueAndGrad& {
      return f.value_and_grad(at[I]...);
    }
    (std::make_index_sequence<sizeof...(X)>{});
  };
  return detail::minimize(ask, start, options);
}
template <class F, class... X>
[[nodiscard]] Minimum minimize(Function<F> f, const X&... x) {
  return minimize(std::move(f), LbfgsOptions{}, x...);
}

}  // namespace dtheta::nn
