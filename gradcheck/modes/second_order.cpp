#include "gradcheck/second_order.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace dtheta::gradcheck {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

struct Sum {
  double value = 0.0;
  double size = 0.0;  // sum of absolute values
};

Sum inner(std::span<const double> a, std::span<const double> b) {
  Sum sum;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum.value += a[i] * b[i];
    sum.size += std::abs(a[i] * b[i]);
  }
  return sum;
}

Verdict worse_of(Verdict a, Verdict b) {
  if (a == Verdict::fail || b == Verdict::fail) return Verdict::fail;
  return a == Verdict::pass && b == Verdict::pass ? Verdict::pass : Verdict::inconclusive;
}

}  // namespace

SecondOrderResult check_second_order(const Gradient::Function& gradient,
                                     const HessianProduct& product, const ParameterVector& theta,
                                     const SecondOrderOptions& options) {
  SecondOrderResult result;
  result.verdict = Verdict::pass;
  const std::size_t n = theta.size();
  const std::vector<double> here(theta.values().begin(), theta.values().end());
  std::vector<double> hv(n), hu(n), g(n);
  // Sums of n products each round n times; H itself is good to some hundred roundings more.
  const double rounding = options.check.gradient_roundoff * (256.0 + static_cast<double>(n));
  for (std::size_t pair = 0; pair < options.pairs; ++pair) {
    const auto u = gaussian_direction(theta, options.seed, 2 * pair);
    const auto v = gaussian_direction(theta, options.seed, 2 * pair + 1);
    std::ranges::fill(hv, nan);
    std::ranges::fill(hu, nan);
    product(here, v, hv);
    product(here, u, hu);
    const Cost along = [&](std::span<const double> moved) {
      std::ranges::fill(g, nan);
      gradient(moved, g);
      ++result.gradients;
      return inner(u, g).value;
    };
    // u·Hv is one number: handed over as the gradient of u·g whose product with v it is.
    std::vector<double> as_gradient(n, 0.0);
    const auto largest = std::ranges::max_element(v, {}, [](double x) { return std::abs(x); });
    const Sum uhv = inner(u, hv);
    as_gradient[static_cast<std::size_t>(largest - v.begin())] = uhv.value / *largest;
    result.slopes.push_back(slope_along(along, as_gradient, theta, v, options.check));
    result.verdict = worse_of(result.verdict, result.slopes.back().verdict);
    const Sum vhu = inner(v, hu);
    const double size = uhv.size + vhu.size;
    const double asymmetry = size > 0.0 ? std::abs(uhv.value - vhu.value) / size : 0.0;
    if (!(asymmetry <= rounding)) result.symmetric = false;
    result.asymmetry = std::max(result.asymmetry, asymmetry);
  }
  if (!result.symmetric) result.verdict = Verdict::fail;
  result.statement = fmt::format(
      "{} pairs of directions: the Hessian {} the gradient's differences and is {} (asymmetry "
      "{:.2g})",
      options.pairs,
      result.verdict == Verdict::pass || !result.symmetric ? "was held against" : "disagrees with",
      result.symmetric ? "symmetric" : "not symmetric", result.asymmetry);
  return result;
}

}  // namespace dtheta::gradcheck
