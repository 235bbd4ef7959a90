#include "gradcheck/bridge/stacked_probes.hpp"

#include <algorithm>

#include "gradcheck/team.hpp"

namespace dtheta::gradcheck {
namespace {

/// Below this many elements a leaf is probed sooner than a program for it is written.
constexpr Index worth_a_program = 64;
/// What the probes of one run move together should stay in a second-level cache.
constexpr Index elements_per_run = Index{1} << 15;
constexpr Index most_probes = 128;

/// The values of everything on the way to the cost, at θ.
Workspace<double> values_at(Var cost, const LeafLayout& layout, std::span<const double> theta) {
  Workspace<double> ws(Plan({cost}, {.reuse_memory = false, .fuse = false}));
  if (!theta.empty()) layout.set(ws, theta);
  ws.run();
  return ws;
}

/// A program wide enough to be worth its dispatch and narrow enough for the cache.
std::optional<ProbeProgram> fitting_program(Var cost, Var leaf, const Workspace<double>& base) {
  // Two probes an entry are the least that will be asked.
  const Index probes = std::min<Index>(2 * leaf.size(), most_probes);
  auto program = ProbeProgram::build(cost, leaf, base, probes);
  const Index fitting =
      program ? std::max<Index>(elements_per_run / std::max<Index>(program->widest(), 1), 1) : 1;
  if (fitting >= probes) return program;
  return ProbeProgram::build(cost, leaf, base, fitting);
}

}  // namespace

StackedProbes::StackedProbes(Var cost, std::span<const Var> leaves, std::span<const double> theta,
                             unsigned threads)
    : layout_(cost, leaves),
      plain_(cost, leaves, theta, threads),
      stacks_(leaves.size()),
      threads_(std::max(threads, 1U)) {
  std::optional<Workspace<double>> base;
  for (std::size_t k = 0; k < leaves.size(); ++k) {
    if (leaves[k].size() < worth_a_program) continue;
    if (!base) base.emplace(values_at(cost, layout_, theta));
    if (!base->plan().has_leaf(leaves[k])) continue;
    auto program = fitting_program(cost, leaves[k], *base);
    if (!program) continue;
    Stack& stack = stacks_[k].emplace(std::move(*program));
    for (unsigned t = 0; t < threads_; ++t) {
      stack.lanes.push_back(std::make_unique<Workspace<double>>(stack.program.plan()));
    }
  }
}

std::size_t StackedProbes::stacked_leaves() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(stacks_, [](const auto& s) { return s.has_value(); }));
}

void StackedProbes::answer(Stack& stack, std::size_t lane, std::size_t leaf,
                           std::span<const std::size_t> which, std::span<const Probe> probes,
                           std::span<double> answers) const {
  Workspace<double>& ws = *stack.lanes[lane];
  const auto width = static_cast<std::size_t>(stack.program.probes());
  for (std::size_t first = 0; first < which.size(); first += width) {
    const std::size_t count = std::min(width, which.size() - first);
    for (std::size_t k = 0; k < width; ++k) {
      // What is left over of the last run repeats its last probe.
      const Probe& p = probes[which[first + std::min(k, count - 1)]];
      stack.program.set(ws, static_cast<Index>(k),
                        static_cast<Index>(p.index - layout_.offset(leaf)), p.value);
    }
    ws.run();
    const auto costs = stack.program.costs(ws);
    for (std::size_t k = 0; k < count; ++k) answers[which[first + k]] = costs[k];
  }
}

void StackedProbes::answer_all(Stack& stack, std::size_t leaf, std::span<const std::size_t> which,
                               std::span<const Probe> probes, std::span<double> answers) {
  // Whole runs for each thread, so that the answers do not depend on their number.
  const auto width = static_cast<std::size_t>(stack.program.probes());
  const std::size_t runs = (which.size() + width - 1) / width;
  const std::size_t threads = runs > 1 ? threads_ : 1;
  const std::size_t share = (runs + threads - 1) / threads * width;
  detail::in_parallel(threads, [&](std::size_t t) {
    const std::size_t first = std::min(t * share, which.size());
    const std::size_t count = std::min(share, which.size() - first);
    answer(stack, t, leaf, which.subspan(first, count), probes, answers);
  });
}

void StackedProbes::operator()(std::span<const Probe> probes, std::span<double> answers) {
  layout_.require_within(probes, answers);
  std::vector<std::vector<std::size_t>> of_leaf(stacks_.size());
  std::vector<std::size_t> rest;
  for (std::size_t i = 0; i < probes.size(); ++i) {
    const std::size_t leaf = layout_.place_of(probes[i].index).leaf;
    (stacks_[leaf] ? of_leaf[leaf] : rest).push_back(i);
  }
  for (std::size_t leaf = 0; leaf < of_leaf.size(); ++leaf) {
    if (!of_leaf[leaf].empty()) answer_all(*stacks_[leaf], leaf, of_leaf[leaf], probes, answers);
  }
  if (rest.empty()) return;
  std::vector<Probe> plain(rest.size());
  std::vector<double> values(rest.size());
  for (std::size_t i = 0; i < rest.size(); ++i) plain[i] = probes[rest[i]];
  plain_(plain, values);
  for (std::size_t i = 0; i < rest.size(); ++i) answers[rest[i]] = values[i];
}

}  // namespace dtheta::gradcheck
