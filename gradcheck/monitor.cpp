#include "gradcheck/monitor.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "gradcheck/errors.hpp"
#include "gradcheck/finite_difference.hpp"

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

/// SplitMix64's finaliser: a counter becomes 64 bits. Steele, Lea and Flood, OOPSLA 2014.
std::uint64_t scrambled(std::uint64_t z) {
  z += 0x9E3779B97F4A7C15ULL;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

/// In (0, 1).
double uniform(std::uint64_t bits) { return (static_cast<double>(bits >> 11) + 0.5) * 0x1p-53; }

std::vector<double> gaussians(std::size_t count, std::uint64_t seed) {
  std::vector<double> all(count);
  for (std::size_t i = 0; i < count; ++i) {
    // Box and Muller.
    const double radius = std::sqrt(-2.0 * std::log(uniform(scrambled(seed ^ scrambled(2 * i)))));
    all[i] =
        radius * std::cos(2.0 * std::numbers::pi * uniform(scrambled(seed ^ scrambled(2 * i + 1))));
  }
  return all;
}

double root_mean_square(std::span<const double> values) {
  double squares = 0.0;
  for (const double v : values) squares += v * v;
  return values.empty() ? 0.0 : std::sqrt(squares / static_cast<double>(values.size()));
}

}  // namespace

double MonitorProbe::excess() const {
  const double error = std::abs(analytic - numeric);
  return std::isfinite(error) ? error / allowed : std::numeric_limits<double>::infinity();
}

Monitor::Monitor(const ParameterVector& layout, MonitorOptions options)
    : layout_(layout),
      options_(std::move(options)),
      gaussian_(gaussians(layout.size(), options_.seed)),
      direction_(layout.size()),
      moved_(layout.size()) {
  require_positive("smallest_error", options_.smallest_error);
  require_positive("gradient_roundoff", options_.gradient_roundoff);
  if (layout.size() == 0) throw ShapeError("monitor: theta has no entry to watch");
}

void Monitor::choose_direction(std::span<const double> theta) {
  const std::uint64_t key = scrambled(options_.seed + 0x1000 * (probes_ + 1));
  const double whole = root_mean_square(theta);
  std::size_t from = key % gaussian_.size();
  std::uint64_t signs = 0;
  for (const Block& block : layout_.blocks()) {
    // Each block moves in proportion to its size, so that each counts.
    double size = root_mean_square(theta.subspan(block.offset, block.size));
    if (size == 0.0) size = whole > 0.0 ? whole : 1.0;
    for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
      if (i % 64 == 0 || signs == 0) signs = scrambled(key + i) | (1ULL << 63);
      direction_[i] = (signs & 1) != 0 ? size * gaussian_[from] : -size * gaussian_[from];
      signs >>= 1;
      if (++from == gaussian_.size()) from = 0;
    }
  }
}

MonitorProbe Monitor::probe(std::size_t step, const Cost& cost, std::span<const double> theta,
                            std::span<const double> gradient, std::size_t first, std::size_t last) {
  MonitorProbe p{step};
  double squares = 0.0;
  for (std::size_t i = first; i < last; ++i) {
    const double term = gradient[i] * direction_[i];
    p.analytic += term;
    squares += term * term;
  }
  p.spread = std::sqrt(squares);
  double size = 0.0;
  const auto slope = [&](double h) {
    double values[2];
    for (const int side : {0, 1}) {
      const double t = side == 0 ? -h : h;
      std::ranges::copy(theta, moved_.begin());
      for (std::size_t i = first; i < last; ++i) moved_[i] += t * direction_[i];
      values[side] = cost(moved_);
      size = std::max(size, std::abs(values[side]));
    }
    p.evaluations += 2;
    return (values[1] - values[0]) / (2.0 * h);
  };
  p.numeric = slope(reach);
  const auto allow = [&](double h) {
    constexpr double u = std::numeric_limits<double>::epsilon() / 2.0;
    // Where a gradient has become small, the roundings of what cancelled in it have not.
    const double terms = std::max(p.spread, largest_spread_) + size;
    return noise_margin * cost_roundings * u * size / h +
           gradient_roundings * options_.gradient_roundoff * terms +
           options_.smallest_error * p.spread;
  };
  p.allowed = allow(reach);
  if (p.excess() > 1.0) {
    const double coarse = p.numeric;
    p.numeric = slope(finer * reach);
    // Of a smooth J the coarser slope differs 16 times as much from the truth; at a corner, alike.
    p.allowed = allow(finer * reach) + 2.0 * std::abs(p.numeric - coarse);
  }
  return p;
}

MonitorProbe Monitor::look(std::size_t step, const Cost& cost, std::span<const double> theta,
                           std::span<const double> gradient) {
  if (theta.size() != layout_.size() || gradient.size() != layout_.size()) {
    throw ShapeError(
        fmt::format("monitor: theta has {} entries and the gradient {}, but {} are "
                    "watched",
                    theta.size(), gradient.size(), layout_.size()));
  }
  choose_direction(theta);
  ++probes_;
  const MonitorProbe p = probe(step, cost, theta, gradient, 0, theta.size());
  if (!(p.excess() > 1.0)) {
    largest_spread_ = std::max(largest_spread_, p.spread);
    evidence_ = std::max(0.0, evidence_ - 1.0);
    return p;
  }
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
    const std::size_t end = block.offset + block.size;
    if (probe(found.step, cost, theta, gradient, block.offset, end).excess() > clear_excess) {
      alarm.blocks.push_back(block.name);
    }
  }
  check_in_full(alarm, cost, theta, gradient);
  alarm.message = fmt::format(
      "the gradient of step {} is wrong: along a random direction it promises {:.6g}, and J "
      "changes "
      "by {:.6g} +- {:.2g}; wrong: {}",
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
