#include "gradcheck/judge/adaptive.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "gradcheck/judge/block_plan.hpp"
#include "gradcheck/judge/closer_look.hpp"
#include "gradcheck/judge/cost_noise.hpp"
#include "gradcheck/judge/group.hpp"
#include "gradcheck/judge/inquiry.hpp"
#include "gradcheck/judge/last_questions.hpp"
#include "gradcheck/judge/stairs.hpp"
#include "gradcheck/numeric/quantum.hpp"

namespace dtheta::gradcheck::detail {
namespace {

constexpr std::size_t chunk_entries = 1024;

class Adaptive {
 public:
  explicit Adaptive(const Request& request) : request_(request) {
    found_.entries.assign(request.theta.size(), Finding{});
  }

  Findings run() {
    try {
      plan();
      fly_pilots();
      for (std::size_t b = 0; b < plans_.size() && found_.complete; ++b) judge_block(plans_[b]);
    } catch (const Stopped&) {
      found_.complete = false;
    }
    return std::move(found_);
  }

 private:
  void plan() {
    const std::vector<BlockScales> scales = scales_of_blocks(request_);
    std::vector<std::size_t> pilots;
    std::vector<double> lengths;
    for (std::size_t b = 0; b < scales.size(); ++b) {
      pilots.push_back(pilot_of(request_, request_.blocks[b], scales[b]));
      lengths.push_back(scales[b].length(pilots.back()));
    }
    const CostNoise noise = measure_noise(request_, pilots, lengths);
    found_.noise = noise.size;
    plans_ = plan_blocks(request_, scales, pilots, noise);
  }

  /// One entry of each block finds the step that suits the rest of it.
  void fly_pilots() {
    std::vector<Search> searches;
    for (const BlockPlan& plan : plans_) searches.push_back(plan.search(request_, plan.pilot));
    Group group(request_, std::move(searches));
    found_.complete = group.run([&](std::size_t i) {
      return std::ranges::find(plans_, i, &BlockPlan::pilot)->standard(request_, i);
    });
    for (std::size_t b = 0; b < plans_.size(); ++b) {
      if (!group.searches()[b].decided()) continue;
      follow(plans_[b], group.searches()[b]);
      ++done_;
    }
  }

  /// What a pilot has found becomes the plan of its block.
  void follow(BlockPlan& plan, const Search& pilot) {
    const Finding& finding = pilot.finding();
    plan.open = pilot.in_the_dark();
    if (finding.reason != Reason::corner && std::isfinite(finding.numeric)) {
      const double least = least_part(request_, plan);
      if (finding.stencil > 0.0) {
        plan.part = finding.stencil / plan.scales.length(plan.pilot);
      } else if (least <= 1.0) {
        plan.part = least;
      }
    }
    found_.entries[plan.pilot] = finding;
  }

  void judge_block(BlockPlan& plan) {
    sweep(plan);
    const double closer = passes(plan) ? contradicted_from_closer(request_, plan, found_) : 0.0;
    if (closer > 0.0) judge_from_closer(plan, closer);
    hear(plan);
    if (found_.complete && sound(plan)) hear(plan);
    if (found_.complete) ask_from_afar(plan);
    if (found_.complete) ask_before_edges(request_, plan, found_);
    if (found_.complete) ask_from_closer(request_, plan, found_);
    if (found_.complete) ask_about_noise(request_, plan, found_);
    if (found_.complete) ask_about_jumps(request_, plan, found_);
    if (found_.complete) ask_about_crumbs(request_, plan, found_);
    if (found_.complete) ask_about_zeros(request_, plan, found_);
    if (plan.quantized) name_quanta(plan.block);
  }

  /// Asks J about the accusations, and judges the block anew for as long as they are shaken.
  void hear(BlockPlan& plan) {
    constexpr int most_rounds = 3;
    for (int round = 0; round < most_rounds && found_.complete; ++round) {
      if (!is_shaken(plan, round + 1 == most_rounds)) break;
      judge_anew(plan);
    }
  }

  /// Judges the block anew if J has more noise over wide steps than was seen from close by; whether it did. The
  /// entry that was judged from closest stands for all.
  bool sound(BlockPlan& plan) {
    std::size_t closest = found_.entries.size();
    double least = std::numeric_limits<double>::infinity();  // of the entry's size
    for (std::size_t i = plan.block.offset; i < plan.block.offset + plan.block.size; ++i) {
      const Finding& finding = found_.entries[i];
      const double length = plan.scales.length(i), part = finding.step / length;
      if (part < least && may_miss_noise(finding, length)) least = part, closest = i;
    }
    if (closest == found_.entries.size()) return false;
    const double noise = missed_noise(request_, closest, found_.entries[closest],
                                      plan.scales.length(closest), plan.noise);
    if (noise == 0.0) return false;
    plan.sounded = true;
    judge_with(plan, noise);
    return true;
  }

  /// Leaves open what does not stand beside the slope that J keeps (local_slope.hpp). Where steps
  /// were too narrow noise made the difference: with that the block is judged anew.
  void ask_from_afar(BlockPlan& plan) {
    const double noise = refute_from_afar(request_, plan, found_);
    if (!(noise > plan.noise) || !found_.complete) return;
    judge_with(plan, noise);
    hear(plan);
    if (found_.complete) refute_from_afar(request_, plan, found_);
  }

  /// What contradicts from closer may be noise that the pilots did not stir: that along the accused
  /// entry itself decides.
  void judge_from_closer(BlockPlan& plan, double closer) {
    const double part = std::exchange(plan.part, closer);
    judge_anew(plan);
    double noise = 0.0;
    for (std::size_t i = plan.block.offset; i < plan.block.offset + plan.block.size; ++i) {
      const Finding& finding = found_.entries[i];
      if (finding.verdict != Verdict::fail || !found_.complete) continue;
      constexpr double within = 1.0 / 8.0;  // of the accusing step
      noise = noise_near(request_, i, within * finding.step);
      break;
    }
    constexpr double alike = 4.0;
    if (!(noise > alike * plan.noise)) return;
    plan.part = part;
    judge_with(plan, noise);
  }

  /// With more noise than was known.
  void judge_with(BlockPlan& plan, double noise) {
    plan.noise = noise;
    plan.margin = noise_margin;
    judge_anew(plan);
  }

  void judge_anew(const BlockPlan& plan) {
    done_ -= plan.block.size;
    found_.entries[plan.pilot] = Finding{};
    sweep(plan);
  }

  /// Nothing in the block is accused: so far it would pass, or be open.
  bool passes(const BlockPlan& plan) const {
    const auto entries = std::span(found_.entries).subspan(plan.block.offset, plan.block.size);
    return found_.complete && std::ranges::none_of(entries, [](const Finding& finding) {
             return finding.verdict == Verdict::fail;
           });
  }

  /// Why entries are open, of a block along which J jumps.
  void name_quanta(const Block& block) {
    for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
      Finding& finding = found_.entries[i];
      const bool open = finding.verdict == Verdict::inconclusive;
      if (open && !has_two_slopes(finding)) finding.reason = Reason::quanta;
    }
  }

  void sweep(const BlockPlan& plan) {
    const std::size_t end = plan.block.offset + plan.block.size;
    for (std::size_t first = plan.block.offset; first < end; first += chunk_entries) {
      std::vector<Search> searches;
      for (std::size_t i = first; i < std::min(end, first + chunk_entries); ++i) {
        const bool flown = i == plan.pilot && found_.entries[i].step > 0.0;
        if (!flown) searches.push_back(plan.search(request_, i));
      }
      Group group(request_, std::move(searches));
      const bool finished = group.run([&](std::size_t i) {
        Standard own = plan.standard(request_, i);
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

  /// Open, although the analytic value lies beyond the numeric one's own bar.
  static bool looks_wrong(const Finding& finding, double analytic) {
    const bool open = finding.verdict == Verdict::inconclusive &&
                      (finding.reason == Reason::unresolved || finding.reason == Reason::suspect);
    // leave_open() has made the bar 1.5 times the error.
    return open && std::abs(analytic - finding.numeric) > 0.66 * finding.bar;
  }

  /// Judges an entry from the step at which J was seen to side with the analytic value, more or
  /// less.
  void judge_within(const BlockPlan& plan, std::size_t entry, double step) {
    Group group(request_, {plan.search_from(request_, entry, step)});
    Standard standard = plan.standard(request_, entry);
    standard.brief = false;
    found_.complete = group.run([&](std::size_t) { return standard; });
    const Search& search = group.searches().front();
    Finding& finding = found_.entries[entry];
    const Verdict verdict = search.decided() ? search.finding().verdict : Verdict::inconclusive;
    const bool fails =
        verdict == Verdict::fail && inquire(request_, entry, search.finding(), plan.noise).stands;
    if (verdict == Verdict::pass || fails) {
      finding = search.finding();
    } else {
      leave_open(finding, request_.analytic[entry], Reason::unresolved);
    }
  }

  /// Hears J once more about the block's accusations, until one stands. True if none does and the
  /// block is to be judged anew, with more noise than was known. `last`: it will not be.
  bool is_shaken(BlockPlan& plan, bool last) {
    double quantum = 0.0;
    std::size_t heard = 0;
    for (std::size_t i = plan.block.offset; i < plan.block.offset + plan.block.size; ++i) {
      Finding& finding = found_.entries[i];
      const bool accused = is_accused(finding);
      if (!accused && !looks_wrong(finding, request_.analytic[i])) continue;
      constexpr std::size_t enough = 64;
      if (++heard > enough) break;
      const Inquiry inquiry = inquire(request_, i, finding, plan.noise);
      if (inquiry.stands && accused) break;
      if (inquiry.stands) continue;
      if (inquiry.narrow > 0.0) judge_within(plan, i, inquiry.narrow);
      if (inquiry.quantum > 0.0) leave_open(finding, request_.analytic[i], Reason::quanta);
      quantum = std::max(quantum, inquiry.quantum);
    }
    if (quantum == 0.0 || last) return false;
    plan.noise = std::max(plan.noise, rounding_deviation * quantum);
    plan.quantized = true;
    plan.margin = noise_margin;
    return true;
  }

  const Request& request_;
  Findings found_;
  std::vector<BlockPlan> plans_;
  std::size_t done_ = 0;
};

/// A power of two by which J is divided so that squares of its values neither overflow nor vanish.
double unit_of(const Request& request) {
  constexpr double least = 0x1p-400, most = 0x1p400;
  // A J that is small by chance still moves by its slopes. Where it is exactly zero it may be
  // saturated: then a slope says nothing of its size, unless its square overflows.
  const double slope = largest_finite(request.analytic);
  const double size = request.cost != 0.0 ? std::max(std::abs(request.cost), std::min(slope, 1.0))
                                          : std::max(slope, 1.0);
  return size == 0.0 || (size > least && size < most) ? 1.0 : std::exp2(std::ilogb(size));
}

/// The same for J in other units; no bit of it changes.
Findings judge_in_units(const Request& request, double unit) {
  std::vector<double> analytic(request.analytic.begin(), request.analytic.end());
  for (double& g : analytic) g /= unit;
  const ProbeEvaluator evaluate = [&](std::span<const Probe> probes, std::span<double> answers) {
    request.evaluate(probes, answers);
    for (double& answer : answers) answer /= unit;
  };
  const Cost whole = [&](std::span<const double> theta) { return (*request.whole)(theta) / unit; };
  const Request divided{evaluate,
                        request.theta,
                        analytic,
                        request.blocks,
                        request.options,
                        request.cost / unit,
                        request.noise / unit,
                        request.proceed,
                        request.whole != nullptr ? &whole : nullptr};
  Findings found = Adaptive(divided).run();
  found.noise *= unit;
  for (Finding& finding : found.entries) {
    finding.numeric *= unit;
    finding.bar *= unit;
  }
  return found;
}

}  // namespace

Findings judge_adaptively(const Request& request) {
  const double unit = unit_of(request);
  return unit == 1.0 ? Adaptive(request).run() : judge_in_units(request, unit);
}

}  // namespace dtheta::gradcheck::detail
