#include "gradcheck/sample.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "gradcheck/errors.hpp"
#include "gradcheck/replay.hpp"

namespace dtheta::gradcheck {
namespace {

void require_part(const char* name, double value) {
  if (value > 0.0 && value < 1.0) return;
  throw OptionError(fmt::format("{}: {} was given, but it must lie between 0 and 1", name, value));
}

/// Fisher and Yates' shuffle, cut off after `count`; then one entry of every block left out.
std::vector<std::size_t> drawn(const ParameterVector& theta, std::size_t count,
                               std::uint64_t seed) {
  std::vector<std::size_t> all(theta.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  std::mt19937_64 bits(seed);
  for (std::size_t i = 0; i < count; ++i) std::swap(all[i], all[i + bits() % (all.size() - i)]);
  std::vector<bool> chosen(theta.size(), false);
  for (std::size_t i = 0; i < count; ++i) chosen[all[i]] = true;
  for (const Block& block : theta.blocks()) {
    const auto first = chosen.begin() + static_cast<std::ptrdiff_t>(block.offset);
    const auto last = first + static_cast<std::ptrdiff_t>(block.size);
    if (block.size > 0 && std::find(first, last, true) == last) {
      chosen[block.offset + bits() % block.size] = true;
    }
  }
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    if (chosen[i]) positions.push_back(i);
  }
  return positions;
}

std::vector<std::size_t> chosen(const ParameterVector& theta, std::vector<std::size_t> entries) {
  std::ranges::sort(entries);
  entries.erase(std::ranges::unique(entries).begin(), entries.end());
  if (entries.back() >= theta.size()) {
    throw OptionError(fmt::format("entries: {} was asked for, but theta has {} entries",
                                  entries.back(), theta.size()));
  }
  return entries;
}

/// The drawn entries as a θ of its own, under the same block names.
ParameterVector reduced(const ParameterVector& theta, std::span<const double> values,
                        const std::vector<std::size_t>& positions) {
  ParameterVector small;
  for (const Block& block : theta.blocks()) {
    std::vector<double> own;
    for (const std::size_t i : positions) {
      if (i >= block.offset && i < block.offset + block.size) own.push_back(values[i]);
    }
    if (!own.empty()) small.add(block.name, block.layer, {own.size()}, own);
  }
  return small;
}

/// Checks the drawn entries by `check_small(θ, gradient)`, both reduced to them, and says what that
/// is worth.
template <class CheckSmall>
SampleResult check_drawn(const Gradient& gradient, const ParameterVector& theta,
                         const SampleOptions& options, CheckSmall check_small) {
  SampleResult sample;
  const std::size_t count = sample_size(theta.size(), options.confidence, options.wrong_part);
  sample.positions =
      options.entries.empty()
          ? drawn(theta, options.count > 0 ? std::min(options.count, theta.size()) : count,
                  options.seed)
          : chosen(theta, options.entries);
  const ParameterVector small = reduced(theta, theta.values(), sample.positions);
  const ParameterVector small_gradient = reduced(theta, gradient.at(theta), sample.positions);
  sample.result = check_small(small, small_gradient, sample.positions);
  sample.result.sampled = true;
  for (BlockResult& block : sample.result.blocks) {
    for (Component& c : block.worst) {
      c.position = sample.positions[c.position];
      c.key = theta.key(c.position);
      if (c.replay.empty()) continue;
      c.replay = options.check.replay ? options.check.replay(c) : replay_call(c);
    }
  }
  const std::size_t looked = sample.positions.size();
  if (!options.entries.empty()) {
    sample.statement = fmt::format("{} of {} entries were checked", looked, theta.size());
    sample.result.notes.push_back(sample.statement);
    return sample;
  }
  sample.confidence = looked == theta.size()
                          ? 1.0
                          : 1.0 - std::pow(1.0 - options.wrong_part, static_cast<double>(looked));
  sample.statement = fmt::format(
      "{} of {} entries were checked; if {:.3g} % of them were wrong, one would have been among "
      "these with probability {:.6g}",
      looked, theta.size(), 100.0 * options.wrong_part, sample.confidence);
  sample.result.notes.push_back(sample.statement);
  return sample;
}

}  // namespace

std::size_t sample_size(std::size_t size, double confidence, double wrong_part) {
  require_part("confidence", confidence);
  require_part("wrong_part", wrong_part);
  const double count = std::ceil(std::log1p(-confidence) / std::log1p(-wrong_part));
  return std::min(size, static_cast<std::size_t>(std::max(1.0, count)));
}

SampleResult check_sample(const Cost& cost, const Gradient& gradient, const ParameterVector& theta,
                          const SampleOptions& options) {
  return check_drawn(gradient, theta, options,
                     [&](const ParameterVector& small, const ParameterVector& small_gradient,
                         const std::vector<std::size_t>& positions) {
                       const Cost embedded = [&](std::span<const double> t) {
                         std::vector<double> whole(theta.values().begin(), theta.values().end());
                         for (std::size_t k = 0; k < t.size(); ++k) whole[positions[k]] = t[k];
                         return cost(whole);
                       };
                       return check(embedded, small_gradient, small, options.check);
                     });
}

SampleResult check_sample(const ProbeEvaluator& evaluate, const Gradient& gradient,
                          const ParameterVector& theta, const SampleOptions& options) {
  return check_drawn(gradient, theta, options,
                     [&](const ParameterVector& small, const ParameterVector& small_gradient,
                         const std::vector<std::size_t>& positions) {
                       const ProbeEvaluator embedded = [&](std::span<const Probe> probes,
                                                           std::span<double> answers) {
                         std::vector<Probe> moved(probes.begin(), probes.end());
                         for (Probe& probe : moved) probe.index = positions[probe.index];
                         evaluate(moved, answers);
                       };
                       return check_probes(embedded, small_gradient, small, options.check);
                     });
}

}  // namespace dtheta::gradcheck
