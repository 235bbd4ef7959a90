#include "gradcheck/adaptive.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "gradcheck/finite_difference.hpp"
#include "gradcheck/noise.hpp"

namespace dtheta::gradcheck::detail {
namespace {

constexpr double unit_roundoff = std::numeric_limits<double>::epsilon() / 2.0;
constexpr std::size_t chunk_entries = 1024;
constexpr double widest_part = 0.1;  // of the size of θ: the largest step that may accuse
// A pilot looks for a step that leaves the rest of its block some room, but no more: larger steps
// meet more corners.
constexpr double pilot_comfort = 0.5;

double root_mean_square(std::span<const double> values) {
  double largest = 0.0;
  for (const double v : values) largest = std::max(largest, std::abs(v));
  if (largest == 0.0 || !std::isfinite(largest)) return 0.0;
  double squares = 0.0;
  for (const double v : values) squares += (v / largest) * (v / largest);
  return largest * std::sqrt(squares / static_cast<double>(values.size()));
}

double largest_finite(std::span<const double> values) {
  double largest = 0.0;
  for (const double v : values) {
    if (std::isfinite(v)) largest = std::max(largest, std::abs(v));
  }
  return largest;
}

/// Position in θ of the block's largest derivative.
std::size_t pilot_of(const Request& request, const Block& block) {
  const auto gradient = request.analytic.subspan(block.offset, block.size);
  const auto size = [](double v) { return std::isfinite(v) ? std::abs(v) : 0.0; };
  const auto largest = std::ranges::max_element(gradient, {}, size);
  return block.offset + static_cast<std::size_t>(largest - gradient.begin());
}

/// The weight of the lowest bit that is set; infinite for zero.
double quantum_of(double value) {
  if (value == 0.0 || !std::isfinite(value)) return std::numeric_limits<double>::infinity();
  int exponent = 0;
  const double mantissa = std::frexp(std::abs(value), &exponent);
  const auto bits = static_cast<std::uint64_t>(std::ldexp(mantissa, 53));
  return std::ldexp(1.0, exponent - 53 + std::countr_zero(bits));
}

/// The noise of J along a few coordinates of different blocks; the largest of them is kept, because
/// moving one coordinate may disturb only part of the arithmetic.
double measure_noise(const Request& request, std::span<const std::size_t> pilots) {
  constexpr std::size_t coordinates = 3;
  double quantum = quantum_of(request.cost);
  bool still = true;
  bool stuck = false;
  double noise = std::max(request.noise, unit_roundoff * std::abs(request.cost));
  const std::size_t stride = std::max<std::size_t>(1, pilots.size() / coordinates);
  for (std::size_t p = 0; p < pilots.size() && p / stride < coordinates; p += stride) {
    const std::size_t i = pilots[p];
    const auto along = [&](double value) {
      const Probe probe{i, value};
      double answer = 0.0;
      request.evaluate(std::span(&probe, 1), std::span(&answer, 1));
      quantum = std::min(quantum, quantum_of(answer));
      still = still && answer == request.cost;
      return answer;
    };
    const double spacing = 1e-8 * scale_of(request.theta, request.blocks[p]);
    const double x = request.theta.values()[i];
    still = true;
    const Noise found = estimate_noise(along, x, std::max(spacing, 1e-14 * std::abs(x)), 3);
    if (found.status == NoiseStatus::found) noise = std::max(noise, found.noise);
    // J ought to move here and does not: its quanta are larger than the change.
    if (still && request.analytic[i] != 0.0) stuck = true;
  }
  // A J that is the small difference of large numbers moves in quanta of theirs. How large they are
  // its own low bits say, up to a bound for a J that is round by chance.
  constexpr double most_cancelled = 1024.0;
  const double most = most_cancelled * unit_roundoff * std::max(1.0, std::abs(request.cost));
  return std::max(noise, stuck ? most : 0.5 * std::min(quantum, most));
}

/// Takes a group of searches forward together, so that their probes share batches.
class Group {
 public:
  Group(const Request& request, std::vector<Search> searches)
      : request_(request), searches_(std::move(searches)) {}

  /// standard_for(index, seen) gives the standard of an entry; seen is the largest numeric
  /// derivative of the group's first round. False if the check was stopped: what was answered by
  /// then is judged.
  template <class StandardFor>
  bool run(StandardFor standard_for) {
    double seen = 0.0;
    for (bool first = true;; first = false) {
      gather();
      if (open_.empty()) return true;
      const bool stopped = !evaluate();
      double at_most = 0.0;
      for (std::size_t s = 0; s < open_.size(); ++s) {
        const std::span own(answers_.data() + first_probe_[s],
                            answers_.data() + first_probe_[s + 1]);
        at_most = std::max(at_most, open_[s]->take(own, request_.cost));
      }
      if (first) seen = at_most;
      for (Search* search : open_) search->judge(standard_for(search->index(), seen));
      if (stopped) return false;
    }
  }

  const std::vector<Search>& searches() const { return searches_; }

 private:
  void gather() {
    open_.clear();
    probes_.clear();
    first_probe_.assign(1, 0);
    for (Search& search : searches_) {
      if (search.decided()) continue;
      open_.push_back(&search);
      search.ask(probes_);
      first_probe_.push_back(probes_.size());
    }
  }

  /// False if the check was stopped: only searches with all of their answers are open then.
  bool evaluate() {
    answers_.resize(probes_.size());
    try {
      request_.evaluate(probes_, answers_);
      return true;
    } catch (const Stopped& stop) {
      const auto beyond = std::ranges::upper_bound(first_probe_, stop.answered);
      open_.resize(static_cast<std::size_t>(beyond - first_probe_.begin()) - 1);
      return false;
    }
  }

  const Request& request_;
  std::vector<Search> searches_;
  std::vector<Search*> open_;
  std::vector<Probe> probes_;
  std::vector<std::size_t> first_probe_;  // of each open search, and the end
  std::vector<double> answers_;
};

/// What all entries of a block share.
struct BlockPlan {
  std::size_t pilot = 0;
  double scale = 0.0;   ///< of its derivatives
  double length = 0.0;  ///< scale of its entries
  double step = 0.0;
  double noise = 0.0;  ///< of J under rounding of its entries
};

class Adaptive {
 public:
  explicit Adaptive(const Request& request) : request_(request) {
    found_.entries.assign(request.theta.size(), Finding{});
    for (Finding& finding : found_.entries) {
      finding.numeric = std::numeric_limits<double>::quiet_NaN();
      finding.bar = std::numeric_limits<double>::infinity();
    }
  }

  Findings run() {
    try {
      plan();
    } catch (const Stopped&) {
      found_.complete = false;
      return std::move(found_);
    }
    fly_pilots();
    for (std::size_t b = 0; b < request_.blocks.size() && found_.complete; ++b) sweep(b);
    return std::move(found_);
  }

 private:
  void plan() {
    std::vector<std::size_t> pilots;
    for (const Block& block : request_.blocks) pilots.push_back(pilot_of(request_, block));
    found_.noise = measure_noise(request_, pilots);
    const double whole = largest_finite(request_.analytic);
    // Fourth order: truncation and noise balance near the fifth root of the relative noise.
    const double size = std::max(std::abs(request_.cost), std::numeric_limits<double>::min());
    const double relative = std::clamp(std::pow(found_.noise / size, 0.2), 5e-4, 5e-2);
    for (std::size_t b = 0; b < request_.blocks.size(); ++b) {
      const Block& block = request_.blocks[b];
      BlockPlan plan;
      plan.pilot = pilots[b];
      plan.scale = largest_finite(request_.analytic.subspan(block.offset, block.size));
      // A gradient of pure rounding claims to be zero: it is measured against the whole.
      if (plan.scale <= 64.0 * request_.options.gradient_roundoff * whole) plan.scale = whole;
      plan.noise = rounding_noise(block);
      plan.length = scale_of(request_.theta, block);
      plan.step = relative * plan.length;
      plans_.push_back(plan);
    }
  }

  Standard standard(const BlockPlan& plan, double scale) const {
    return {request_.cost, std::max(found_.noise, plan.noise), request_.options.tolerance,
            request_.options.gradient_roundoff, scale};
  }

  /// Rounding one of the block's entries, or a product with it, moves J by this much.
  double rounding_noise(const Block& block) const {
    double most = 0.0;
    for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
      const double effect = std::abs(request_.analytic[i] * request_.theta.values()[i]);
      if (std::isfinite(effect)) most = std::max(most, effect);
    }
    return unit_roundoff * most;
  }

  Search search_for(std::size_t i, const BlockPlan& plan) const {
    const double x = request_.theta.values()[i];
    return {i, x, request_.analytic[i], plan.step,
            widest_part * std::max(std::abs(x), plan.length)};
  }

  /// One entry of each block finds the step that suits the rest of it.
  void fly_pilots() {
    std::vector<Search> searches;
    for (const BlockPlan& plan : plans_) searches.push_back(search_for(plan.pilot, plan));
    Group group(request_, std::move(searches));
    found_.complete = group.run([&](std::size_t i, double) {
      const auto plan = std::ranges::find(plans_, i, &BlockPlan::pilot);
      Standard strict = standard(*plan, plan->scale);
      strict.comfort = pilot_comfort;
      return strict;
    });
    for (std::size_t b = 0; b < plans_.size(); ++b) {
      if (!group.searches()[b].decided()) continue;
      const Finding& finding = group.searches()[b].finding();
      if (!finding.kink && std::isfinite(finding.numeric)) {
        plans_[b].step = finding.stencil;
        plans_[b].scale = std::max(plans_[b].scale, std::abs(finding.numeric));
      }
      found_.entries[plans_[b].pilot] = finding;
      ++done_;
    }
  }

  void sweep(std::size_t b) {
    const Block& block = request_.blocks[b];
    const BlockPlan& plan = plans_[b];
    const std::size_t end = block.offset + block.size;
    for (std::size_t first = block.offset; first < end; first += chunk_entries) {
      std::vector<Search> searches;
      for (std::size_t i = first; i < std::min(end, first + chunk_entries); ++i) {
        if (i != plan.pilot) searches.push_back(search_for(i, plan));
      }
      Group group(request_, std::move(searches));
      const bool finished = group.run(
          [&](std::size_t, double seen) { return standard(plan, std::max(plan.scale, seen)); });
      for (const Search& search : group.searches()) {
        if (!search.decided()) continue;
        found_.entries[search.index()] = search.finding();
        ++done_;
      }
      if (!finished || !request_.proceed(done_)) {
        found_.complete = false;
        return;
      }
    }
  }

  const Request& request_;
  Findings found_;
  std::vector<BlockPlan> plans_;
  std::size_t done_ = 0;
};

}  // namespace

double scale_of(const ParameterVector& theta, const Block& block) {
  const double own = root_mean_square(theta.values().subspan(block.offset, block.size));
  if (own > 0.0) return own;
  const double whole = root_mean_square(theta.values());
  return whole > 0.0 ? whole : 1.0;
}

Findings judge_adaptively(const Request& request) { return Adaptive(request).run(); }

Findings measure_textbook(const Request& request) {
  Findings found;
  found.noise = std::max(request.noise, unit_roundoff * std::abs(request.cost));
  const double epsilon = request.options.epsilon;
  Finding untouched;
  untouched.numeric = std::numeric_limits<double>::quiet_NaN();
  untouched.bar = std::numeric_limits<double>::infinity();
  found.entries.assign(request.theta.size(), untouched);
  const auto values = request.theta.values();
  std::size_t done = 0;
  for (const Block& block : request.blocks) {
    for (std::size_t first = 0; first < block.size; first += chunk_entries) {
      const std::size_t count = std::min(chunk_entries, block.size - first);
      const std::size_t at = block.offset + first;
      std::size_t measured = count;
      // The evaluator counts from the start of θ, the estimate from the start of the chunk.
      const ProbeEvaluator shifted = [&](std::span<const Probe> probes, std::span<double> out) {
        std::vector<Probe> moved(probes.begin(), probes.end());
        for (Probe& probe : moved) probe.index += at;
        try {
          request.evaluate(moved, out);
        } catch (const Stopped& stop) {
          measured = stop.answered / 2;
        }
      };
      const auto numeric = two_sided_difference(shifted, values.subspan(at, count), epsilon);
      for (std::size_t i = 0; i < measured; ++i) {
        found.entries[at + i] = {numeric[i], found.noise / epsilon, epsilon, epsilon, Verdict::pass,
                                 false,      numeric[i] == 0.0};
      }
      done += measured;
      if (measured < count || !request.proceed(done)) {
        found.complete = false;
        return found;
      }
    }
  }
  return found;
}

}  // namespace dtheta::gradcheck::detail
