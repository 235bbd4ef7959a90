#include "gradcheck/jacobian/judge/rows_closer.hpp"

#include <cmath>
#include <map>
#include <random>

namespace dtheta::gradcheck::detail {
namespace {

constexpr double digits = 1e-6;     // of the largest derivative: noise at the step of the look
constexpr double far_closer = 8.3;  // than the steps that agreed; nearer tells nothing new
constexpr double rung = 4.0;        // steps are powers of it, so that outputs share them

class RowsCloser {
 public:
  RowsCloser(const JacobianRequest& request, const RowPlans& plans, std::size_t block)
      : request_(request), plans_(plans), block_(block), inputs_(request.inputs[block]) {
    std::mt19937_64 bits(inputs_.offset + 1);
    for (std::size_t j = inputs_.offset; j < inputs_.offset + inputs_.size; ++j) {
      const double size = 0.5 + 0.5 * static_cast<double>(bits() >> 11) * 0x1p-53;
      moves_.push_back((bits() % 2 == 0 ? size : -size) * plans.length(j));
    }
  }

  /// The least step at which noise leaves the digits; 0 if it is no closer than what agreed, or if
  /// an entry did not pass.
  double step_of(std::size_t row, std::span<const Finding> found) const {
    const RowBlock& plan = plans_.of(row, block_);
    if (plan.entries == 0 || !(plan.largest_change > 0.0)) return 0.0;
    bool passed = true;
    for_row(row, [&](std::size_t e, std::size_t) {
      passed = passed && found[e].verdict == Verdict::pass && found[e].reason == Reason::slope;
    });
    const double least = noise_margin * noise_of(plan) / (digits * plan.largest_change);
    if (!passed || !(least > 0.0) || !std::isfinite(least)) return 0.0;
    const double step = std::pow(rung, std::ceil(std::log(least) / std::log(rung)));
    return step < plan.part / far_closer ? step : 0.0;
  }

  /// Moves the block by this step to either side, once for all outputs.
  void move(double step) {
    step_ = step;
    std::vector<Probe> above, below;
    for (std::size_t k = 0; k < moves_.size(); ++k) {
      const std::size_t j = inputs_.offset + k;
      const double x = request_.x.values()[j];
      above.push_back({j, x + step * moves_[k]});
      below.push_back({j, x - step * moves_[k]});
    }
    above_ = request_.table.moved(above);
    below_ = request_.table.moved(below);
  }

  /// What f says there, and what the row does: as changes of the output.
  bool contradicts(std::size_t row) const {
    const RowBlock& plan = plans_.of(row, block_);
    Claim claim;
    for_row(row, [&](std::size_t e, std::size_t j) {
      const double x = request_.x.values()[j], move = step_ * moves_[j - inputs_.offset];
      // What the working precision makes of the move.
      claim.analytic += plans_.analytic(row, e) * ((x + move) - (x - move));
    });
    claim.scale = claim.reference = 2.0 * step_ * plan.largest_change;
    claim.tolerance = request_.tolerance;
    claim.roundoff = request_.roundoff;
    Witness seen;
    seen.value = (above_[row] - below_[row]) / plans_.unit(row);
    seen.step = step_;
    seen.likely = seen.cautious =
        2.0 * noise_margin * noise_of(plan) +
        claim.rounding_of(std::sqrt(static_cast<double>(plan.entries)) * claim.scale);
    return std::isfinite(seen.value) && law::excludes(claim, seen) &&
           law::confirms(claim, seen, seen);
  }

 private:
  /// Where all inputs move, all products with them are rounded anew.
  static double noise_of(const RowBlock& plan) {
    return std::hypot(plan.noise,
                      plan.rounding_noise * std::sqrt(static_cast<double>(plan.entries)));
  }

  /// Calls visit(entry, column) for the row's entries in the block.
  template <class Visit>
  void for_row(std::size_t row, Visit visit) const {
    const RowMatrix& a = request_.jacobian;
    for (std::size_t e = a.starts[row]; e < a.starts[row + 1]; ++e) {
      const std::size_t j = a.column_of[e];
      if (j >= inputs_.offset && j < inputs_.offset + inputs_.size) visit(e, j);
    }
  }

  const JacobianRequest& request_;
  const RowPlans& plans_;
  std::size_t block_;
  const Block& inputs_;
  std::vector<double> moves_;  // of the block's inputs, for a step of 1
  double step_ = 0.0;
  std::vector<double> above_, below_;
};

}  // namespace

std::vector<double> rows_contradicted_from_closer(const JacobianRequest& request,
                                                  const RowPlans& plans, std::size_t block,
                                                  std::span<const Finding> found) {
  RowsCloser closer(request, plans, block);
  std::vector<double> contradicted(request.jacobian.rows, 0.0);
  std::map<double, std::vector<std::size_t>> rows_at;
  for (std::size_t i = 0; i < contradicted.size(); ++i) {
    if (const double step = closer.step_of(i, found); step > 0.0) rows_at[step].push_back(i);
  }
  for (const auto& [step, rows] : rows_at) {
    std::vector<std::size_t> doubtful;
    closer.move(step);
    for (const std::size_t i : rows) {
      if (closer.contradicts(i)) doubtful.push_back(i);
    }
    if (doubtful.empty()) continue;
    closer.move(confirming_ratio * step);
    for (const std::size_t i : doubtful) {
      if (closer.contradicts(i)) contradicted[i] = step;
    }
  }
  return contradicted;
}

}  // namespace dtheta::gradcheck::detail
