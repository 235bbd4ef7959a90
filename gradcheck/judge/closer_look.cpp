#include "gradcheck/judge/closer_look.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace dtheta::gradcheck::detail {
namespace {

constexpr double digits = 1e-6;     // of the largest derivative: noise at the step of the look
constexpr double far_closer = 8.3;  // than the steps that agreed; nearer tells nothing new
constexpr double usual = 0.25;      // of the block's step: entries judged from closer are left out

class CloserLook {
 public:
  CloserLook(const Request& request, const BlockPlan& plan, const Findings& found)
      : request_(request), plan_(plan), moves_(plan.block.size, 0.0) {
    std::mt19937_64 bits(plan.block.offset + 1);
    for (std::size_t k = 0; k < moves_.size(); ++k) {
      const double size = 0.5 + 0.5 * static_cast<double>(bits() >> 11) * 0x1p-53;
      const double sign = bits() % 2 == 0 ? 1.0 : -1.0;
      const std::size_t i = plan.block.offset + k;
      if (!takes_part(i, found.entries[i])) continue;
      moves_[k] = sign * size * plan.scales.length(i);
      largest_ = std::max(largest_, std::abs(request.analytic[i] * moves_[k]));
    }
  }

  /// The least step at which noise leaves the digits, and the pilot keeps some; 0 if it is no
  /// closer than what agreed.
  double step() const {
    constexpr double roundings = 64.0 * std::numeric_limits<double>::epsilon();
    const double resolved = roundings * std::abs(request_.theta.values()[plan_.pilot]) /
                            plan_.scales.length(plan_.pilot);
    const double step = std::max(noise_margin * plan_.noise / (digits * largest_), resolved);
    return step < plan_.part / far_closer ? step : 0.0;
  }

  /// What J says along the direction at this step, and what the gradient does: as changes of J.
  bool contradicts(double step) {
    std::vector<double> above(values()), below(values());
    double claimed = 0.0;
    for (std::size_t k = 0; k < moves_.size(); ++k) {
      const std::size_t i = plan_.block.offset + k;
      above[i] += step * moves_[k];
      below[i] -= step * moves_[k];
      // What the working precision makes of the move.
      claimed += request_.analytic[i] * (above[i] - below[i]);
    }
    const double change = cost_at(above) - cost_at(below);
    Claim claim;
    claim.analytic = claimed;
    claim.scale = claim.reference = 2.0 * step * largest_;
    claim.tolerance = request_.options.held_to();
    claim.roundoff = request_.options.gradient_roundoff;
    Witness seen;
    seen.value = change;
    seen.step = step;
    seen.likely = seen.cautious = 2.0 * noise_margin * plan_.noise +
                                  claim.rounding_of(std::sqrt(moves_.size()) * claim.scale);
    return law::excludes(claim, seen) && law::confirms(claim, seen, seen);
  }

 private:
  bool takes_part(std::size_t entry, const Finding& finding) const {
    if (request_.whole == nullptr && entry != plan_.pilot) return false;
    return finding.verdict == Verdict::pass && finding.reason == Reason::slope &&
           finding.step >= usual * plan_.part * plan_.scales.length(entry);
  }

  std::vector<double> values() const {
    const auto theta = request_.theta.values();
    return {theta.begin(), theta.end()};
  }

  double cost_at(const std::vector<double>& theta) const {
    return request_.whole != nullptr ? (*request_.whole)(theta)
                                     : ask(request_, plan_.pilot, theta[plan_.pilot]);
  }

  const Request& request_;
  const BlockPlan& plan_;
  std::vector<double> moves_;  // of the block's entries, for a step of 1
  double largest_ = 0.0;       // change of J by one of them
};

}  // namespace

double contradicted_from_closer(const Request& request, const BlockPlan& plan,
                                const Findings& found) {
  CloserLook look(request, plan, found);
  const double step = look.step();
  if (!(step > 0.0)) return 0.0;
  return look.contradicts(step) && look.contradicts(confirming_ratio * step) ? step : 0.0;
}

}  // namespace dtheta::gradcheck::detail
