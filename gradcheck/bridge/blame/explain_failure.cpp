#include "gradcheck/bridge/blame/explain_failure.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "gradcheck/bridge/blame/not_finite.hpp"
#include "gradcheck/bridge/blame/stopped.hpp"
#include "gradcheck/bridge/leaf_layout.hpp"
#include "gradcheck/bridge/source_line.hpp"
#include "nn/train/not_finite.hpp"

namespace dtheta::gradcheck {
namespace {

constexpr double measured = 0.99;  // nothing but what is named is in it, and it has a bar
constexpr double seen = 0.9;       // it is part of it

/// Entries that were measured, and how many of them a gradient misses by more than bar and
/// tolerance.
struct Misses {
  std::size_t entries = 0;
  std::size_t measured = 0;
};

Misses misses(std::span<const double> gradient, const Result& result, const Options& options) {
  Misses misses;
  for (const BlockResult& block : result.blocks) {
    double scale = 0;
    for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
      if (std::isfinite(result.numeric[i])) scale = std::max(scale, std::abs(result.numeric[i]));
    }
    for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
      if (!std::isfinite(result.numeric[i])) continue;
      ++misses.measured;
      const double bar = std::isfinite(result.bar[i]) ? result.bar[i] : 0.0;
      const double error = std::abs(gradient[i] - result.numeric[i]);
      if (!(error <= bar + options.held_to() * scale)) ++misses.entries;
    }
  }
  return misses;
}

bool agrees(std::span<const double> gradient, const Result& result, const Options& options) {
  return misses(gradient, result, options).entries == 0;
}

std::string places(std::span<const Stopped> cuts) {
  std::vector<std::string> places;
  for (const Stopped& cut : cuts) {
    std::string place = fmt::format("{} (record {}, {})", cut.op, cut.node, source_line(cut.where));
    if (std::ranges::find(places, place) == places.end()) places.push_back(std::move(place));
  }
  return fmt::format("{}", fmt::join(places, ", "));
}

/// Says that derivatives are cut on purpose, if the differences follow what is cut. True if that
/// explains every entry.
bool blame_cuts(Result& result, Var cost, std::span<const Var> leaves, const ParameterVector& theta,
                std::span<const double> tape_gradient, const NetworkOptions& options) {
  const Unstopped open = unstopped_gradient(cost, leaves, theta.values());
  if (open.cuts.empty()) return false;
  const std::string where = places(open.cuts);
  if (result.verdict != Verdict::fail) {
    result.notes.push_back(fmt::format(
        "{} cuts or changes the derivative on purpose, but J moves with the value that is held: "
        "differences of J can neither confirm nor refute such a gradient",
        where));
    return false;
  }
  const Misses closed = misses(tape_gradient, result, options);
  const Misses opened = misses(open.gradient, result, options);
  if (opened.entries >= closed.entries) return false;
  const bool all = opened.entries == 0;
  std::string sentence = fmt::format(
      "{} cuts or changes the derivative on purpose, and J moves with what is cut: with it let "
      "through, the tape's gradient agrees with the differences at {} of the {} entries where it "
      "does not now; to check the rest of the gradient, put a leaf that holds that value in its "
      "place",
      where, closed.entries - opened.entries, closed.entries);
  result.causes.insert(result.causes.begin(),
                       {Pattern::stopped, 0.0, all ? measured : seen, std::move(sentence)});
  return all;
}

/// Where J stops being finite: the first op, and the one that made a NaN of an infinity.
std::vector<Cause> origins_in_cost(Var cost, std::span<const Var> leaves,
                                   const ParameterVector& theta,
                                   std::span<const nn::LayerCall> calls) {
  const LeafLayout layout(cost, leaves);
  const auto at_theta = [&](Workspace<double>& ws) { layout.set(ws, theta.values()); };
  std::vector<Cause> causes;
  const auto found = nn::find_not_finite<double>({&cost, 1}, at_theta, calls, {});
  if (!found) return causes;
  for (const nn::NotFiniteValue& value : found->trail) {
    std::string sentence = value.sentence();
    constexpr std::string_view line = "\n    of ";
    for (auto at = sentence.find(line); at != std::string::npos; at = sentence.find(line)) {
      sentence.replace(at, line.size(), "; of ");
    }
    const std::string j = std::isnan(found->value) ? "nan" : fmt::format("{}", found->value);
    const std::string start = causes.empty() ? fmt::format("J is {}: first ", j) : "then ";
    causes.push_back({Pattern::not_finite, value.value, measured, start + sentence});
  }
  return causes;
}

/// The ops at which the gradient stops being finite.
std::vector<Cause> origins(Var cost, std::span<const Var> leaves, const ParameterVector& theta,
                           std::span<const double> tape_gradient) {
  constexpr std::size_t most = 3;
  std::vector<Cause> causes;
  if (std::ranges::all_of(tape_gradient, [](double v) { return std::isfinite(v); })) return causes;
  for (const NotFinite& origin : find_not_finite(cost, leaves, theta.values())) {
    if (causes.size() == most) break;
    causes.push_back({Pattern::not_finite, origin.handed_down, measured, origin.sentence()});
  }
  return causes;
}

/// Ops with wrong rules, each once, with the number of its other records.
std::vector<Cause> causes_of(std::vector<WrongOp> all) {
  std::vector<WrongOp> blamed;
  std::vector<std::size_t> others;
  for (WrongOp& wrong : all) {
    const auto same = std::ranges::find_if(blamed, [&](const WrongOp& known) {
      return known.op == wrong.op && known.operands == wrong.operands;
    });
    if (same != blamed.end()) {
      ++others[static_cast<std::size_t>(same - blamed.begin())];
      continue;
    }
    blamed.push_back(std::move(wrong));
    others.push_back(0);
  }
  std::vector<Cause> causes;
  for (std::size_t k = 0; k < blamed.size(); ++k) {
    Cause cause{Pattern::wrong_op, blamed[k].analytic / blamed[k].numeric, measured,
                blamed[k].sentence()};
    if (others[k] > 0) cause.sentence += fmt::format("; so it is in {} more records", others[k]);
    causes.push_back(std::move(cause));
  }
  return causes;
}

std::vector<Cause> wrong_ops(Result& result, Var cost, std::span<const Var> leaves,
                             const ParameterVector& theta, const WrongOpLimits& limits) {
  WrongOps search = find_wrong_ops(cost, leaves, theta.values(), limits);
  std::vector<Cause> causes = causes_of(std::move(search.found));
  if (search.not_looked_at > 0) {
    result.notes.push_back(fmt::format(
        "the time ended before the rules of all ops were held against differences: {} of {} were "
        "not looked at",
        search.not_looked_at, search.ops));
  } else if (causes.empty() && search.in_double > 0) {
    result.notes.push_back(fmt::format(
        "the rule of every op agrees with differences of that op alone, of {} of {} to {} in double: "
        "the mistake is in none of them by itself, or smaller",
        search.in_double, search.ops, WrongOpLimits::innocent));
  } else if (causes.empty()) {
    result.notes.emplace_back(
        "the rule of every op agrees with differences of that op alone wherever these could be "
        "measured: the mistake is in none of them by itself");
  }
  return causes;
}

}  // namespace

void explain_failure(Result& result, Var cost, std::span<const CheckedLeaf> leaves,
                     const ParameterVector& theta, std::span<const double> tape_gradient,
                     const NetworkOptions& options, const WrongOpLimits& limits,
                     std::span<const nn::LayerCall> calls) {
  const std::vector<Var> vars = vars_of(leaves);
  if (!std::isfinite(result.cost)) {
    std::vector<Cause> causes = origins_in_cost(cost, vars, theta, calls);
    result.causes.insert(result.causes.begin(), causes.begin(), causes.end());
    return;
  }
  if (result.verdict == Verdict::fail && options.gradient != nullptr &&
      agrees(tape_gradient, result, options)) {
    result.notes.emplace_back(
        "the tape's own gradient agrees with the differences: only the gradient that was given is "
        "wrong");
    return;
  }
  if (blame_cuts(result, cost, vars, theta, tape_gradient, options)) return;
  if (result.verdict != Verdict::fail) return;
  std::vector<Cause> causes = origins(cost, vars, theta, tape_gradient);
  if (causes.empty()) causes = wrong_ops(result, cost, vars, theta, limits);
  // What was seen to be cut on purpose comes before all else.
  const auto behind = std::ranges::find_if_not(result.causes, [](const Cause& cause) {
    return cause.pattern == Pattern::stopped && cause.confidence >= seen;
  });
  result.causes.insert(behind, causes.begin(), causes.end());
}

}  // namespace dtheta::gradcheck
