#include "gradcheck/monitor.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "gradcheck/errors.hpp"
#include "gradcheck/numeric/finite_difference.hpp"

namespace dtheta::gradcheck {
namespace {

// In units of θ: noise of J over h and h² of its third derivative are both near 1e-10, and few
// corners lie within.
constexpr double reach = 1e-5;
constexpr double finer = 0.25;  // of the step that is tried where the first one disagrees
constexpr double noise_margin = 6.0;
// J is made of some hundred roundings, of which it keeps the root.
constexpr double cost_roundings = 16.0;
// The same for a gradient; its terms may be larger than itself.
constexpr double gradient_roundings = 256.0;
constexpr double clear_excess = 3.0;  // of a block, to be called wrong

// A glance is one-sided: what it loses to the curvature of J grows with h, what it loses to noise
// falls with it. h² in roundings of J:
constexpr double glance_reach2 = 16.0;
// d·Hd in units of g·d that is no doubt yet; corners look like curvature.
constexpr double usual_curvature = 32.0;

/// What the roundings of J may do to its difference over h.
double noise_of_slope(double roundoff, double size, double h) {
  return noise_margin * cost_roundings * roundoff * size / h;
}

}  // namespace

double MonitorProbe::excess() const {
  const double error = std::abs(analytic - numeric);
  if (error == 0.0) return 0.0;
  const bool finite = std::isfinite(error) && std::isfinite(allowed);
  return finite ? error / allowed : std::numeric_limits<double>::infinity();
}

Monitor::Monitor(const ParameterVector& layout, MonitorOptions options)
    : layout_(layout),
      options_(std::move(options)),
      direction_(layout, options_.seed),
      moved_(layout.size()) {
  require_positive("smallest_error", options_.smallest_error);
  require_positive("gradient_roundoff", options_.gradient_roundoff);
  if (options_.exact_every == 0)
    throw OptionError("exact_every: 0 was given, but it must be positive");
  if (layout.size() == 0) throw ShapeError("monitor: theta has no entry to watch");
}

double Monitor::allowed_by(double roundoff, double size, double spread, double h) const {
  // Where a gradient has become small, the roundings of what cancelled in it have not.
  const double terms = std::max(spread, largest_spread_) + size;
  return noise_of_slope(roundoff, size, h) +
         gradient_roundings * options_.gradient_roundoff * terms + options_.smallest_error * spread;
}

MonitorProbe Monitor::probe(std::size_t step, const Cost& cost, std::span<const double> theta,
                            std::span<const double> gradient, std::size_t first,
                            std::size_t count) {
  MonitorProbe p{step};
  const auto promised = direction_.along(first, gradient.subspan(first, count));
  p.analytic = promised.value;
  p.spread = promised.spread;
  if (count < theta.size()) std::ranges::copy(theta, moved_.begin());
  double size = 0.0;
  const auto slope = [&](double h) {
    double values[2];
    for (const int side : {0, 1}) {
      direction_.move(first, theta.subspan(first, count), side == 0 ? -h : h,
                      std::span(moved_).subspan(first, count));
      values[side] = cost(moved_);
      size = std::max(size, std::abs(values[side]));
    }
    p.evaluations += 2;
    return (values[1] - values[0]) / (2.0 * h);
  };
  constexpr double u = std::numeric_limits<double>::epsilon() / 2.0;
  p.numeric = slope(reach);
  p.allowed = allowed_by(u, size, p.spread, reach);
  if (p.excess() > 1.0) {
    const double coarse = p.numeric;
    p.numeric = slope(finer * reach);
    // Of a smooth J the coarser slope differs 16 times as much from the truth; at a corner, alike.
    p.allowed = allowed_by(u, size, p.spread, finer * reach) + 2.0 * std::abs(p.numeric - coarse);
  }
  return p;
}

bool Monitor::as_sharp_as_a_look(double roundoff) const {
  constexpr double sharp = 1e-3;  // of what must be seen, by the noise of a glance where J is one
  return roundoff / glance_step(roundoff) < sharp * options_.smallest_error;
}

bool Monitor::wants_exact(double roundoff) const {
  if (evidence_ > 0.0) return true;
  return !as_sharp_as_a_look(roundoff) && probes_ % options_.exact_every == 0;
}

double Monitor::glance_step(double roundoff) { return std::sqrt(glance_reach2 * roundoff); }

bool Monitor::glance(const Glance& seen) {
  MonitorProbe p{seen.step};
  const double h = glance_step(seen.roundoff);
  p.analytic = seen.promised.value;
  p.spread = seen.promised.spread;
  p.numeric = (seen.moved - seen.here) / h;
  const double size = std::max(std::abs(seen.here), std::abs(seen.moved));
  p.allowed = allowed_by(seen.roundoff, size, p.spread, h) + usual_curvature / 2.0 * h * p.spread;
  // Beside a large J a look, whose step is longer, sees more.
  const bool drowned = noise_of_slope(seen.roundoff, size, h) > options_.smallest_error * p.spread;
  if (drowned && as_sharp_as_a_look(seen.roundoff)) return false;
  if (!(p.excess() <= 1.0)) return false;
  ++probes_;
  ++glances_;
  note_agreement(p);
  return true;
}

void Monitor::note_agreement(const MonitorProbe& p) {
  closest_ = std::max(closest_, p.excess());
  largest_spread_ = std::max(largest_spread_, p.spread);
  evidence_ = std::max(0.0, evidence_ - 1.0);
}

MonitorProbe Monitor::look(std::size_t step, const Cost& cost, std::span<const double> theta,
                           std::span<const double> gradient) {
  if (theta.size() != layout_.size() || gradient.size() != layout_.size()) {
    throw ShapeError(
        fmt::format("monitor: theta has {} entries and the gradient {}, but {} are "
                    "watched",
                    theta.size(), gradient.size(), layout_.size()));
  }
  for (const Block& block : layout_.blocks()) {
    direction_.measure(block.offset, theta.subspan(block.offset, block.size));
  }
  direction_.turn(probes_++);
  const MonitorProbe p = probe(step, cost, theta, gradient, 0, theta.size());
  if (!(p.excess() > 1.0)) {
    note_agreement(p);
    return p;
  }
  // Beside θ, J may have no value: the edge of its domain. At θ itself it must.
  const bool edge = std::isfinite(p.analytic) && !std::isfinite(p.numeric);
  if (edge && std::isfinite(cost(theta))) return p;
  closest_ = std::max(closest_, p.excess());
  evidence_ += std::log10(p.excess());
  if (evidence_ < 1.0) return p;
  evidence_ = 0.0;
  ++alarms_;
  MonitorAlarm alarm = investigate(p, cost, theta, gradient);
  if (!options_.on_alarm) throw GradientAlarm(std::move(alarm));
  options_.on_alarm(alarm);
  return p;
}

MonitorAlarm Monitor::investigate(const MonitorProbe& found, const Cost& cost,
                                  std::span<const double> theta, std::span<const double> gradient) {
  MonitorAlarm alarm{found.step, found, {}, {}, {}};
  for (const Block& block : layout_.blocks()) {
    if (probe(found.step, cost, theta, gradient, block.offset, block.size).excess() >
        clear_excess) {
      alarm.blocks.push_back(block.name);
    }
  }
  check_in_full(alarm, cost, theta, gradient);
  alarm.message = fmt::format(
      "the gradient of step {} is wrong: along a random direction it promises {:.6g}, and J "
      "changes by {:.6g} +- {:.2g}; wrong: {}",
      alarm.step, found.analytic, found.numeric, found.allowed,
      alarm.blocks.empty() ? "no block by itself"
                           : fmt::format("{}", fmt::join(alarm.blocks, ", ")));
  if (!alarm.result.causes.empty()) {
    alarm.message += fmt::format("; it looks like: {}", alarm.result.causes.front().sentence);
  }
  return alarm;
}

void Monitor::check_in_full(MonitorAlarm& alarm, const Cost& cost, std::span<const double> theta,
                            std::span<const double> gradient) const {
  ParameterVector at = layout_;
  std::ranges::copy(theta, at.values().begin());
  Options options;
  options.gradient_roundoff = options_.gradient_roundoff;
  std::vector<const Block*> wrong;
  for (const std::string& name : alarm.blocks) wrong.push_back(&layout_.block(name));
  std::ranges::sort(wrong, {}, [](const Block* block) { return block->size; });
  std::size_t entries = 0;
  for (const Block* block : wrong) {
    if ((entries += block->size) > options_.full_check) break;
    options.blocks.push_back(block->name);
  }
  if (!options.blocks.empty()) alarm.result = check(cost, gradient, at, options);
}

}  // namespace dtheta::gradcheck
