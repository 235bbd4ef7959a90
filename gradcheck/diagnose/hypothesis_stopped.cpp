// The hypothesis that a derivative was cut on purpose: numbers alone cannot prove it.
#include <algorithm>
#include <cmath>

#include "gradcheck/diagnose/hypothesis.hpp"

namespace dtheta::gradcheck::detail {
namespace {

/// Whether J was measured not to move with the block, within a small part of what the gradient
/// says.
bool stands_still(const Evidence& e) {
  constexpr double sharply = 1e-3;
  double moves = 0.0;
  double promised = 0.0;
  for (std::size_t i = 0; i < e.size(); ++i) {
    if (!e.usable[i]) continue;
    moves = std::max(moves, std::abs(e.numeric[i]) + e.bar[i]);
    promised = std::max(promised, std::abs(e.analytic[i]));
  }
  return promised > 0.0 && moves <= sharply * promised;
}

}  // namespace

void suspect_stopped(const Evidence& e, std::vector<Cause>& causes) {
  constexpr double settled = 0.85;  // very likely: nothing else is to be offered
  if (stands_still(e)) {
    causes.push_back(
        {Pattern::stopped, 0.0, 0.7,
         "J does not move with these entries, though the gradient says so: J rounds, thresholds or "
         "holds what the gradient lets through (a straight-through estimate), which no difference "
         "of J can confirm"});
    return;
  }
  const bool zero = !causes.empty() && causes.front().pattern == Pattern::zero;
  if (!zero && !causes.empty() && causes.front().confidence >= settled) return;
  causes.push_back(
      {Pattern::stopped, 0.0, 0.3,
       "a part of J may be held fixed in the gradient on purpose (a detached target, "
       "stop_gradient), while differences of J move it: then check a J in which it is a constant"});
}

}  // namespace dtheta::gradcheck::detail
