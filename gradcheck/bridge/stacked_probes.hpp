#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "gradcheck/bridge/change.hpp"
#include "gradcheck/bridge/replay_probes.hpp"

namespace dtheta::gradcheck {

/// Answers probes of a recorded cost many at a time, each at the price of what it moves
/// (ProbeProgram). Where a leaf has no such program, or is too small to be worth one, its probes go
/// to ReplayProbes, whose answers these equal up to the rounding of the cost. A ProbeEvaluator.
class StackedProbes {
 public:
  /// As ReplayProbes: `leaves` in θ's order, `theta` their values or empty for the recorded ones.
  StackedProbes(Var cost, std::span<const Var> leaves, std::span<const double> theta = {},
                unsigned threads = 1);

  void operator()(std::span<const Probe> probes, std::span<double> answers);

  /// How many leaves have a program.
  [[nodiscard]] std::size_t stacked_leaves() const;

 private:
  /// The program of one leaf, and a workspace of it for each thread.
  struct Stack {
    ProbeProgram program;
    std::vector<std::unique_ptr<Workspace<double>>> lanes;
  };
  void answer(Stack& stack, std::size_t lane, std::size_t leaf, std::span<const std::size_t> which,
              std::span<const Probe> probes, std::span<double> answers) const;
  void answer_all(Stack& stack, std::size_t leaf, std::span<const std::size_t> which,
                  std::span<const Probe> probes, std::span<double> answers);

  LeafLayout layout_;
  ReplayProbes plain_;
  std::vector<std::optional<Stack>> stacks_;
  unsigned threads_;
};

}  // namespace dtheta::gradcheck
