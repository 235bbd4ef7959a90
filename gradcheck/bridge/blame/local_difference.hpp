#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"

namespace dtheta::gradcheck {

/// One op by itself, at given operands, replayed in quad: L = sum(c y) for a fixed cotangent c.
class LocalDifference {
 public:
  /// `values`: what the op takes, integer values included, each once; `which`: for each operand its
  /// place among them.
  LocalDifference(const OpRecord& op, const void* attributes, std::span<const Tensor> values,
                  std::span<const std::size_t> which, std::span<const double> cotangent);

  /// What L does along a direction.
  struct Slope {
    Quad value{0};  ///< dL/dt, two-sided
    Quad below{0};  ///< from t < 0 alone
    Quad above{0};
    Quad size{0};   ///< sum of |c dy/dt|: how much there was to cancel
    Quad level{0};  ///< sum of |c y|: L is known to roundings of this
    Quad bar{0};    ///< how far `value` may be off: two steps' difference, and the roundings of y
  };
  /// Moves a value along t·direction, in the step that measures most sharply.
  Slope along(std::size_t value, std::span<const double> direction);
  /// The same in every step, so that one can be held against the others.
  std::vector<Slope> all_along(std::size_t value, std::span<const double> direction);

  /// What the op's rule gives a value, computed in quad at these operands. Nothing where the rule
  /// cannot be recorded or replayed.
  std::optional<std::vector<Quad>> rule(std::size_t value);

  /// How far that moves if operands, cotangent and the op's value are rounded to double: what no
  /// arithmetic in double can do better. Zeros where there is no such rule.
  std::vector<Quad> rule_rounding(std::size_t value);

 private:
  /// The rule with everything that it reads off by a rounding of double, or exact.
  std::vector<Quad> rule_of(std::size_t value, bool rounded);
  /// Values of y at a move along the direction.
  std::vector<Quad> y_at(std::size_t value, std::span<const double> direction, Quad t);
  Slope slope(std::size_t value, std::span<const double> direction, Quad step);
  void measure_noise();

  std::unique_ptr<Tape> tape_;
  std::vector<Var> leaves_;  // the values
  std::vector<std::size_t> which_;
  Var y_;
  std::vector<double> cotangent_;
  std::vector<std::vector<double>> at_;  // of the real values
  std::unique_ptr<Workspace<Quad>> ws_;
  std::vector<Quad> noise_;  // of each element of y
};

}  // namespace dtheta::gradcheck
