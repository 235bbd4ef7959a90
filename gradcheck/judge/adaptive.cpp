#include "gradcheck/judge/adaptive.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gradcheck/judge/cost_noise.hpp"
#include "gradcheck/numeric/noise.hpp"

namespace dtheta::gradcheck::detail {
namespace {

constexpr std::size_t chunk_entries = 1024;
constexpr double widest_part = 0.1;  // of the size of θ: the largest step that may accuse
// A pilot looks for a step that leaves the rest of its block some room, but no more: larger steps
// meet more corners.
constexpr double pilot_comfort = 0.5;
constexpr double most_crumbs = 64.0;  // roundings of the largest derivative

double root_mean_square(std::span<const double> values) {
  double largest = 0.0;
  for (const double v : values) largest = std::max(largest, std::abs(v));
  if (largest == 0.0 || !std::isfinite(largest)) return 0.0;
  double squares = 0.0;
  for (const double v : values) squares += (v / largest) * (v / largest);
  return largest * std::sqrt(squares / static_cast<double>(values.size()));
}

/// Position in θ of the block's largest derivative.
std::size_t pilot_of(const Request& request, const Block& block) {
  const auto gradient = request.analytic.subspan(block.offset, block.size);
  const auto size = [](double v) { return std::isfinite(v) ? std::abs(v) : 0.0; };
  const auto largest = std::ranges::max_element(gradient, {}, size);
  return block.offset + static_cast<std::size_t>(largest - gradient.begin());
}

/// Takes a group of searches forward together, so that their probes share batches.
class Group {
 public:
  Group(const Request& request, std::vector<Search> searches)
      : request_(request), searches_(std::move(searches)) {}

  /// standard_for(index) gives the standard of an entry. False if the check was stopped: what was
  /// answered by then is judged.
  template <class StandardFor>
  bool run(StandardFor standard_for) {
    for (;;) {
      gather();
      if (open_.empty()) return true;
      const bool stopped = !evaluate();
      for (std::size_t s = 0; s < open_.size(); ++s) {
        open_[s]->take(
            std::span(answers_.data() + first_probe_[s], answers_.data() + first_probe_[s + 1]),
            request_.cost);
        open_[s]->judge(standard_for(open_[s]->index()));
        in_the_dark_ = in_the_dark_ || open_[s]->in_the_dark();
      }
      if (stopped) return false;
    }
  }

  /// Of some entry nothing could be said.
  bool in_the_dark() const { return in_the_dark_; }

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
  bool in_the_dark_ = false;
};

/// What all entries of a block share.
struct BlockPlan {
  std::size_t pilot = 0;
  Scales scales;
  double length = 0.0;  ///< scale of its entries
  double step = 0.0;
  double noise = 0.0;  ///< of J under rounding of its entries
  bool open = false;   ///< its largest derivative could not be settled
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
      plan.scales = scales_of(request_, block, whole);
      plan.noise = rounding_noise(block);
      plan.length = scale_of(request_.theta, block);
      plan.step = first_step(plan, relative);
      plans_.push_back(plan);
    }
  }

  /// `relative`: part of the size of θ where truncation and noise would balance for a J that varies
  /// with θ as θ itself does. Further, if that is where noise allows the tolerance.
  double first_step(const BlockPlan& plan, double relative) const {
    constexpr double furthest = 1e3;
    const double needed = least_step(plan) / pilot_comfort;
    if (!std::isfinite(needed)) return relative * plan.length;
    return plan.length * std::clamp(needed / plan.length, relative, furthest * relative);
  }

  /// Where the noise of a central stencil leaves the tolerance some room.
  double least_step(const BlockPlan& plan) const {
    constexpr double room = 1.25;
    constexpr double noise_of_slope = 9.0;  // margin and gain
    const double asked = request_.options.held_to() * plan.scales.reference;
    return room * noise_of_slope * std::max(found_.noise, plan.noise) / asked;
  }

  Standard standard(const BlockPlan& plan) const {
    Standard standard{plan.scales};
    standard.cost = request_.cost;
    standard.noise = std::max(found_.noise, plan.noise);
    standard.tolerance = request_.options.held_to();
    standard.roundoff = request_.options.gradient_roundoff;
    standard.brief = plan.open;
    return standard;
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
    found_.complete = group.run([&](std::size_t i) {
      const auto plan = std::ranges::find(plans_, i, &BlockPlan::pilot);
      Standard strict = standard(*plan);
      strict.comfort = pilot_comfort;
      strict.pilot = true;
      return strict;
    });
    for (std::size_t b = 0; b < plans_.size(); ++b) {
      if (!group.searches()[b].decided()) continue;
      const Finding& finding = group.searches()[b].finding();
      plans_[b].open = group.searches()[b].in_the_dark();
      if (!finding.kink && std::isfinite(finding.numeric)) {
        const double least = least_step(plans_[b]);
        if (finding.stencil > 0.0 || std::isfinite(least)) {
          plans_[b].step = finding.stencil > 0.0 ? finding.stencil : least;
        }
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
      const bool finished = group.run([&](std::size_t) {
        Standard own = standard(plan);
        own.brief = own.brief || group.in_the_dark();
        return own;
      });
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

Scales scales_of(const Request& request, const Block& block, double whole) {
  Scales scales;
  scales.scale = largest_finite(request.analytic.subspan(block.offset, block.size));
  scales.reference = scales.scale > 0.0 ? scales.scale : whole;
  // So small a gradient may be what rounding left where large terms cancel; zeros are exact.
  const double crumbs = most_crumbs * request.options.gradient_roundoff * whole;
  if (scales.scale > 0.0 && scales.scale <= crumbs) scales.rounded_with = whole;
  return scales;
}

double largest_finite(std::span<const double> values) {
  double largest = 0.0;
  for (const double v : values) {
    if (std::isfinite(v)) largest = std::max(largest, std::abs(v));
  }
  return largest;
}

Findings judge_adaptively(const Request& request) { return Adaptive(request).run(); }

}  // namespace dtheta::gradcheck::detail
