#include "gradcheck/bridge/probes/stacked_probes.hpp"

#include <algorithm>
#include <exception>
#include <new>

#include "gradcheck/shared/team.hpp"

namespace dtheta::gradcheck {
namespace {

/// Below this many elements a leaf is probed once sooner than a program for it is written.
constexpr Index worth_a_program = 64;
/// What the probes of one run move together should stay in a second-level cache.
constexpr Index elements_per_run = Index{1} << 15;
constexpr Index most_probes = 128;

/// A program wide enough to be worth its dispatch and narrow enough for the cache.
std::optional<ProbeProgram> fitting_program(Var cost, Var leaf, const Workspace<double>& base,
                                            std::span<const char> depends) {
  // Two probes an entry are the least that will be asked.
  const Index probes = std::min<Index>(2 * leaf.size(), most_probes);
  auto program = ProbeProgram::build(cost, leaf, base, depends, probes);
  const Index fitting =
      program ? std::max<Index>(elements_per_run / std::max<Index>(program->widest(), 1), 1) : 1;
  if (fitting >= probes) return program;
  return ProbeProgram::build(cost, leaf, base, depends, fitting);
}

}  // namespace

StackedProbes::StackedProbes(Var cost, std::span<const Var> leaves, std::span<const double> theta,
                             unsigned threads, Programs programs)
    : cost_(cost),
      layout_(cost, leaves),
      plain_(cost, leaves, theta, threads),
      stacks_(leaves.size()),
      threads_(std::max(threads, 1U)),
      of_leaf_(leaves.size()) {
  const auto worth = [&](Var x) {
    return programs == Programs::wherever_possible || x.size() >= worth_a_program;
  };
  if (std::ranges::none_of(leaves, worth)) return;
  base_.emplace(Plan({cost}, {.reuse_memory = false, .fuse = false}));
  if (!theta.empty()) layout_.set(*base_, theta);
  base_->run();
  const std::vector<char> depends = dependents(cost, leaves);
  for (std::size_t k = 0; k < leaves.size(); ++k) {
    if (!worth(leaves[k]) || leaves[k].size() == 0 || !base_->plan().has_leaf(leaves[k])) continue;
    auto program = fitting_program(cost, leaves[k], *base_, depends);
    if (!program) continue;
    Stack& stack = stacks_[k].emplace(Stack{std::move(*program), {}, {}});
    for (unsigned t = 0; t < threads_; ++t) stack.lanes.emplace_back(stack.program);
    stack.failed.resize(threads_);
  }
}

void StackedProbes::move_to(std::span<const double> theta) {
  plain_.move_to(theta);
  if (!base_) return;
  layout_.set(*base_, theta);
  base_->run();
  for (std::optional<Stack>& stack : stacks_) {
    if (!stack) continue;
    for (ProbeProgram::Lane& lane : stack->lanes) lane.move_to(*base_);
  }
}

std::size_t StackedProbes::stacked_leaves() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(stacks_, [](const auto& s) { return s.has_value(); }));
}

/// False if the run threw.
bool StackedProbes::runs(ProbeProgram::Lane& lane) try {
  lane.run();
  return true;
} catch (const std::bad_alloc&) {
  throw;
} catch (const std::exception&) {
  return false;
}

void StackedProbes::answer(Stack& stack, std::size_t lane, std::size_t leaf,
                           std::span<const std::size_t> which, std::span<const Probe> probes,
                           std::span<double> answers) const {
  ProbeProgram::Lane& own = stack.lanes[lane];
  const auto width = static_cast<std::size_t>(stack.program.probes());
  for (std::size_t first = 0; first < which.size(); first += width) {
    const std::size_t count = std::min(width, which.size() - first);
    for (std::size_t k = 0; k < width; ++k) {
      // What is left over of the last run repeats its last probe.
      const Probe& p = probes[which[first + std::min(k, count - 1)]];
      own.set(k, static_cast<Index>(p.index - layout_.offset(leaf)), p.value);
    }
    if (!runs(own)) {
      const auto run = which.subspan(first, count);
      stack.failed[lane].insert(stack.failed[lane].end(), run.begin(), run.end());
      continue;
    }
    const auto costs = own.costs();
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
  for (auto& failed : stack.failed) {
    rest_.insert(rest_.end(), failed.begin(), failed.end());
    failed.clear();
  }
}

void StackedProbes::operator()(std::span<const Probe> probes, std::span<double> answers) {
  layout_.require_within(probes, answers);
  for (auto& which : of_leaf_) which.clear();
  rest_.clear();
  std::size_t leaf = 0;
  for (std::size_t i = 0; i < probes.size(); ++i) {
    if (!layout_.within(probes[i].index, leaf)) leaf = layout_.place_of(probes[i].index).leaf;
    (stacks_[leaf] ? of_leaf_[leaf] : rest_).push_back(i);
  }
  for (std::size_t k = 0; k < of_leaf_.size(); ++k) {
    if (!of_leaf_[k].empty()) answer_all(*stacks_[k], k, of_leaf_[k], probes, answers);
  }
  if (rest_.empty()) return;
  std::vector<Probe> plain(rest_.size());
  std::vector<double> values(rest_.size());
  for (std::size_t i = 0; i < rest_.size(); ++i) plain[i] = probes[rest_[i]];
  plain_(plain, values);
  for (std::size_t i = 0; i < rest_.size(); ++i) answers[rest_[i]] = values[i];
}

}  // namespace dtheta::gradcheck
