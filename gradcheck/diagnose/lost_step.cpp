#include "gradcheck/diagnose/lost_step.hpp"

#include <fmt/format.h>

#include <cmath>
#include <string>

namespace dtheta::gradcheck::detail {
namespace {

/// The textbook's formula divides by 2ε, whatever the precision made of the step.
class Move {
 public:
  Move(double theta, double epsilon)
      : part_(((theta + epsilon) - (theta - epsilon)) / (2.0 * epsilon)) {}

  [[nodiscard]] bool none() const { return part_ == 0.0; }
  [[nodiscard]] double part() const { return part_; }

  /// Whether a right derivative `analytic` would have been measured as `numeric` with this move.
  [[nodiscard]] bool explains(double analytic, double numeric, double bar) const {
    if (none()) return numeric == 0.0;
    constexpr double roundings = 64.0;  // of J, whose bar is one
    const double within = roundings * bar;
    return std::abs(analytic - numeric) > within &&
           std::abs(analytic * part_ - numeric) <= within + 1e-12 * std::abs(numeric);
  }

 private:
  double part_;
};

}  // namespace

LostSteps lost_steps(const Result& result, const BlockResult& block,
                     std::span<const double> theta) {
  LostSteps steps{std::vector<bool>(block.size, false), {}};
  if (result.method != Method::textbook || theta.size() != result.analytic.size()) return steps;
  std::size_t count = 0, first = 0;
  bool all_lost = true;
  for (std::size_t k = block.size; k-- > 0;) {
    const std::size_t i = block.offset + k;
    const Move move(theta[i], result.epsilon);
    if (!move.explains(result.analytic[i], result.numeric[i], result.bar[i])) continue;
    steps.lost[k] = true;
    ++count;
    first = i;
    all_lost = all_lost && move.none();
  }
  if (count == 0) return steps;
  const double e = result.epsilon;
  const double x = theta[first];
  const std::string what =
      all_lost ? fmt::format(
                     "epsilon {:.3g} is lost in theta: {:.6g} + {:.3g} is {:.6g} in double, "
                     "so that no difference was taken",
                     e, x, e, x + e)
               : fmt::format(
                     "epsilon {:.3g} is rounded when it is added to theta: at {:.6g} the "
                     "step that was taken is {:.4g}, which alone makes the difference",
                     e, x, e * Move(x, e).part());
  steps.cause = Cause{Pattern::lost_step, 0.0, 0.99,
                      fmt::format("{} ({} of {} entries, the first is entry {}); this says nothing "
                                  "of the gradient: take a larger epsilon or the adaptive method",
                                  what, count, block.size, first - block.offset)};
  return steps;
}

}  // namespace dtheta::gradcheck::detail
