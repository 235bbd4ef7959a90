#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"

namespace dtheta::gradcheck {

/// One op by itself in double, where LocalDifference has it in quad: a hundred times cheaper, good
/// enough for an order to look in, and accuses nobody.
class Glance {
 public:
  /// As of LocalDifference.
  Glance(const OpRecord& op, const void* attributes, std::span<const Tensor> values,
         std::span<const std::size_t> which, std::span<const double> cotangent);

  /// How far what the rule gives a value parts from a difference along one random direction, as a
  /// part of both: some 1e-10 of a rule that is right, 2 at most. Infinite where nothing can be
  /// said.
  double suspicion(std::size_t value, std::span<const double> rule);

 private:
  double moved(std::size_t value, std::span<const double> direction, double t);

  std::unique_ptr<Tape> tape_;
  std::vector<Var> leaves_;
  Var y_;
  std::vector<double> cotangent_;
  std::unique_ptr<Workspace<double>> ws_;
};

}  // namespace dtheta::gradcheck
