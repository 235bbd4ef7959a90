#include "gradcheck/jacobian/diagnose/symmetry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gradcheck/judge/scales.hpp"

namespace dtheta::gradcheck::detail {
namespace {

/// The pair of mirror images that differ most, beyond what is allowed for them.
struct Mirror {
  std::size_t row = 0, column = 0;
  double here = 0.0, there = 0.0;
  double excess = 1.0;  // difference over what is allowed
};

/// allowed(entry, its mirror image) -> difference that says nothing.
template <class Allowed>
Mirror worst_mirror(const RowMatrix& a, std::span<const double> values, Allowed allowed) {
  Mirror worst;
  for (std::size_t i = 0; i < a.rows; ++i) {
    for (std::size_t e = a.starts[i]; e < a.starts[i + 1]; ++e) {
      const std::size_t j = a.column_of[e];
      if (j == i) continue;
      const std::size_t mirror = a.find(j, i);
      const double there = mirror < a.size() ? values[mirror] : 0.0;
      const double excess = std::abs(values[e] - there) / allowed(e, mirror, i, j);
      if (excess > worst.excess) worst = {i, j, values[e], there, excess};
    }
  }
  return worst;
}

}  // namespace

void require_symmetric(JacobianResult& result, const RowMatrix& hessian, const ParameterVector& x) {
  if (hessian.rows != hessian.columns) return;
  std::vector<double> largest;
  for (std::size_t i = 0; i < hessian.rows; ++i) {
    largest.push_back(
        largest_finite(std::span(result.analytic)
                           .subspan(hessian.starts[i], hessian.starts[i + 1] - hessian.starts[i])));
  }
  const auto name = [&](std::size_t i) { return to_string(x.key(i)); };
  const Mirror numeric = worst_mirror(
      hessian, result.numeric, [&](std::size_t e, std::size_t mirror, std::size_t, std::size_t) {
        constexpr double clear = 8.0;
        return clear * (result.bar[e] + (mirror < hessian.size() ? result.bar[mirror] : 0.0)) +
               result.tolerance * std::abs(result.numeric[e]);
      });
  if (numeric.excess > 1.0 && result.dense) {
    result.causes.insert(
        result.causes.begin(),
        {JacobianPattern::asymmetric, numeric.here - numeric.there, 0.97,
         fmt::format("{} by {}", name(numeric.row), name(numeric.column)),
         fmt::format(
             "the gradient is none of any cost: its derivatives are not symmetric ({} by {} "
             "is {:.9g}, {} by {} is {:.9g}), so check it first",
             name(numeric.row), name(numeric.column), numeric.here, name(numeric.column),
             name(numeric.row), numeric.there)});
    result.verdict = Verdict::fail;
    return;
  }
  const Mirror analytic = worst_mirror(
      hessian, result.analytic, [&](std::size_t, std::size_t, std::size_t i, std::size_t j) {
        return result.tolerance * std::max({largest[i], largest[j], 1e-300});
      });
  if (!(analytic.excess > 1.0)) return;
  // A fact, but what made it so says more.
  const auto vague =
      std::ranges::find(result.causes, JacobianPattern::unexplained, &JacobianCause::pattern);
  result.causes.insert(
      vague,
      {JacobianPattern::asymmetric, analytic.here - analytic.there, 1.0,
       fmt::format("{} by {}", name(analytic.row), name(analytic.column)),
       fmt::format("the Hessian is not symmetric: {} by {} is {:.9g}, but {} by {} is {:.9g}",
                   name(analytic.row), name(analytic.column), analytic.here, name(analytic.column),
                   name(analytic.row), analytic.there)});
  result.verdict = Verdict::fail;
}

}  // namespace dtheta::gradcheck::detail
