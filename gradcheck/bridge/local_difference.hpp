#pragma once

#include <memory>
#include <span>
#include <vector>

#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"

namespace dtheta::gradcheck {

/// One op by itself, at given operands, replayed in quad: L = sum(c y) for a fixed cotangent c.
class LocalDifference {
 public:
  /// `operands` are the op's values, integer ones included.
  LocalDifference(const OpRecord& op, const void* attributes, std::span<const Tensor> operands,
                  std::span<const double> cotangent);

  /// What L does along a direction.
  struct Slope {
    Quad value;  ///< dL/dt, two-sided
    Quad below;  ///< from t < 0 alone
    Quad above;
    Quad size;  ///< sum of |c dy/dt|: how much there was to cancel
  };
  /// Moves each of `which` operands, which have one value, along t·direction.
  Slope along(std::span<const int> which, std::span<const double> direction);

 private:
  void run_at(std::span<const int> which, std::span<const double> direction, Quad t);

  std::unique_ptr<Tape> tape_;
  std::vector<Var> operands_;
  Var y_;
  std::vector<double> cotangent_;
  std::vector<std::vector<double>> at_;  // of the real operands
  std::unique_ptr<Workspace<Quad>> ws_;
};

}  // namespace dtheta::gradcheck
