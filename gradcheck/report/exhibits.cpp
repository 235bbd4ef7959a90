#include "gradcheck/report/exhibits.hpp"

#include <algorithm>
#include <cmath>

#include "gradcheck/judge/scales.hpp"

namespace dtheta::gradcheck {
namespace {

StepCurve curve_of(const Cost& cost, const ParameterVector& theta, const Component& component) {
  constexpr int steps = 25;
  StepCurve curve;
  curve.component = component;
  const auto& blocks = theta.blocks();
  const double scale = detail::scale_of(theta, blocks[theta.key(component.position).block]);
  std::vector<double> moved(theta.values().begin(), theta.values().end());
  const double x = moved[component.position];
  for (int k = 0; k < steps; ++k) {
    const double step = scale * std::pow(10.0, -0.5 * static_cast<double>(k));
    const double above = x + step;
    const double below = x - step;
    if (above == x || below == x) break;
    moved[component.position] = above;
    const double high = cost(moved);
    moved[component.position] = below;
    const double low = cost(moved);
    const double numeric = (high - low) / (above - below);
    const double size = std::max(std::abs(numeric), std::abs(component.analytic));
    if (!std::isfinite(numeric) || size == 0.0) continue;
    curve.steps.push_back(step);
    curve.errors.push_back(std::abs(numeric - component.analytic) / size);
  }
  return curve;
}

}  // namespace

Exhibits collect_exhibits(const Cost& cost, const Gradient& gradient, const ParameterVector& theta,
                          const Result& result, std::size_t curves) {
  Exhibits exhibits;
  std::vector<Component> worst;
  for (const BlockResult& block : result.blocks) {
    if (!block.worst.empty() && std::isfinite(block.worst.front().analytic)) {
      worst.push_back(block.worst.front());
    }
  }
  std::ranges::stable_sort(worst, worse);
  worst.resize(std::min(worst.size(), curves));
  for (const Component& component : worst) {
    exhibits.curves.push_back(curve_of(cost, theta, component));
  }
  constexpr std::uint64_t lines = 2;
  for (std::uint64_t seed = 1; seed <= lines; ++seed) {
    exhibits.taylor.push_back(taylor_test(cost, gradient, theta, seed));
  }
  return exhibits;
}

}  // namespace dtheta::gradcheck
