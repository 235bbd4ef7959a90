#include "gradcheck/judge/degenerate.hpp"

#include <algorithm>
#include <cmath>
#include <random>

namespace dtheta::gradcheck::detail {
namespace {

constexpr std::size_t most_entries = 64;  // that are looked at one by one
constexpr double beside = 1e-3;           // parts of the size of θ, where J is measured again
constexpr double close = 1e-6;            // where a jump must show
constexpr double closer = 1e-7;           // and still be as large
constexpr double apart = 0.5;             // of the error: the least that is a jump
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
    const ProbeEvaluator counted = [&](std::span<const Probe> asked, std::span<double> answers) {
      evaluations_ += asked.size();
      probes(asked, answers);
    };
    double value = 0.0;
    const Probe here{0, there.values()[0]};
    counted(std::span(&here, 1), std::span(&value, 1));
    std::vector<Block> blocks;
    for (const Block& block : request_.blocks) {
      const auto inside = [&](std::size_t i) {
        return i >= block.offset && i < block.offset + block.size;
      };
      if (std::ranges::any_of(positions, inside)) blocks.push_back(block);
    }
    const Request again{counted,          there, analytic, blocks,
                        request_.options, value, 0.0,      [](std::size_t) { return true; }};
    const Findings found = judge_adaptively(again);
    std::erase_if(positions, [&](std::size_t i) {
      return found.entries[i].verdict != Verdict::pass || found.entries[i].kink;
    });
  }

  /// Whether entry i alone, moved by a part of the step with which J was measured, brings the
  /// gradient from its value at θ to what was measured, on both sides: θ lies between two corners
  /// that are nearer to each other than J can resolve.
  bool is_between_corners(std::size_t i, const Finding& found) const {
    constexpr double part_of_step = 0.125;
    const double error = std::abs(request_.analytic[i] - found.numeric);
    for (const double sign : {1.0, -1.0}) {
      ParameterVector there = request_.theta;
      there.values()[i] += sign * part_of_step * found.step;
      const double g = gradient_at(there)[i];
      const bool jumps = std::abs(g - request_.analytic[i]) > apart * error;
      if (!jumps || !(std::abs(g - found.numeric) <= found.bar)) return false;
    }
    return true;
  }

  /// Whether J does, over a much larger step to either side, what the gradient says on the way:
  /// then its values stood still over the step with which it was measured. A tanh within a few
  /// roundings of 1 moves in plateaus, and where a penalty moves besides, they do not show as
  /// noise.
  bool is_between_plateaus(std::size_t i, const Finding& found) {
    constexpr double larger[] = {8.0, 64.0, 512.0, 4096.0};
    constexpr double agrees = 0.25;  // of the error; a bug leaves all of it
    const double error = std::abs(request_.analytic[i] - found.numeric);
    return std::ranges::any_of(larger, [&](double factor) {
      const double h = factor * found.step;
      return follows(i, h, agrees * error) && follows(i, -h, agrees * error);
    });
  }

  std::size_t evaluations() const { return evaluations_; }

 private:
  /// Whether the gradient hardly changes from θ to h along entry i, and J changes as it says.
  bool follows(std::size_t i, double h, double most_error) {
    ParameterVector there = request_.theta;
    double& entry = there.values()[i];
    const double start = entry, here = request_.analytic[i];
    const auto slope_at = [&](double part) {
      entry = start + part * h;
      return gradient_at(there)[i];
    };
    const double middle = slope_at(0.5), end = slope_at(1.0);
    // A jump would be a corner, which is somebody else's subject.
    if (!(std::max(std::abs(middle - here), std::abs(end - here)) <= most_error)) return false;
    ++evaluations_;
    const double promised = (here + 4.0 * middle + end) / 6.0;  // Simpson's rule
    const double measured = (cost_(there.values()) - request_.cost) / (entry - start);
    return std::abs(measured - promised) <= most_error;
  }

  ParameterVector moved(double part) const {
    ParameterVector there = request_.theta;
    for (std::size_t i = 0; i < there.size(); ++i) there.values()[i] += part * away_[i];
    return there;
  }

  std::vector<double> gradient_at(const ParameterVector& theta) const {
    return Gradient(gradient_).at(theta);
  }

  const Request& request_;
  const Cost& cost_;
  const Gradient::Function& gradient_;
  std::vector<double> away_;
  std::size_t evaluations_ = 0;
};

}  // namespace

std::size_t excuse_degenerate(const Request& request, const Cost& cost,
                              const Gradient::Function& gradient, Findings& findings) {
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < findings.entries.size(); ++i) {
    const Finding& found = findings.entries[i];
    const bool smooth = found.verdict == Verdict::fail && !found.kink;
    if (smooth && std::isfinite(request.analytic[i])) positions.push_back(i);
  }
  if (positions.empty()) return 0;
  Beside beside_theta(request, cost, gradient);
  std::vector<std::size_t> between;
  for (std::size_t k = 0; k < std::min(positions.size(), most_entries); ++k) {
    const std::size_t i = positions[k];
    if (beside_theta.is_between_corners(i, findings.entries[i])) between.push_back(i);
  }
  std::vector<std::size_t> plateaus;
  // Where one entry is really wrong, the others need not be asked.
  for (std::size_t k = 0; k < std::min(positions.size(), most_entries); ++k) {
    const std::size_t i = positions[k];
    if (std::ranges::find(between, i) != between.end()) continue;
    if (!beside_theta.is_between_plateaus(i, findings.entries[i])) break;
    plateaus.push_back(i);
  }
  for (const double sign : {1.0, -1.0}) beside_theta.keep_jumps(sign, findings, positions);
  for (const double sign : {1.0, -1.0}) beside_theta.keep_right(sign, positions);
  positions.insert(positions.end(), between.begin(), between.end());
  const auto leave_open = [&](std::size_t i) -> Finding& {
    Finding& found = findings.entries[i];
    found.verdict = Verdict::inconclusive;
    found.bar = std::max(found.bar, 1.5 * std::abs(request.analytic[i] - found.numeric));
    return found;
  };
  for (const std::size_t i : positions) leave_open(i).degenerate = true;
  for (const std::size_t i : plateaus) {
    if (!findings.entries[i].degenerate) leave_open(i).plateau = true;
  }
  return beside_theta.evaluations();
}

}  // namespace dtheta::gradcheck::detail
