#pragma once

#include <optional>
#include <span>
#include <vector>

#include "gradcheck/bridge/probes/change.hpp"
#include "gradcheck/bridge/probes/replay_probes.hpp"

namespace dtheta::gradcheck {

/// Answers probes of a recorded cost many at a time, each at the price of what it moves
/// (ProbeProgram). Where a leaf has no such program its probes go to ReplayProbes, whose answers
/// these equal up to the rounding of the cost. A ProbeEvaluator.
class StackedProbes {
 public:
  /// Which leaves get a program: for a single pass through θ, those whose probes cost more than to
  /// write it; for many, all.
  enum class Programs { where_worth, wherever_possible };

  /// As ReplayProbes: `leaves` in θ's order, `theta` their values or empty for the recorded ones.
  StackedProbes(Var cost, std::span<const Var> leaves, std::span<const double> theta = {},
                unsigned threads = 1, Programs programs = Programs::where_worth);

  /// Goes to another θ. Throws ShapeError for one of another length.
  void move_to(std::span<const double> theta);

  /// As those of ReplayProbes.
  void operator()(std::span<const Probe> probes, std::span<double> answers);
  [[nodiscard]] const DomainEdges& edges() const { return plain_.edges(); }

  /// How many leaves have a program.
  [[nodiscard]] std::size_t stacked_leaves() const;

 private:
  /// The program of one leaf, and a workspace of it for each thread.
  struct Stack {
    ProbeProgram program;
    std::vector<ProbeProgram::Lane> lanes;
    /// Of each lane: probes of runs that threw. Which of them it was only single ones can tell.
    std::vector<std::vector<std::size_t>> failed;
  };
  void add_programs(Programs programs);
  void answer(Stack& stack, std::size_t lane, std::size_t leaf, std::span<const std::size_t> which,
              std::span<const Probe> probes, std::span<double> answers) const;
  static bool runs(ProbeProgram::Lane& lane);
  void answer_all(Stack& stack, std::size_t leaf, std::span<const std::size_t> which,
                  std::span<const Probe> probes, std::span<double> answers);

  Var cost_;
  LeafLayout layout_;
  ReplayProbes plain_;
  std::optional<Workspace<double>> base_;  // everything on the way to the cost, at θ
  std::vector<std::optional<Stack>> stacks_;
  unsigned threads_;
  // Of the last batch: positions of the probes of each leaf, and of those without a program.
  std::vector<std::vector<std::size_t>> of_leaf_;
  std::vector<std::size_t> rest_;
};

}  // namespace dtheta::gradcheck
