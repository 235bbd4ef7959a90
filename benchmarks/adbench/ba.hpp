#pragma once

#include <array>

#include "autodiff/tape.hpp"
#include "benchmarks/adbench/bundle.hpp"

namespace dtheta::bench::adbench {

/// Reprojection errors and the part of their Jacobian that is not zero.
struct RecordedBundle {
  Var cameras, points, weights;  // the leaves
  std::array<Var, 2> r;          // each (observations)
  /// Row i of r[a] in the camera's, the point's and the weight's numbers: element i of each.
  std::array<std::vector<Var>, 2> rows;
  Var e, d_e;  // the error of each weight, 1 - w^2, and its derivative
};

/// Projects each point X by its camera: Y = R (X - C) with the rotation R about the axis and by the
/// angle |v| of its vector v, p = (Y_1, Y_2) / Y_3, and
///   r = w (f (1 + k_1 |p|^2 + k_2 |p|^4) p + p_0 - feature).
[[nodiscard]] RecordedBundle record_bundle(Tape& tape, const BundleInput& in);

}  // namespace dtheta::bench::adbench
