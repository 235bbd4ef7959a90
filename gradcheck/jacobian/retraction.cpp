// What a retraction does near x, whoever wrote it.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gradcheck/jacobian/function.hpp"
#include "gradcheck/manifold.hpp"

namespace dtheta::gradcheck {

using Span = std::span<const double>;

namespace detail {

std::vector<double> tangent_basis(const Retraction& plus, Span x, std::size_t tangent) {
  constexpr double step = 1e-3;
  std::vector<double> basis(x.size() * tangent);
  const auto at = [&](std::size_t k, double move) {
    std::vector<double> delta(tangent, 0.0), moved(x.size());
    delta[k] = move;
    plus(x, delta, moved);
    return moved;
  };
  for (std::size_t k = 0; k < tangent; ++k) {
    const auto near = at(k, step), far = at(k, 2 * step), back = at(k, -step),
               beyond = at(k, -2 * step);
    for (std::size_t i = 0; i < x.size(); ++i) {
      basis[i * tangent + k] = (8.0 * (near[i] - back[i]) - (far[i] - beyond[i])) / (12.0 * step);
    }
  }
  return basis;
}

}  // namespace detail

std::string explain_retraction(const Manifold& manifold, Span x) {
  if (manifold.objection) {
    if (std::string why = manifold.objection(x); !why.empty()) return why;
  }
  const std::vector<double> still(manifold.tangent, 0.0);
  detail::LentBuffer buffer(manifold.ambient);
  manifold.plus(x, still, buffer.span());
  buffer.require_inside("plus");
  constexpr double rounding = 1e-12;
  for (std::size_t i = 0; i < manifold.ambient; ++i) {
    const double moved = buffer.span()[i];
    if (std::abs(moved - x[i]) <= rounding * std::max(1.0, std::abs(x[i]))) continue;
    return fmt::format(
        "plus(x, 0) is not x on {}: number {} is {:.17g} and becomes {:.17g}; either x is not on "
        "it, or plus is no retraction",
        manifold.name, i, x[i], moved);
  }
  // Gram and Schmidt, the longest column first; what is left of a column that depends on those
  // before is rounding and truncation.
  constexpr double dependent = 1e-6;
  std::vector<double> basis = detail::tangent_basis(manifold.plus, x, manifold.tangent);
  const std::size_t k = manifold.tangent;
  const auto dot = [&](std::size_t a, std::size_t b) {
    double sum = 0.0;
    for (std::size_t i = 0; i < manifold.ambient; ++i) sum += basis[i * k + a] * basis[i * k + b];
    return sum;
  };
  double first = 0.0;
  std::vector<bool> used(k, false);
  for (std::size_t rank = 0; rank < k; ++rank) {
    std::size_t longest = k;
    for (std::size_t c = 0; c < k; ++c) {
      if (!used[c] && (longest == k || dot(c, c) > dot(longest, longest))) longest = c;
    }
    const double length = std::sqrt(dot(longest, longest));
    if (rank == 0) first = length;
    if (!(length > dependent * first)) {
      return fmt::format(
          "the tangent of {} has {} dimensions at this x, but delta has {}: plus does not move x "
          "in all of them",
          manifold.name, rank, k);
    }
    used[longest] = true;
    for (std::size_t c = 0; c < k; ++c) {
      if (used[c]) continue;
      const double part = dot(longest, c) / (length * length);
      for (std::size_t i = 0; i < manifold.ambient; ++i) {
        basis[i * k + c] -= part * basis[i * k + longest];
      }
    }
  }
  return {};
}

}  // namespace dtheta::gradcheck
