#include "gradcheck/judge/near_edge.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gradcheck/judge/law.hpp"
#include "gradcheck/numeric/noise.hpp"

namespace dtheta::gradcheck::detail {

bool is_steep_before_an_edge(const Request& request, std::size_t entry, const Finding& finding,
                             double noise) {
  if (!is_accused(finding) || finding.step <= 0.0) return false;
  const double x = request.theta.values()[entry];
  const bool above = std::isfinite(ask(request, entry, x + finding.step));
  const bool below = std::isfinite(ask(request, entry, x - finding.step));
  if (above == below) return false;
  const double known = noise_margin * std::max(noise, unit_roundoff * std::abs(request.cost));
  for (const double roundings : {16.0, 256.0}) {
    const double step = roundings * std::numeric_limits<double>::epsilon() * std::abs(x);
    if (!(step < finding.step)) continue;
    const double there = above ? x + step : x - step, moved = there - x;
    const double slope = (ask(request, entry, there) - request.cost) / moved;
    const double apart = std::abs(slope - finding.numeric);
    if (apart > finding.bar + 2.0 * known / std::abs(moved)) return true;
  }
  return false;
}

}  // namespace dtheta::gradcheck::detail
