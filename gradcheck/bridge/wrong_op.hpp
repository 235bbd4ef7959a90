#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "autodiff/shape.hpp"
#include "autodiff/var.hpp"

namespace dtheta::gradcheck {

/// An op whose derivative rule is wrong where it was used.
struct WrongOp {
  std::string op;
  std::uint32_t node = 0;  ///< its record on the tape
  SourceLocation where{};
  std::vector<int> operands{};  ///< that the rule is wrong for: several if they are one value
  Shape shape{};                ///< of the operand
  std::vector<Index> at{};      ///< the element compared
  double analytic = 0;          ///< the cotangent that the rule gives it
  double numeric = 0;           ///< the same by a difference of this op alone, in quad
  double bar = 0;               ///< how far `numeric` may be off
  double weight = 1;            ///< the error as a part of all that the rule hands down
  std::string failure{};        ///< instead of values: a result of another shape, an exception

  /// "the rule of mul (record 12, model.cpp:42) is wrong for operand 1 of shape (3, 4): ..."
  [[nodiscard]] std::string sentence() const;
};

/// Holds the rule of every op between the leaves and the cost against differences of that op alone,
/// at the values and with the cotangents of this very computation. So an op is found that is wrong
/// for these shapes, for a value used twice, or for this cotangent only, and no op is blamed for
/// what another one handed down to it.
///
/// Values are replayed in double at θ. Rule and differences are then taken in quad, along a random
/// direction for each operand and, where they part, down to one element: an op is blamed for one
/// element whose difference was measured with a bar, and whose error is far beyond it. The largest
/// errors come first. A rule that cannot be used at all ends the walk.
[[nodiscard]] std::vector<WrongOp> find_wrong_ops(Var cost, std::span<const Var> leaves,
                                                  std::span<const double> theta);

/// What a search may take.
struct WrongOpLimits {
  unsigned threads = 1;
  /// Where they are limited, each rule is held against a difference in double first: only those that
  /// are off by more than `innocent` are looked at in quad, the worst first. One that was begun is
  /// looked at to its end.
  double seconds = std::numeric_limits<double>::infinity();
  static constexpr double innocent = 1e-6;  ///< of what the rule hands down
};
/// What was found, and how many of the ops were looked at in double alone, or not at all.
struct WrongOps {
  std::vector<WrongOp> found{};
  std::size_t ops = 0;
  std::size_t in_double = 0;
  std::size_t not_looked_at = 0;
};
[[nodiscard]] WrongOps find_wrong_ops(Var cost, std::span<const Var> leaves,
                                      std::span<const double> theta, const WrongOpLimits& limits);

}  // namespace dtheta::gradcheck
