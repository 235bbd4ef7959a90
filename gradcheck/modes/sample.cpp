#include "gradcheck/sample.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <unordered_map>
#include <utility>

#include "gradcheck/errors.hpp"
#include "gradcheck/judge/selection.hpp"
#include "gradcheck/modes/check_drawn.hpp"
#include "gradcheck/modes/conduct.hpp"
#include "gradcheck/modes/draw.hpp"
#include "gradcheck/modes/known_corners.hpp"
#include "gradcheck/modes/theta_copies.hpp"
#include "gradcheck/replay.hpp"

namespace dtheta::gradcheck {
namespace {

void require_part(const char* name, double value) {
  if (value > 0.0 && value < 1.0) return;
  throw OptionError(fmt::format("{}: {} was given, but it must lie between 0 and 1", name, value));
}

/// Puts back what was moved.
struct PutBack {
  std::span<const double> from;
  std::span<double> to;
  const std::vector<std::size_t>& positions;
  ~PutBack() {
    for (const std::size_t i : positions) to[i] = from[i];
  }
};

std::vector<std::size_t> chosen(const ParameterVector& theta, std::vector<std::size_t> entries) {
  std::ranges::sort(entries);
  entries.erase(std::unique(entries.begin(), entries.end()), entries.end());
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
  auto next = positions.begin();
  for (const Block& block : theta.blocks()) {
    std::vector<double> own;
    for (; next != positions.end() && *next < block.offset + block.size; ++next) {
      own.push_back(values[*next]);
    }
    if (!own.empty()) small.add(block.name, block.layer, {own.size()}, own);
  }
  return small;
}

/// What speaks of entries of θ, for those that were drawn.
Options reduced(const Options& options, const ParameterVector& theta,
                const std::vector<std::size_t>& positions) {
  Options small = options;
  small.budget.reset();
  for (Oracle& oracle : small.oracles) {
    oracle.slope = [slope = oracle.slope, &positions](std::size_t entry, double step) {
      return slope(positions[entry], step);
    };
  }
  if (options.corner) {
    small.corner = [&corner = options.corner, &positions](std::size_t entry, double reach) {
      return corner(positions[entry], reach);
    };
  }
  const auto drawn = [&positions, size = theta.size()](const std::vector<double>& whole) {
    if (whole.size() != size) return whole;
    std::vector<double> part;
    part.reserve(positions.size());
    for (const std::size_t i : positions) part.push_back(whole[i]);
    return part;
  };
  if (options.gradient_rounding) {
    small.gradient_rounding = [&whole = options.gradient_rounding, drawn] {
      return drawn(whole());
    };
  }
  small.hints.previous = drawn(options.hints.previous);
  for (NamedVector& suspect : small.hints.suspects) suspect.values = drawn(suspect.values);
  small.known_corners.clear();
  const auto known = detail::known_corners(theta, options);
  for (std::size_t k = 0; k < positions.size(); ++k) {
    if (detail::holds(known, positions[k])) small.known_corners.push_back(fmt::format("#{}", k));
  }
  return small;
}

}  // namespace

namespace detail {

SampleResult check_drawn(const Gradient& gradient, const ParameterVector& theta,
                         const SampleOptions& options, const CheckSmall& check_small) {
  SampleResult sample;
  const std::size_t count = sample_size(theta.size(), options.confidence, options.wrong_part);
  sample.positions =
      options.entries.empty()
          ? detail::drawn_entries(theta.blocks(),
                                  options.count > 0 ? std::min(options.count, theta.size()) : count,
                                  options.seed)
          : chosen(theta, options.entries);
  const ParameterVector small = reduced(theta, theta.values(), sample.positions);
  const auto given = gradient.given(theta);  // large ones are not copied for some entries
  const ParameterVector small_gradient = given
                                             ? reduced(theta, *given, sample.positions)
                                             : reduced(theta, gradient.at(theta), sample.positions);
  sample.result = check_small(small, small_gradient, sample.positions,
                              reduced(options.check, theta, sample.positions));
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

Cost embedded(const Cost& cost, ThetaCopies& copies, const std::vector<std::size_t>& positions) {
  return [&](std::span<const double> t) {
    ThetaCopies::Loan loan(copies);
    const std::span<double> whole = *loan;
    for (std::size_t k = 0; k < t.size(); ++k) whole[positions[k]] = t[k];
    const PutBack put_back{copies.theta(), whole, positions};
    return cost(whole);
  };
}

}  // namespace detail

/// Fisher and Yates' shuffle, cut off after `count`, of which only what was moved is written down;
/// then one entry of every block left out.
std::vector<std::size_t> detail::drawn_entries(std::span<const Block> blocks, std::size_t count,
                                               std::uint64_t seed) {
  std::vector<std::size_t> starts{0};  // of each block, where only these blocks are counted
  for (const Block& block : blocks) starts.push_back(starts.back() + block.size);
  const std::size_t total = starts.back();
  std::mt19937_64 bits(seed);
  std::unordered_map<std::size_t, std::size_t> moved;
  const auto at = [&](std::size_t i) {
    const auto found = moved.find(i);
    return found == moved.end() ? i : found->second;
  };
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < std::min(count, total); ++i) {
    const std::size_t other = i + bits() % (total - i);
    chosen.push_back(at(other));
    moved[other] = at(i);
  }
  std::ranges::sort(chosen);
  std::vector<std::size_t> positions;
  auto next = chosen.begin();
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    const auto first = next;
    for (; next != chosen.end() && *next < starts[b + 1]; ++next) {
      positions.push_back(blocks[b].offset + *next - starts[b]);
    }
    if (next == first && blocks[b].size > 0) {
      positions.push_back(blocks[b].offset + bits() % blocks[b].size);
    }
  }
  return positions;
}

std::size_t sample_size(std::size_t size, double confidence, double wrong_part) {
  require_part("confidence", confidence);
  require_part("wrong_part", wrong_part);
  const double count = std::ceil(std::log1p(-confidence) / std::log1p(-wrong_part));
  return std::min(size, static_cast<std::size_t>(std::max(1.0, count)));
}

SampleResult check_sample(const Cost& cost, const Gradient& gradient, const ParameterVector& theta,
                          const SampleOptions& options) {
  detail::refuse_budget(options.check, "check_sample");
  detail::ThetaCopies copies(theta.values());
  return detail::check_drawn(
      gradient, theta, options,
      [&](const ParameterVector& small, const ParameterVector& small_gradient,
          const std::vector<std::size_t>& positions, const Options& small_options) {
        Result result =
            check(detail::embedded(cost, copies, positions), small_gradient, small, small_options);
        if (!copies.left_untouched()) detail::name_writing(result);
        return result;
      });
}

SampleResult check_sample(const ProbeEvaluator& evaluate, const Gradient& gradient,
                          const ParameterVector& theta, const SampleOptions& options) {
  detail::refuse_budget(options.check, "check_sample");
  return detail::check_drawn(
      gradient, theta, options,
      [&](const ParameterVector& small, const ParameterVector& small_gradient,
          const std::vector<std::size_t>& positions, const Options& small_options) {
        const ProbeEvaluator moved_probes = [&](std::span<const Probe> probes,
                                                std::span<double> answers) {
          std::vector<Probe> moved(probes.begin(), probes.end());
          for (Probe& probe : moved) probe.index = positions[probe.index];
          evaluate(moved, answers);
        };
        return check_probes(moved_probes, small_gradient, small, small_options);
      });
}

}  // namespace dtheta::gradcheck
