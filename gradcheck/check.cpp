#include "gradcheck/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <exception>
#include <limits>
#include <new>
#include <optional>

#include "gradcheck/budget.hpp"
#include "gradcheck/diagnose/diagnose.hpp"
#include "gradcheck/judge/adaptive.hpp"
#include "gradcheck/judge/assemble.hpp"
#include "gradcheck/judge/degenerate.hpp"
#include "gradcheck/judge/second_opinion.hpp"
#include "gradcheck/judge/selection.hpp"
#include "gradcheck/modes/check_cost.hpp"
#include "gradcheck/modes/conduct.hpp"
#include "gradcheck/modes/known_corners.hpp"
#include "gradcheck/numeric/same_bits.hpp"
#include "gradcheck/purity.hpp"

namespace dtheta::gradcheck {
namespace {

// A change of J(θ) from one call to the next by up to this many roundings is called noise (sums in
// another order); above it, J is another function each time and there is nothing to differentiate.
constexpr double tolerable_change = 0x1p-40;

using detail::same_bits;

/// Counts what the caller's evaluator is asked. Where progress is watched, batches are handed on in
/// parts of about a tenth of a second, so that it is told and a stop is heeded however slow J is.
class Watch {
 public:
  using Clock = std::chrono::steady_clock;

  Watch(const ProbeEvaluator& evaluate, const Options& options, std::size_t total,
        std::size_t& evaluations)
      : evaluate_(evaluate), options_(options), total_(total), evaluations_(evaluations) {}

  /// Until this is called, nothing stops: a check without J(θ) has nothing to tell.
  void begin() { begun_ = true; }
  void end() { begun_ = false; }

  bool proceed(std::size_t done) {
    done_ = done;
    return !options_.progress ||
           options_.progress({done_, total_, evaluations_, seconds_since(start_)});
  }

  void operator()(std::span<const Probe> probes, std::span<double> answers) {
    if (!options_.progress) {
      evaluate_(probes, answers);
      evaluations_ += probes.size();
      return;
    }
    for (std::size_t first = 0; first < probes.size();) {
      if (begun_ && !proceed(done_)) throw detail::Stopped{first};
      const std::size_t left = probes.size() - first;
      const std::size_t count = std::min(part_, left);
      const auto start = Clock::now();
      evaluate_(probes.subspan(first, count), answers.subspan(first, count));
      plan_part(seconds_since(start) / static_cast<double>(count));
      evaluations_ += count;
      first += count;
    }
  }

 private:
  static double seconds_since(Clock::time_point then) {
    return std::chrono::duration<double>(Clock::now() - then).count();
  }

  void plan_part(double seconds_each) {
    constexpr double wanted = 0.1;
    constexpr double most = 1e6;
    const double fitting = std::min(most, wanted / std::max(seconds_each, wanted / most));
    part_ = std::max(
        {std::size_t{1}, std::size_t{options_.threads}, static_cast<std::size_t>(fitting)});
  }

  const ProbeEvaluator& evaluate_;
  const Options& options_;
  std::size_t total_;
  std::size_t& evaluations_;
  Clock::time_point start_ = Clock::now();
  std::size_t part_ = 1;
  std::size_t done_ = 0;
  bool begun_ = false;
};

/// What is wrong with the function that computes the gradient, apart from its values.
void name_habits(const Gradient::Function& gradient, const ParameterVector& theta, Result& result) {
  const PurityResult purity = check_gradient_purity(gradient, theta);
  result.notes.insert(result.notes.end(), purity.findings.begin(), purity.findings.end());
  if (!purity && result.verdict == Verdict::pass) result.verdict = Verdict::inconclusive;
}

/// Entries whose numeric derivative a diagnosis may build on.
std::vector<bool> usable(const std::vector<detail::Finding>& findings) {
  std::vector<bool> usable;
  usable.reserve(findings.size());
  for (const detail::Finding& found : findings) {
    usable.push_back(std::isfinite(found.numeric) && found.reason != detail::Reason::corner &&
                     found.verdict != Verdict::inconclusive);
  }
  return usable;
}

double cost_at(const ProbeEvaluator& evaluate, const ParameterVector& theta, std::size_t index) {
  const Probe here{index, theta.values()[index]};
  double cost = 0.0;
  evaluate(std::span(&here, 1), std::span(&cost, 1));
  return cost;
}

/// Says what makes J unsteady. `repeats`: it gave the same bits until it was evaluated elsewhere.
void name_unsteadiness(const ProbeEvaluator& evaluate, const ParameterVector& theta,
                       std::size_t index, bool repeats, Result& result) {
  if (repeats) {
    result.notes.emplace_back(
        "J gave the same bits at first and others after it was evaluated elsewhere: it remembers, "
        "as running statistics and caches do");
    return;
  }
  std::array<double, 8> answers{};
  for (double& answer : answers) answer = cost_at(evaluate, theta, index);
  const std::string_view why = explain(unsteadiness_of(answers));
  if (!why.empty()) result.notes.emplace_back(why);
}

/// `cost`: null where J can be asked for single moves from θ only.
Result check_probes(const ProbeEvaluator& evaluate, const Cost* cost, const Gradient& gradient,
                    const ParameterVector& theta, const Options& options) {
  detail::require_numbers(options);
  const std::vector<Block> blocks = detail::selected_blocks(theta, options);
  const std::vector<detail::EntryRange> known = detail::known_corners(theta, options);
  Result result;
  result.method = options.method;
  result.epsilon = options.epsilon;
  result.tolerance = options.held_to();
  std::size_t total = 0;
  for (const Block& block : blocks) total += block.size;
  Watch watch(evaluate, options, total, result.evaluations);
  const ProbeEvaluator counted = std::ref(watch);

  // An evaluator that computes only what moves asks least of itself in the smallest block.
  const std::size_t at = std::ranges::min_element(blocks, {}, &Block::size)->offset;
  result.cost = cost_at(counted, theta, at);
  const Gradient::Function* const given = gradient.function();
  const Gradient::Function asked = [&](std::span<const double> at_theta, std::span<double> out) {
    ++result.gradient_evaluations;
    (*given)(at_theta, out);
  };
  result.analytic = given != nullptr ? Gradient(asked).at(theta) : gradient.at(theta);
  const double again = cost_at(counted, theta, at);
  result.deterministic = same_bits(result.cost, again);
  const double change = result.deterministic ? 0.0 : std::abs(again - result.cost);

  const auto proceed = [&](std::size_t done) { return watch.proceed(done); };
  const Cost whole = [&](std::span<const double> anywhere) {
    ++result.evaluations;
    return (*cost)(anywhere);
  };
  const detail::Request request{counted, theta,   result.analytic,
                                blocks,  options, result.cost,
                                change,  proceed, cost != nullptr ? &whole : nullptr,
                                known};
  const bool textbook = options.method == Method::textbook;
  const bool measurable =
      textbook || (std::isfinite(result.cost) &&
                   change <= tolerable_change * std::max(std::abs(again), std::abs(result.cost)));
  std::optional<detail::Findings> findings;
  if (measurable) {
    watch.begin();
    findings = textbook ? detail::measure_textbook(request) : detail::judge_adaptively(request);
    watch.end();
    if (!textbook && findings->complete) {
      detail::seek_second_opinions(result, request, *findings);
      if (cost != nullptr && given != nullptr && findings->complete) {
        detail::excuse_degenerate(request, asked, *findings);
      }
    }
    if (findings->complete && !same_bits(result.cost, cost_at(counted, theta, at))) {
      result.deterministic = false;
    }
  }
  if (!result.deterministic && std::isfinite(result.cost)) {
    name_unsteadiness(counted, theta, at, same_bits(result.cost, again), result);
  }
  detail::assemble(result, request, findings ? &*findings : nullptr);
  if (findings) {
    detail::diagnose(result, {theta.values(), options.hints, usable(findings->entries)});
  }
  // Who stopped the check does not wait for more.
  if (given != nullptr && result.complete) name_habits(asked, theta, result);
  return result;
}

}  // namespace

Result check_probes(const ProbeEvaluator& evaluate, const Gradient& gradient,
                    const ParameterVector& theta, const Options& options) {
  if (options.budget) {
    return check_within(evaluate, nullptr, gradient, theta,
                        {.budget = *options.budget, .check = options});
  }
  return check_probes(evaluate, nullptr, gradient, theta, options);
}

Result check(const Cost& cost, const Gradient& gradient, const ParameterVector& theta,
             const Options& options) {
  if (options.budget) {
    return check_within(cost, gradient, theta, {.budget = *options.budget, .check = options});
  }
  CostProbes probes(cost, theta.values(), options.threads, WhenThrown::no_value);
  return detail::check_cost(cost,
                            {std::ref(probes), [&] { return probes.throws(); },
                             [&] { return probes.left_untouched(theta.values()); }},
                            gradient, theta, options);
}

Result detail::check_cost(const Cost& cost, const CostAnswers& answers, const Gradient& gradient,
                          const ParameterVector& theta, const Options& options) {
  // Away from θ a cost that throws has no value, whoever asks.
  const Cost guarded = [&](std::span<const double> at) {
    try {
      return cost(at);
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception&) {
      return std::numeric_limits<double>::quiet_NaN();
    }
  };
  Result result = check_probes(answers.evaluate, &guarded, gradient, theta, options);
  detail::name_throws(result, answers.throws());
  if (!answers.left_untouched()) detail::name_writing(result);
  if (options.threads > 1 && result.deterministic && std::isfinite(result.cost) &&
      !threads_agree(cost, theta, options.threads)) {
    detail::name_race(result);
  }
  return result;
}

Result check(const Cost& cost, const Gradient& gradient, std::span<const double> theta,
             const Options& options) {
  return check(cost, gradient, unnamed(theta), options);
}

}  // namespace dtheta::gradcheck
