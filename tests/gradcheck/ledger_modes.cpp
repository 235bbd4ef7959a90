// The modes beside the check of every entry: parts, samples, directions, budgets, the monitor, and
// what is asked of a cost that is not the same each time.

#include <cmath>

#include "gradcheck/directions.hpp"
#include "gradcheck/monitor.hpp"
#include "gradcheck/numeric/finite_difference.hpp"
#include "gradcheck/parts.hpp"
#include "gradcheck/purity.hpp"
#include "gradcheck/replay.hpp"
#include "gradcheck/sample.hpp"
#include "gradcheck/taylor.hpp"
#include "ledger_worlds.hpp"

namespace dtheta::test::ledger {
namespace {

namespace gc = dtheta::gradcheck;
using gc::Verdict;

/// Sum of squares and of products of neighbours, in blocks.
struct Model {
  gc::ParameterVector theta;
  double weak = 1.0;  // the second block beside the first

  explicit Model(Draws& draws) {
    theta.add("a", 1, {2, 3}, draws.plain(6));
    theta.add("b", 2, {3}, draws.plain(3));
  }
  double operator()(Span t) const {
    double first = 0.3, second = 0.0;
    for (std::size_t i = 0; i < 6; ++i) first += t[i] * t[i] * (1.0 + 0.1 * t[i]);
    for (std::size_t i = 6; i < 9; ++i) second += t[i] * t[i] + t[i] * t[i - 1];
    return first + weak * second;
  }
  Values gradient(Span t) const {
    Values g(9);
    for (std::size_t i = 0; i < 6; ++i) g[i] = 2.0 * t[i] + 0.3 * t[i] * t[i];
    for (std::size_t i = 6; i < 9; ++i) g[i] = weak * (2.0 * t[i] + t[i - 1]);
    for (std::size_t i = 6; i < 9; ++i) g[i - 1] += weak * t[i];
    return g;
  }
};

gc::Gradient::Function claimed(const Model& model, const Candidate& candidate) {
  return [&](Span t, std::span<double> out) {
    Values g = model.gradient(t);
    candidate.change(g);
    for (std::size_t i = 0; i < g.size(); ++i) out[i] = g[i];
  };
}

/// The whole has `off` more than its parts, in J or in the gradient.
Outcome parts(Draws& draws, const Candidate& candidate) {
  const Model model(draws);
  const double off = draws.order(1e-16, 1e-11);
  const bool of_cost = draws.below(2) == 0;
  const auto square = [](Span t) { return 0.05 * t[0] * t[0]; };
  const auto of_square = [](Span t, std::span<double> out) {
    for (double& g : out) g = 0.0;
    out[0] = 0.1 * t[0];
  };
  const gc::CostPart both[]{{"model", model, claimed(model, candidate)},
                            {"square", square, of_square}};
  const gc::CostPart whole{
      "whole", [&](Span t) { return (model(t) + square(t)) * (of_cost ? 1.0 + off : 1.0); },
      [&](Span t, std::span<double> out) {
        claimed(model, candidate)(t, out);
        out[0] += 0.1 * t[0];
        if (!of_cost) out[1] *= 1.0 + off;
      }};
  const gc::PartsResult result = gc::check_parts(both, model.theta, {}, &whole);
  Outcome outcome{result.verdict, 0, result.notes.size(), {}};
  for (const gc::Result& part : result.results) outcome.evaluations += part.evaluations;
  outcome.bars = {result.costs_add_up ? 1.0 : 0.0, result.gradients_add_up ? 1.0 : 0.0};
  return outcome;
}

Outcome sample(Draws& draws, const Candidate& candidate) {
  const Model model(draws);
  gc::SampleOptions options;
  options.count = 4;
  return outcome_of(
      gc::check_sample(model, gc::Gradient(claimed(model, candidate)), model.theta, options)
          .result);
}

Outcome directions(Draws& draws, const Candidate& candidate) {
  Model model(draws);
  model.weak = draws.order(1e-9, 1.0);
  const auto result =
      gc::check_directions(model, gc::Gradient(claimed(model, candidate)), model.theta);
  Outcome outcome{result.verdict, result.evaluations, result.slopes.size(), {result.miss}};
  for (const auto& slope : result.slopes) outcome.bars.push_back(slope.bar);
  for (const auto& sight : result.blocks) outcome.bars.push_back(sight.floor);
  return outcome;
}

Outcome bad_entries(Draws& draws, const Candidate& candidate) {
  const Model model(draws);
  const auto bad =
      gc::find_bad_entries(model, gc::Gradient(claimed(model, candidate)), model.theta);
  Outcome outcome{
      bad.positions.empty() ? Verdict::pass : Verdict::fail, bad.evaluations, bad.probes, {}};
  for (const std::size_t i : bad.positions) outcome.bars.push_back(static_cast<double>(i));
  return outcome;
}

/// Too few evaluations for all entries of two blocks, one of which is weak, or zero but for
/// roundings.
Outcome budgeted(Draws& draws, const Candidate& candidate) {
  const Values scales = draws.plain(60), x = draws.plain(60);
  const double weak = draws.order(1e-18, 1.0), large = draws.order(1e-3, 1e9);
  gc::ParameterVector theta;
  theta.add("strong", 1, {40}, Span(x).first(40));
  theta.add("weak", 2, {20}, Span(x).last(20));
  const auto size = [&](std::size_t i) { return (i < 40 ? 1.0 : weak) * scales[i]; };
  const auto cost = [&](Span t) {
    double sum = large;
    for (std::size_t i = 0; i < 60; ++i) sum += size(i) * t[i] * (1.0 + 0.1 * t[i]);
    return sum;
  };
  Values g(60);
  for (std::size_t i = 0; i < 60; ++i) g[i] = size(i) * (1.0 + 0.2 * x[i]);
  candidate.change(g);
  gc::Options options;
  options.budget = gc::Budget{.evaluations = 150 + draws.below(200)};
  const gc::Result result = gc::check(cost, g, theta, options);
  Outcome outcome = outcome_of(result);
  for (const gc::BlockResult& block : result.blocks) {
    if (block.sight)
      outcome.bars.insert(outcome.bars.end(), {block.sight->error, block.sight->probability});
  }
  return outcome;
}

Outcome taylor(Draws& draws, const Candidate& candidate) {
  const Model model(draws);
  const double noise = draws.order(1e-16, 1e-6);
  const auto cost = [&](Span t) { return model(t) * (1.0 + noise * noise_of(t[0])); };
  const auto result = gc::taylor_test(cost, gc::Gradient(claimed(model, candidate)), model.theta);
  Outcome outcome{result.verdict, result.points.size(), 0, {result.slope}};
  for (const auto& point : result.points) outcome.notes += point.above_noise ? 1 : 0;
  return outcome;
}

Outcome replayed(Draws& draws, const Candidate& candidate) {
  const Model model(draws);
  const double noise = draws.order(1e-16, 1e-6);
  const auto cost = [&](Span t) { return model(t) + noise * noise_of(t[7]); };
  const double step = gc::usual_step(model.theta, 7);
  const auto replay =
      gc::replay_probe(cost, gc::Gradient(claimed(model, candidate)), model.theta, "b[1]", step);
  return {replay.component.verdict, 0, 0, {replay.component.bar, replay.noise, step}};
}

/// A descent that is watched: J of any size, a gradient that is off from some step on.
struct Watched {
  Model model;
  double large, corner, off;
  gc::MonitorOptions options;

  explicit Watched(Draws& draws) : model(draws) {
    large = draws.order(1e-2, 1e10);
    corner = draws.below(2) == 0 ? 0.0 : draws.order(1e-4, 1e1);
    off = draws.order(1e-13, 1.0);
    model.weak = draws.order(1e-6, 1.0);
    options.smallest_error = draws.order(1e-9, 1e-1);
    options.exact_every = 3;
    options.gradient_roundoff = draws.below(2) == 0 ? 0x1p-53 : 0x1p-24;
  }
  double operator()(Span t) const { return large + model(t) + corner * std::fabs(t[3] + t[4]); }
  Values gradient(Span t) const {
    Values g = model.gradient(t);
    const double side = t[3] + t[4] > 0.0 ? corner : -corner;
    g[3] += side, g[4] += side;
    return g;
  }
};

/// Each fourth step is clean: evidence comes and goes.
Outcome watch(Draws& draws, const Candidate& candidate) {
  Watched watched(draws);
  Outcome outcome{Verdict::pass, 0, 0, {}};
  watched.options.on_alarm = [&](const gc::MonitorAlarm& alarm) {
    outcome.verdict = Verdict::fail;
    outcome.notes += alarm.blocks.size();
    outcome.evaluations += alarm.result.evaluations;
  };
  gc::Monitor monitor(watched.model.theta, watched.options);
  Values t(watched.model.theta.values().begin(), watched.model.theta.values().end());
  for (std::size_t step = 0; step < 8; ++step) {
    Values g = watched.gradient(t);
    const Values right = g;
    candidate.change(g);
    for (std::size_t i = 0; i < g.size(); ++i)
      g[i] = right[i] + (step % 4 == 3 ? 0.0 : watched.off * (g[i] - right[i]));
    const auto probe = monitor.look(
        step, [&](Span at) { return watched(at); }, t, g);
    outcome.evaluations += probe.evaluations;
    outcome.bars.insert(outcome.bars.end(), {probe.allowed, monitor.evidence(), monitor.closest()});
    for (std::size_t i = 0; i < t.size(); ++i) t[i] -= 0.05 * right[i];
  }
  outcome.notes += monitor.alarms();
  return outcome;
}

Outcome glances(Draws& draws, const Candidate& candidate) {
  const Watched watched(draws);
  const double roundoff = draws.below(2) == 0 ? 0x1p-53 : 0x1p-24;
  gc::MonitorOptions options = watched.options;
  options.gradient_roundoff = roundoff;
  gc::Monitor monitor(watched.model.theta, options);
  const Span t = watched.model.theta.values();
  Values g = watched.gradient(t);
  const Values right = g;
  candidate.change(g);
  for (std::size_t i = 0; i < g.size(); ++i) g[i] = right[i] + watched.off * (g[i] - right[i]);
  Outcome outcome{Verdict::pass, 0, 0, {}};
  for (std::size_t step = 0; step < 6; ++step) {
    gc::RandomDirection& direction = monitor.direction();
    for (const gc::Block& block : watched.model.theta.blocks()) {
      direction.measure(block.offset, t.subspan(block.offset, block.size));
    }
    direction.turn(step);
    Values moved(t.begin(), t.end());
    const double h = gc::Monitor::glance_step(roundoff);
    direction.move(0, t, h, std::span(moved));
    const double here = watched(t), there = watched(moved);
    const bool agrees = monitor.glance({step, roundoff, here, there, direction.along(0, Span(g))});
    outcome.verdict = agrees ? outcome.verdict : Verdict::inconclusive;
    outcome.notes += monitor.wants_exact(roundoff) ? 1 : 0;
    outcome.evaluations += agrees ? 1 : 0;
    outcome.bars.insert(outcome.bars.end(), {h, monitor.closest()});
  }
  return outcome;
}

/// Answers of a J that is not the same each time.
Outcome unsteady(Draws& draws, const Candidate&) {
  const double change = draws.order(1e-16, 1e-8);
  const bool drifts = draws.below(2) == 0;
  Values answers(8);
  for (std::size_t k = 0; k < answers.size(); ++k) {
    const double by = drifts ? static_cast<double>(k) : noise_of(static_cast<double>(k));
    answers[k] = 0.7 + change * by;
  }
  return {Verdict::pass, 0, static_cast<std::size_t>(gc::unsteadiness_of(answers)), {}};
}

Outcome extrapolated(Draws& draws, const Candidate&) {
  const Cubic f(draws);
  const double x = draws.plain(), step = draws.order(1e-4, 1.0), noise = draws.order(1e-16, 1e-4);
  const auto g = [&](double t) { return f(t) / (1.0 + t * t) + noise * noise_of(t); };
  const gc::Extrapolation found = gc::richardson(g, x, step);
  return {
      Verdict::pass, static_cast<std::size_t>(found.evaluations), 0, {found.value, found.error}};
}

}  // namespace

std::vector<Kind> mode_kinds() {
  return {
      {"parts", 16, parts},
      {"sample", 3, sample},
      {"directions", 6, directions},
      {"bad entries", 3, bad_entries},
      {"within a budget", 12, budgeted},
      {"Taylor", 10, taylor},
      {"replay", 10, replayed},
      {"monitor", 40, watch},
      {"glances", 40, glances},
      {"unsteady", 10, unsteady},
      {"extrapolated", 10, extrapolated},
  };
}

}  // namespace dtheta::test::ledger
