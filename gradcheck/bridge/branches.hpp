#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "autodiff/workspace.hpp"
#include "gradcheck/bridge/leaf_layout.hpp"
#include "gradcheck/oracle.hpp"

namespace dtheta::gradcheck {

/// Sees on which side of their corners the ops of a recorded cost are.
///
/// What jumps where an op changes its branch is its slope: that of relu from 0 to 1, that of max
/// from one operand to the other. So each op that may have a corner is watched through its own
/// derivative rule at a fixed cotangent, and what has no derivative (comparisons, argmax, rounding)
/// through its value. As an entry of θ moves, a change that does not shrink with the interval is a
/// jump. No op needs to know of this.
class Branches {
 public:
  /// The tape is afterwards as before. Throws what LeafLayout does.
  Branches(Var cost, std::span<const Var> leaves, std::span<const double> theta);

  /// The jump nearest to θ as one entry moves by up to `reach`, with the op and its source line.
  std::optional<Corner> nearest(std::size_t entry, double reach);

 private:
  /// What of an op is watched.
  struct Watched {
    std::uint32_t node;
    Var piece;  // named by a plan; its record is gone
    bool is_index;
  };
  /// Everything that is watched, with one entry moved.
  struct Sample {
    double move = 0;
    std::vector<double> pieces;
  };
  /// A jump between two moves as close together as it was sought.
  struct Jump {
    double near = 0;
    std::size_t element = 0;
  };

  void watch(std::span<const Var> leaves, Var cost);
  void watch_rule(Tape& tape, std::uint32_t node, std::span<const char> depends);
  void replay(Var leaf);
  Sample at(std::size_t entry, double move);
  std::optional<Jump> first_jump(std::size_t entry, const Sample& here, double reach);
  std::optional<Jump> narrow(std::size_t entry, const Sample& near, const Sample& far);
  [[nodiscard]] std::optional<std::size_t> jumping(const Sample& a, const Sample& b,
                                                   std::span<const double> parent) const;
  void widen_scale(const Sample& sample);
  [[nodiscard]] Corner corner(const Jump& jump) const;
  bool mixed(std::size_t entry, const Sample& here);

  LeafLayout layout_;
  std::vector<double> theta_;
  Tape& tape_;
  std::vector<Watched> watched_;
  std::vector<std::size_t> ends_;  // of each watched value among all elements
  std::optional<Workspace<double>> ws_;
  std::optional<std::size_t> moved_;  // the leaf whose dependents hold a moved entry's values
  std::vector<double> scale_;         // of each watched value
  double narrowest_ = 0;              // an interval that is not divided any more
};

}  // namespace dtheta::gradcheck
