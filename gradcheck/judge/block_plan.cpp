#include "gradcheck/judge/block_plan.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gradcheck/numeric/noise.hpp"

namespace dtheta::gradcheck::detail {
namespace {

constexpr double most_roundings = 128.0;  // of J, by which a derivative of zero may seem to move it
constexpr double hidden = 16.0;  // deviations of J's noise that a slope over its size may show
// A pilot looks for a step that leaves the rest of its block some room, but no more: larger steps
// meet more corners.
constexpr double pilot_comfort = 0.5;
// Entries of a block that J was never seen to depend on which are looked at with steps of every
// order; the others are held to the same scale.
constexpr std::size_t thorough_entries = 16;

/// Rounding an entry, or a product with it, moves J by this much.
double rounding_of(const Request& request, std::size_t entry) {
  const double effect = std::abs(request.analytic[entry] * request.theta.values()[entry]);
  return std::isfinite(effect) ? unit_roundoff * effect : 0.0;
}

/// The same of any of the block's entries.
double rounding_noise(const Request& request, const Block& block) {
  double most = 0.0;
  for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
    most = std::max(most, rounding_of(request, i));
  }
  return most;
}

/// The step at which noise allows the tolerance.
double least_step(const Request& request, const BlockPlan& plan, double noise) {
  constexpr double room = 1.25;
  constexpr double noise_of_slope = 8.0;  // margin and gain
  const double asked = request.options.held_to() * plan.scales.of(plan.pilot).reference;
  return room * noise_of_slope * noise / asked;
}

/// `relative`: part of the size of θ where truncation and noise would balance for a J that varies
/// with θ as θ itself does. Further, if that is where noise allows the tolerance, and not so far
/// that no J can be expected to be smooth up to there.
double first_part(const Request& request, const BlockPlan& plan, double relative) {
  constexpr double furthest = 1e3;
  const double needed = least_part(request, plan) / pilot_comfort;
  return needed > relative && needed <= furthest * relative ? needed : relative;
}

}  // namespace

std::size_t pilot_of(const Request& request, const Block& block, const BlockScales& scales) {
  std::size_t pilot = block.offset;
  double most = -1.0;
  for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
    const double g = request.analytic[i];
    const double change = std::isfinite(g) ? std::abs(g) * scales.length(i) : 0.0;
    if (change > most) {
      most = change;
      pilot = i;
    }
  }
  return pilot;
}

double least_part(const Request& request, const BlockPlan& plan) {
  return least_step(request, plan, plan.noise) / plan.scales.length(plan.pilot);
}

Search BlockPlan::search(const Request& request, std::size_t entry) const {
  const double own = part * scales.length(entry);
  if (request.analytic[entry] != 0.0) return search_from(request, entry, own);
  // Where J is to stand still, at once as far as quanta could hide a slope, if that is within the entry's size.
  const double quanta = hidden_quanta * std::max(1.0, std::abs(request.cost));
  const double needed = least_step(request, *this, std::max(noise, quanta));
  const bool near = needed <= Start::widest_part * scales.length(entry);
  return search_from(request, entry, near ? std::max(own, needed) : own);
}

Search BlockPlan::search_from(const Request& request, std::size_t entry, double step) const {
  const double x = request.theta.values()[entry];
  const double length = scales.length(entry);
  return {entry, x, request.analytic[entry], Start{step, std::max(std::abs(x), length)}};
}

Standard BlockPlan::standard(const Request& request, std::size_t entry) const {
  Standard standard;
  standard.scales = scales.of(entry);
  standard.tolerance = request.options.held_to();
  standard.roundoff = request.options.gradient_roundoff;
  standard.noise = noise;
  standard.margin = margin;
  standard.cost_size = std::max(std::abs(request.cost), rounding_noise / unit_roundoff);
  // A wider scalar tells a zero from next to nothing.
  if (request.options.oracles.empty()) {
    standard.crumb = std::max(most_roundings * unit_roundoff * standard.cost_size, hidden * noise) /
                     std::max(std::abs(request.theta.values()[entry]), scales.length(entry));
  }
  // In different units the entries' products are different terms of J.
  standard.rounding_noise = scales.mixed() ? rounding_of(request, entry) : rounding_noise;
  standard.brief = open;
  const std::size_t stride = std::max<std::size_t>(1, block.size / thorough_entries);
  standard.thorough = unmoved && (entry - block.offset) % stride == 0;
  standard.pilot = entry == pilot;
  standard.comfort = standard.pilot ? pilot_comfort : 1.0;
  return standard;
}

std::vector<BlockScales> scales_of_blocks(const Request& request) {
  constexpr double tiny = 1e-9, moved = 0x1p-30, rung = 32.0;
  std::vector<BlockScales> scales =
      BlockScales::of_blocks(request.theta, request.blocks, request.analytic,
                             request.options.gradient_roundoff, std::abs(request.cost));
  for (std::size_t b = 0; b < scales.size(); ++b) {
    if (scales[b].mixed()) continue;
    const std::size_t entry = pilot_of(request, request.blocks[b], scales[b]);
    double length = scales[b].length(entry);
    if (!(length < tiny)) continue;
    const auto moves = [&](double by) {
      const double there = ask(request, entry, request.theta.values()[entry] + by);
      return !(std::abs(there - request.cost) <= moved * std::abs(request.cost));
    };
    while (length < 1.0 && !moves(length)) length = std::min(1.0, rung * length);
    scales[b].set_length(length);
  }
  return scales;
}

std::vector<BlockPlan> plan_blocks(const Request& request, std::span<const BlockScales> scales,
                                   std::span<const std::size_t> pilots, const CostNoise& noise) {
  // Fourth order: truncation and noise balance near the fifth root of the relative noise.
  const double size = std::max(std::abs(request.cost), std::numeric_limits<double>::min());
  const double relative = std::clamp(std::pow(noise.size / size, 0.2), 5e-4, 5e-2);
  std::vector<BlockPlan> plans;
  for (std::size_t b = 0; b < request.blocks.size(); ++b) {
    const Block& block = request.blocks[b];
    BlockPlan plan{block, scales[b]};
    plan.pilot = pilots[b];
    plan.noise = noise.by_block.empty() ? noise.size : noise.by_block[b];
    plan.margin = noise.by_block.empty() ? noise.margin : noise_margin;
    plan.rounding_noise = rounding_noise(request, block);
    plan.unmoved = largest_finite(request.analytic.subspan(block.offset, block.size)) == 0.0;
    plan.part = first_part(request, plan, relative);
    plans.push_back(std::move(plan));
  }
  return plans;
}

}  // namespace dtheta::gradcheck::detail
