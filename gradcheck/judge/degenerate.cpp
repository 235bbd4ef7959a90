#include "gradcheck/judge/degenerate.hpp"

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>
#include <new>
#include <random>

#include "gradcheck/judge/adaptive.hpp"
#include "gradcheck/judge/corner_witness.hpp"
#include "gradcheck/judge/scales.hpp"
#include "gradcheck/numeric/noise.hpp"

namespace dtheta::gradcheck::detail {
namespace {

constexpr double beside = 1e-3;    // parts of the size of θ, where J is measured again
constexpr double close = 1e-6;     // where a jump must show
constexpr double closer = 1e-7;    // and still be as large
constexpr double apart = 0.5;      // of the error: the least that is a jump
constexpr double standing = 0.05;  // of the error: the most that a jump may change when closer

/// Signs and sizes at random, so that nothing cancels along the way.
std::vector<double> generic_direction(const Request& request) {
  std::mt19937_64 bits(1);
  std::vector<double> direction(request.theta.size(), 0.0);
  for (const Block& block : request.theta.blocks()) {
    const double length = scale_of(request.theta, block);
    for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
      const double size = 0.5 + 0.5 * static_cast<double>(bits() >> 11) * 0x1p-53;
      direction[i] = (bits() % 2 == 0 ? size : -size) * length;
    }
  }
  return direction;
}

class Beside {
 public:
  Beside(const Request& request, const Cost& cost, const Gradient::Function& gradient)
      : request_(request), cost_(cost), gradient_(gradient), away_(generic_direction(request)) {}

  /// Keeps the positions at which the gradient jumps from θ to θ + sign·direction.
  void keep_jumps(double sign, const Findings& findings, std::vector<std::size_t>& positions) {
    const auto near = gradient_at(moved(sign * close));
    const auto nearer = gradient_at(moved(sign * closer));
    std::erase_if(positions, [&](std::size_t i) {
      const double error = std::abs(request_.analytic[i] - findings.entries[i].numeric);
      const bool jumps = std::abs(nearer[i] - request_.analytic[i]) > apart * error;
      return !jumps || !(std::abs(near[i] - nearer[i]) < standing * error);
    });
  }

  /// Keeps the positions at which the gradient is right at θ + sign·direction.
  void keep_right(double sign, std::vector<std::size_t>& positions) {
    if (positions.empty()) return;
    const ParameterVector there = moved(sign * beside);
    const auto analytic = gradient_at(there);
    CostProbes probes(cost_, there.values());
    const ProbeEvaluator evaluate = std::ref(probes);
    double value = 0.0;
    const Probe here{0, there.values()[0]};
    evaluate(std::span(&here, 1), std::span(&value, 1));
    std::vector<Block> blocks;
    for (const Block& block : request_.blocks) {
      const auto inside = [&](std::size_t i) {
        return i >= block.offset && i < block.offset + block.size;
      };
      if (std::ranges::any_of(positions, inside)) blocks.push_back(block);
    }
    const Request again{evaluate,
                        there,
                        analytic,
                        blocks,
                        request_.options,
                        value,
                        0.0,
                        [](std::size_t) { return true; },
                        &cost_};
    const Findings found = judge_adaptively(again);
    std::erase_if(positions, [&](std::size_t i) {
      return found.entries[i].verdict != Verdict::pass || found.entries[i].reason == Reason::corner;
    });
  }

  /// Keeps the positions that J itself shows to lie on corners at θ.
  void keep_corners(const Findings& findings, std::vector<std::size_t>& positions) {
    CornerWitness witness(request_, cost_, away_, findings.noise + rounding_of_moves(findings));
    std::erase_if(positions,
                  [&](std::size_t i) { return !witness.takes_part(i, findings.entries[i].step); });
  }

 private:
  /// What J does by the rounding of θ itself, when θ is moved: where it is large beside the moves
  /// they are not even, and what is uneven looks like a corner.
  double rounding_of_moves(const Findings& findings) const {
    double moves = 0.0;
    for (std::size_t i = 0; i < findings.entries.size(); ++i) {
      const double slope =
          std::max(std::abs(request_.analytic[i]), std::abs(findings.entries[i].numeric));
      const double move = unit_roundoff * slope * std::abs(request_.theta.values()[i]);
      if (std::isfinite(move)) moves += move;
    }
    return moves;
  }

  ParameterVector moved(double part) const {
    ParameterVector there = request_.theta;
    for (std::size_t i = 0; i < there.size(); ++i) there.values()[i] += part * away_[i];
    return there;
  }

  /// NaN where it throws: outside of its domain it excuses nothing.
  std::vector<double> gradient_at(const ParameterVector& theta) const try {
    return Gradient(gradient_).at(theta);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception&) {
    return std::vector<double>(theta.size(), std::numeric_limits<double>::quiet_NaN());
  }

  const Request& request_;
  const Cost& cost_;
  const Gradient::Function& gradient_;
  std::vector<double> away_;
};

}  // namespace

void excuse_degenerate(const Request& request, const Gradient::Function& gradient,
                       Findings& findings) {
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < findings.entries.size(); ++i) {
    const Finding& found = findings.entries[i];
    const bool smooth = is_accused(found);
    if (smooth && std::isfinite(request.analytic[i])) positions.push_back(i);
  }
  if (positions.empty()) return;
  Beside beside_theta(request, *request.whole, gradient);
  for (const double sign : {1.0, -1.0}) beside_theta.keep_jumps(sign, findings, positions);
  beside_theta.keep_corners(findings, positions);
  for (const double sign : {1.0, -1.0}) beside_theta.keep_right(sign, positions);
  for (const std::size_t i : positions) {
    leave_open(findings.entries[i], request.analytic[i], Reason::several_corners);
  }
}

}  // namespace dtheta::gradcheck::detail
