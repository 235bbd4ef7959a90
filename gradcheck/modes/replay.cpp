#include "gradcheck/replay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "gradcheck/errors.hpp"
#include "gradcheck/judge/law.hpp"
#include "gradcheck/judge/scales.hpp"
#include "gradcheck/modes/conduct.hpp"
#include "gradcheck/numeric/finite_difference.hpp"
#include "gradcheck/numeric/noise.hpp"
#include "gradcheck/numeric/slope.hpp"

namespace dtheta::gradcheck {
namespace {

using detail::Side;
using detail::Slope;

class Replay {
 public:
  Replay(const ProbeEvaluator& evaluate, const ParameterVector& theta, std::size_t position,
         double step, const Options& options)
      : evaluate_(evaluate), options_(options) {
    Component& c = replay_.component;
    c.key = theta.key(position);
    c.position = position;
    c.step = step;
    replay_.block = theta.blocks()[c.key.block];
    replay_.theta = theta.values()[position];
    if (replay_.theta + step == replay_.theta || replay_.theta - step == replay_.theta) {
      throw OptionError(
          fmt::format("step: {} is lost when it is added to {}", step, replay_.theta));
    }
  }

  ProbeReplay run(double analytic) {
    replay_.component.analytic = analytic;
    replay_.cost = cost_at(replay_.theta);
    Slope slope = probe(Side::both);
    if (!slope.finite && slope.finite_above != slope.finite_below) {
      slope = probe(slope.finite_above ? Side::above : Side::below);
    }
    measure_noise(slope);
    compare(slope);
    return std::move(replay_);
  }

 private:
  double cost_at(double value) const {
    const Probe probe{replay_.component.position, value};
    double cost = 0.0;
    evaluate_(std::span(&probe, 1), std::span(&cost, 1));
    return cost;
  }

  Slope probe(Side side) {
    const double step = replay_.component.step;
    const auto at = detail::points(side, replay_.theta, step);
    std::array<double, 4> costs{};
    std::array<Probe, 4> probes{};
    for (std::size_t k = 0; k < 4; ++k) probes[k] = {replay_.component.position, at[k]};
    evaluate_(probes, costs);
    const auto offsets = detail::offsets(side);
    for (std::size_t k = 0; k < 4; ++k) {
      replay_.values[k] = {static_cast<double>(offsets[k]), at[k], costs[k]};
    }
    std::ranges::sort(replay_.values, {}, &ReplayedValue::offset);
    return detail::measure(side, replay_.theta, step, replay_.cost, costs);
  }

  void measure_noise(const Slope& slope) {
    constexpr int attempts = 3;
    const double spacing = std::max(1e-5 * slope.step, 1e-14 * std::abs(replay_.theta));
    const auto along = [&](double value) { return cost_at(value); };
    const Noise found = estimate_noise(along, replay_.theta, spacing, attempts);
    replay_.noise = std::max(found.status == NoiseStatus::found ? found.noise : 0.0,
                             detail::unit_roundoff * slope.magnitude);
  }

  void compare(const Slope& slope) {
    Component& c = replay_.component;
    const bool both = slope.side == Side::both;
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    // The textbook's formula, to the letter: the inner two are at θ ± h.
    const ReplayedValue& below = replay_.values[1];
    const ReplayedValue& above = replay_.values[2];
    replay_.two_sided =
        both ? (above.cost - below.cost) / ((above.offset - below.offset) * c.step) : nan;
    replay_.fourth_order = slope.finite ? slope.value : nan;
    const bool textbook = options_.method == Method::textbook;
    c.numeric = textbook && both ? replay_.two_sided : replay_.fourth_order;
    constexpr double margin = 6.0;  // standard deviations of noise
    c.bar = slope.finite
                ? slope.cautious_truncation() + margin * slope.noise_gain * replay_.noise / c.step
                : std::numeric_limits<double>::infinity();
    const double error = c.error();
    const double wanted = options_.held_to() * std::max(std::abs(c.analytic), std::abs(c.numeric));
    if (!std::isfinite(c.analytic) || error > std::max(c.bar, wanted)) {
      c.verdict = Verdict::fail;
    } else {
      c.verdict = error + c.bar <= wanted || (c.analytic == 0.0 && slope.flat)
                      ? Verdict::pass
                      : Verdict::inconclusive;
    }
  }

  const ProbeEvaluator& evaluate_;
  const Options& options_;
  ProbeReplay replay_;
};

}  // namespace

ProbeReplay replay_probe(const ProbeEvaluator& evaluate, const Gradient& gradient,
                         const ParameterVector& theta, std::size_t position, double step,
                         const Options& options) {
  detail::refuse_budget(options, "replay_probe");
  require_positive("step", step);
  Replay replay(evaluate, theta, position, step, options);
  return replay.run(gradient.at(theta)[position]);
}

ProbeReplay replay_probe(const Cost& cost, const Gradient& gradient, const ParameterVector& theta,
                         std::string_view entry, double step, const Options& options) {
  CostProbes probes(cost, theta.values());
  return replay_probe(std::ref(probes), gradient, theta, position_of(theta, entry), step, options);
}

double usual_step(const ParameterVector& theta, std::size_t position) {
  constexpr double part = 1e-3;
  return part * detail::scale_of(theta, theta.blocks()[theta.key(position).block]);
}

}  // namespace dtheta::gradcheck
