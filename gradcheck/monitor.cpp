#include "gradcheck/monitor.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

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
constexpr std::size_t cheap_to_draw = 1024;
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

/// Box and Muller; a function of the key alone.
void fill_gaussian(std::span<float> out, std::uint64_t key) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    const double radius = std::sqrt(-2.0 * std::log(uniform(scrambled(key ^ scrambled(2 * i)))));
    const double angle = uniform(scrambled(key ^ scrambled(2 * i + 1)));
    out[i] = static_cast<float>(radius * std::cos(2.0 * std::numbers::pi * angle));
  }
}

/// Σ term_i and Σ term_i² in eight parts each, so that no addition waits for the one before.
struct Sums {
  double plain = 0.0;
  double squares = 0.0;
};
template <class Term>
Sums sums_over(std::size_t count, Term term) {
  std::array<double, 8> plain{}, squares{};
  const auto add = [&](std::size_t k, double v) {
    plain[k] += v;
    squares[k] += v * v;
  };
  std::size_t i = 0;
  for (; i + plain.size() <= count; i += plain.size()) {
    for (std::size_t k = 0; k < plain.size(); ++k) add(k, term(i + k));
  }
  for (; i < count; ++i) add(0, term(i));
  Sums sums;
  for (const double v : plain) sums.plain += v;
  for (const double v : squares) sums.squares += v;
  return sums;
}

}  // namespace

double MonitorProbe::excess() const {
  const double error = std::abs(analytic - numeric);
  if (error == 0.0) return 0.0;
  return std::isfinite(error) ? error / allowed : std::numeric_limits<double>::infinity();
}

Monitor::Monitor(const ParameterVector& layout, MonitorOptions options)
    : layout_(layout),
      options_(std::move(options)),
      gaussian_(layout.size()),
      moved_(layout.size()) {
  require_positive("smallest_error", options_.smallest_error);
  require_positive("gradient_roundoff", options_.gradient_roundoff);
  if (layout.size() == 0) throw ShapeError("monitor: theta has no entry to watch");
  fill_gaussian(gaussian_, options_.seed);
}

void Monitor::choose_direction(std::span<const double> theta) {
  const std::uint64_t key = scrambled(options_.seed + 0x1000 * (probes_ + 1));
  // To draw anew for many entries would cost more than to evaluate J.
  const bool few = gaussian_.size() <= cheap_to_draw;
  if (few) fill_gaussian(gaussian_, key);
  std::size_t from = few ? 0 : key % gaussian_.size();
  std::vector<double> squares;
  for (const Block& block : layout_.blocks()) {
    const double* values = theta.data() + block.offset;
    squares.push_back(sums_over(block.size, [&](std::size_t i) { return values[i]; }).squares);
  }
  const double all = std::accumulate(squares.begin(), squares.end(), 0.0);
  const double whole = std::sqrt(all / static_cast<double>(theta.size()));
  direction_.clear();
  for (std::size_t b = 0; b < squares.size(); ++b) {
    const Block& block = layout_.blocks()[b];
    if (block.size == 0) continue;
    // Each block moves in proportion to its size, so that each counts.
    double size = std::sqrt(squares[b] / static_cast<double>(block.size));
    if (size == 0.0) size = whole > 0.0 ? whole : 1.0;
    for (std::size_t done = 0; done < block.size;) {
      const std::size_t run = std::min(block.size - done, gaussian_.size() - from);
      direction_.push_back({block.offset + done, block.offset + done + run, from, size});
      done += run;
      from = (from + run) % gaussian_.size();
    }
  }
}

/// Calls visit(first entry, number of entries, their Gaussians, size) for each piece.
template <class F>
void Monitor::over_direction(std::size_t first, std::size_t last, F visit) const {
  for (const Piece& piece : direction_) {
    const std::size_t begin = std::max(first, piece.first), end = std::min(last, piece.last);
    if (begin >= end) continue;
    visit(begin, end - begin, gaussian_.data() + piece.from + (begin - piece.first), piece.size);
  }
}

MonitorProbe Monitor::probe(std::size_t step, const Cost& cost, std::span<const double> theta,
                            std::span<const double> gradient, std::size_t first, std::size_t last) {
  MonitorProbe p{step};
  double squares = 0.0;
  over_direction(first, last, [&](std::size_t at, std::size_t n, const float* z, double size) {
    const double* g = gradient.data() + at;
    const Sums sums = sums_over(n, [&](std::size_t i) { return g[i] * z[i]; });
    p.analytic += size * sums.plain;
    squares += size * size * sums.squares;
  });
  p.spread = std::sqrt(squares);
  if (last - first < theta.size()) std::ranges::copy(theta, moved_.begin());
  double size = 0.0;
  const auto slope = [&](double h) {
    double values[2];
    for (const int side : {0, 1}) {
      const double t = side == 0 ? -h : h;
      over_direction(first, last, [&](std::size_t at, std::size_t n, const float* z, double scale) {
        for (std::size_t i = 0; i < n; ++i) moved_[at + i] = theta[at + i] + t * scale * z[i];
      });
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
  closest_ = std::max(closest_, p.excess());
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
