#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "autodiff/tape.hpp"

namespace dtheta::gradcheck {

/// Reverse mode written out once more, op by op from the cost back, keeping everything on the way.
/// What it records stays on the tape: use a Tape::Scratch around it.
class ReverseWalk {
 public:
  /// One value that an op takes, as one operand or several.
  struct Taken {
    std::uint32_t node;
    std::vector<int> operands{};
    Var cotangent{};  ///< the sum of what the rule gives them; may not exist
  };
  /// An op on the way from the leaves to the cost, with the cotangent that reached it.
  struct Visit {
    std::uint32_t node;
    Var cotangent;
    std::vector<Taken> taken{};
  };
  /// A rule that cannot be used at all. It ends the walk.
  struct Broken {
    std::uint32_t node;
    int operand;
    std::string failure;
  };
  /// What becomes of an op that hands its operand on unchanged but not its derivative
  /// (cuts_derivative): its own rule holds; or all passes, but for one of them that stays closed.
  enum class Cuts { closed, open };

  ReverseWalk(Var cost, std::span<const Var> leaves, Cuts cuts = Cuts::closed,
              std::uint32_t but = Node::none);

  [[nodiscard]] const std::vector<Visit>& visits() const { return visits_; }
  [[nodiscard]] const std::vector<Broken>& broken() const { return broken_; }
  /// The cotangent that arrived at a record; does not exist where none did.
  [[nodiscard]] Var cotangent_of(Var x) const {
    return x.index() < adjoint_.size() ? adjoint_[x.index()] : Var{};
  }

 private:
  void mark(std::span<const Var> leaves);
  [[nodiscard]] bool opens(std::uint32_t node) const;
  void visit(std::uint32_t node);
  void take(Visit& visit, std::size_t operand);
  static Taken& entry(std::vector<Taken>& all, std::uint32_t node);

  Tape& tape_;
  std::uint32_t last_;
  Cuts cuts_;
  std::uint32_t but_;
  std::vector<char> open_;  // records whose rule is that of a value handed on
  std::vector<char> depends_;
  std::vector<Var> adjoint_;
  std::vector<Visit> visits_;
  std::vector<Broken> broken_;
};

/// Whether a record cuts or changes a derivative on purpose: its value is that of its operand, but
/// its rule is not that of a value handed on, as of stop_gradient and scale_gradient.
[[nodiscard]] bool cuts_derivative(Tape& tape, std::uint32_t node);

}  // namespace dtheta::gradcheck
