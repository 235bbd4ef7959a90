#include "gradcheck/judge/last_questions.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <ranges>
#include <utility>

#include "gradcheck/judge/cost_noise.hpp"
#include "gradcheck/judge/group.hpp"
#include "gradcheck/judge/inquiry.hpp"
#include "gradcheck/judge/jump_sum.hpp"
#include "gradcheck/judge/law.hpp"
#include "gradcheck/judge/local_slope.hpp"
#include "gradcheck/judge/near_edge.hpp"
#include "gradcheck/numeric/noise.hpp"
#include "gradcheck/numeric/quantum.hpp"

namespace dtheta::gradcheck::detail {
namespace {

std::size_t end_of(const Block& block) { return block.offset + block.size; }

/// One entry, judged anew.
struct Answer {
  bool decided = false;
  Finding finding{};
};
Answer judge_alone(const Request& request, Search search, const Standard& standard,
                   Findings& found) {
  Group group(request, {std::move(search)});
  found.complete = group.run([&](std::size_t) { return standard; });
  const Search& answered = group.searches().front();
  return {answered.decided(), answered.finding()};
}

/// J is seen to move along an entry, more than its noise by far, over steps of two orders.
bool moves_along(const Request& request, std::size_t entry, double length, double noise) {
  const double x = request.theta.values()[entry];
  const double known = std::max(noise, unit_roundoff * std::abs(request.cost));
  for (const double part : {1.0 / 2.0, 1.0 / 16.0}) {
    const double over = ask(request, entry, x + part * length);
    const double under = ask(request, entry, x - part * length);
    if (std::abs(over - under) > 2.0 * noise_margin * known) return true;
  }
  return false;
}

/// The narrowest step at which noise leaves of a slope of this size all but one part in `clear`, and which θ resolves.
double nearest_step(const Request& request, std::size_t entry, double size, double noise,
                    double clear) {
  constexpr double resolved = 256.0 * std::numeric_limits<double>::epsilon();
  const double known = noise_margin * std::max(noise, unit_roundoff * std::abs(request.cost));
  return std::max(clear * known / size, resolved * std::abs(request.theta.values()[entry]));
}

/// From close by, as close as noise lets it be seen, J has about the slope of this accusation: no stairs, and no
/// waves over which wide steps went.
bool has_it_from_closer(const Request& request, std::size_t entry, const Finding& accusation,
                        double noise) {
  constexpr double clear = 4.0;
  const double x = request.theta.values()[entry];
  const double near = nearest_step(request, entry, std::abs(accusation.numeric), noise, clear);
  if (!(near < 0.5 * accusation.step)) return false;
  const double high = x + near, low = x - near;
  const double slope = (ask(request, entry, high) - ask(request, entry, low)) / (high - low);
  return std::abs(slope - accusation.numeric) <= 0.5 * std::abs(accusation.numeric);
}

/// Where noise first lets the error of an accusation over wide steps be seen, J has another slope than over these: it
/// is bounded, as a term that dies out, or the steps went over its waves.
bool is_other_from_closer(const Request& request, std::size_t entry, const Finding& accusation,
                          double noise) {
  constexpr double clear = 8.0;
  const double x = request.theta.values()[entry];
  const double error = std::abs(request.analytic[entry] - accusation.numeric);
  const double near = nearest_step(request, entry, error, noise, clear);
  if (!(near < 0.5 * accusation.step)) return false;
  const double over = ask(request, entry, x + near), under = ask(request, entry, x - near);
  const double high = std::isfinite(over) ? x + near : x;
  const double low = std::isfinite(under) ? x - near : x;
  if (!(high > low)) return false;
  const double slope =
      ((high > x ? over : request.cost) - (low < x ? under : request.cost)) / (high - low);
  constexpr double tells = 0.3;  // of the error: more than noise leaves, by far
  if (std::abs(slope - accusation.numeric) <= tells * error) return false;
  // Within a stair J has another slope, too; then the wide one is J's.
  return std::ranges::none_of(std::array{1.0, -1.0}, [&](double side) {
    const auto along = [&](double value) { return ask(request, entry, value); };
    const double there = x + side * accusation.step;
    const double known = noise_margin * std::max(noise, unit_roundoff * std::abs(request.cost));
    const double jump = lasting_jump(along, x, there, accusation.numeric, 2.0 * known);
    return jump > 0.0 && is_rounding(jump, std::abs(request.cost));
  });
}

/// The noise of J along any entry of a θ of a few quantities, each of which may be a factor of J; of a net's weights
/// none is. From so close that what shows is roundings: what jumps from day to day is a J that jumps.
double noise_of_few(const Request& request) {
  constexpr std::size_t few = 16;
  const std::span<const double> theta = request.theta.values();
  if (theta.size() > few) return 0.0;
  double noise = 0.0;
  for (std::size_t i = 0; i < theta.size(); ++i) {
    if (theta[i] == 0.0) continue;
    for (const double part : {1e-6, 1e-4}) {
      noise = std::max(noise, noise_near(request, i, part * std::abs(theta[i])));
    }
  }
  return noise;
}

}  // namespace

double refute_from_afar(const Request& request, const BlockPlan& plan, Findings& found) {
  FewForAll asked;
  const Unrest unrest{plan.noise, plan.quantized, plan.sounded};
  double noise = 0.0;
  for (std::size_t i = plan.block.offset; i < end_of(plan.block) && !asked.suffice(); ++i) {
    Finding& finding = found.entries[i];
    const SecondLook look = look_from_afar(request, i, finding, plan.scales.length(i), unrest);
    asked.count(look);
    heed(look, request.analytic[i], finding);
    noise = std::max(noise, look.noise);
  }
  return noise;
}

void ask_before_edges(const Request& request, const BlockPlan& plan, Findings& found) {
  constexpr std::size_t enough = 64;
  std::size_t asked = 0;
  for (std::size_t i = plan.block.offset; i < end_of(plan.block); ++i) {
    Finding& finding = found.entries[i];
    if (finding.verdict != Verdict::fail) continue;
    if (!is_steep_before_an_edge(request, i, finding, plan.noise) || ++asked > enough) return;
    leave_open(finding, request.analytic[i], Reason::two_slopes);
  }
}

void ask_from_closer(const Request& request, const BlockPlan& plan, Findings& found) {
  constexpr double wide = 0.1;  // of the entry's size
  for (std::size_t i = plan.block.offset; i < end_of(plan.block); ++i) {
    Finding& finding = found.entries[i];
    if (!is_accused(finding)) continue;
    if (finding.step <= wide * plan.scales.length(i)) return;
    if (!is_other_from_closer(request, i, finding, plan.noise)) return;
    leave_open(finding, request.analytic[i], Reason::two_slopes);
  }
}

void ask_about_noise(const Request& request, const BlockPlan& plan, Findings& found) {
  constexpr double worlds_apart = 1e3, little = 0x1p-9;
  const bool others_are_noisy = found.noise > worlds_apart * plan.noise;
  const auto error_of = [&](std::size_t i) {
    return std::abs(request.analytic[i] - found.entries[i].numeric);
  };
  const auto chord = [&](std::size_t i) {
    const double x = request.theta.values()[i], step = plan.scales.length(i) / 32.0;
    return (ask(request, i, x + step) - ask(request, i, x - step)) / (2.0 * step);
  };
  const auto may_be_noise = [&](std::size_t i) {
    const Finding& finding = found.entries[i];
    return is_accused(finding) &&
           (others_are_noisy || error_of(i) <= little * std::abs(finding.numeric));
  };
  const auto entries = std::views::iota(plan.block.offset, end_of(plan.block));
  if (std::ranges::none_of(entries, may_be_noise)) return;
  const double noise = noise_of_few(request);
  if (!(noise > worlds_apart * plan.noise)) return;
  // Differences tell the noise to within a factor of two.
  const double part = 2.0 * noise_margin * noise / std::abs(request.cost);
  for (std::size_t i : entries | std::views::filter(may_be_noise)) {
    Finding& finding = found.entries[i];
    if (error_of(i) > part * std::abs(finding.numeric)) continue;
    // J as a whole says the same, about: a claim of what J does within a stair has no excuse.
    if (!(std::abs(chord(i) - request.analytic[i]) <=
          std::max(0.25, part) * std::abs(finding.numeric)))
      continue;
    leave_open(finding, request.analytic[i], Reason::unresolved);
    found.noise = std::max(found.noise, noise);
  }
}

void ask_about_jumps(const Request& request, const BlockPlan& plan, Findings& found) {
  constexpr std::size_t enough = 64;
  std::size_t asked = 0;
  for (std::size_t i = plan.block.offset; i < end_of(plan.block); ++i) {
    Finding& finding = found.entries[i];
    if (!is_accused(finding)) continue;
    const double length = plan.scales.length(i);
    if (++asked > enough || !jumps_make_up_the_error(request, i, finding, length)) return;
    leave_open(finding, request.analytic[i], Reason::jumps);
  }
}

void ask_about_crumbs(const Request& request, const BlockPlan& plan, Findings& found) {
  constexpr std::size_t enough = 16;
  std::size_t asked = 0;
  for (std::size_t i = plan.block.offset; i < end_of(plan.block) && found.complete; ++i) {
    Finding& finding = found.entries[i];
    const bool named = finding.reason == Reason::corner || has_two_slopes(finding);
    const bool open = finding.verdict == Verdict::inconclusive && finding.step > 0.0 && !named;
    Standard standard = plan.standard(request, i);
    const double rounding = rounding_margin * standard.roundoff * standard.scales.rounded_with;
    if (!open || standard.crumb == 0.0 || !(std::abs(request.analytic[i]) <= rounding)) continue;
    if (++asked > enough) return;
    constexpr double apart = 1.0 / 8.0;
    const double length = plan.scales.length(i);
    BlockPlan along = plan;
    along.noise = std::max(plan.noise, noise_near(request, i, apart * length));
    standard = along.standard(request, i);
    standard.brief = true;
    const auto [decided, answer] =
        judge_alone(request, along.search_from(request, i, length), standard, found);
    // From closer, where J may stand still, it says no more than before; and a wide step that agrees
    // only with the block's largest derivative may have passed over all that J does.
    const bool crumb = std::abs(answer.numeric) + answer.bar <= standard.crumb;
    const bool passes = decided && answer.verdict == Verdict::pass;
    if (passes && crumb && answer.step >= apart * length) finding = answer;
  }
}

void ask_about_zeros(const Request& request, const BlockPlan& plan, Findings& found) {
  constexpr std::size_t enough = 16;
  if (!plan.unmoved) return;
  const std::size_t stride = std::max<std::size_t>(1, plan.block.size / enough);
  for (std::size_t i = plan.block.offset; i < end_of(plan.block) && found.complete; i += stride) {
    Finding& finding = found.entries[i];
    if (finding.verdict != Verdict::pass || finding.reason != Reason::slope) continue;
    const double length = plan.scales.length(i);
    Standard standard = plan.standard(request, i);
    const double reference = std::exchange(standard.scales.reference, 0.0);
    if (reference == 0.0 || !moves_along(request, i, length, plan.noise)) continue;
    standard.brief = false;
    constexpr double first = 1.0 / 16.0;
    const auto [decided, answer] =
        judge_alone(request, plan.search_from(request, i, first * length), standard, found);
    // What was summed in a derivative of others' size may leave as little as that, rounded.
    const double least = rounding_margin * standard.roundoff * reference;
    const bool fails =
        decided && answer.verdict == Verdict::fail && std::abs(answer.numeric) > least;
    if (!fails || !has_it_from_closer(request, i, answer, plan.noise)) continue;
    if (inquire(request, i, answer, plan.noise).stands) finding = answer;
  }
}

}  // namespace dtheta::gradcheck::detail
