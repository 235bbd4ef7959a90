#pragma once

#include "autodiff/tape.hpp"
#include "benchmarks/adbench/hand_model.hpp"

namespace dtheta::bench::adbench {

/// What is left between the points and the skin, and its derivative by θ.
struct RecordedHand {
  Var theta;     // the leaf
  Var errors;    // (3, points)
  Var jacobian;  // (3, points, parameters)
};

/// All fingers at once, one phalanx after the other; the skin is one product of matrices.
[[nodiscard]] RecordedHand record_hand(Tape& tape, const HandInput& in);

}  // namespace dtheta::bench::adbench
