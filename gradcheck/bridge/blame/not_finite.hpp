#pragma once

#include <span>
#include <string>
#include <vector>

#include "autodiff/var.hpp"

namespace dtheta::gradcheck {

/// An op at which a gradient stops being finite: what reaches it from the cost is, what it hands
/// down is not.
struct NotFinite {
  std::string op;
  std::uint32_t node = 0;  ///< its record on the tape
  SourceLocation where{};
  std::vector<int> operands{};
  std::vector<Index> at{};    ///< the first such element of the operand
  double operand = 0;         ///< its value
  double handed_down = 0;     ///< what the rule gives it
  bool nothing_came = false;  ///< every cotangent that reached the op is zero

  /// "the gradient becomes nan at sqrt (record 12, model.cpp:42): ..."
  [[nodiscard]] std::string sentence() const;
};

/// The ops at which the gradient of a cost at θ stops being finite, from the cost back, in the
/// tape's precision. Empty where it is finite throughout, and where a rule cannot be used at all.
[[nodiscard]] std::vector<NotFinite> find_not_finite(Var cost, std::span<const Var> leaves,
                                                     std::span<const double> theta);

}  // namespace dtheta::gradcheck
