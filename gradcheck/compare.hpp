#pragma once

#include <cstddef>
#include <span>

#include "gradcheck/cause.hpp"
#include "gradcheck/parameter_vector.hpp"
#include "gradcheck/result.hpp"

namespace dtheta::gradcheck {

/// How two gradients are compared.
struct CompareOptions {
  double tolerance = 1e-7;  ///< up to which relative difference of a block it passes
  std::size_t worst_entries = 5;
  std::span<const double> theta{};  ///< where they were taken, if known: names missing penalties
  Hints hints{};
};

/// Holds a gradient against another that is taken to be right: no value of J is needed. A block
/// fails if ‖a − b‖ / (‖a‖ + ‖b‖) exceeds the tolerance or is not finite; its likely causes are
/// named. In the result `numeric` is the reference, and an entry's bar is the size at which entries
/// that are all equally wrong make the block fail: tolerance·(‖a‖ + ‖b‖)/√n. Throws ShapeError
/// unless both are laid out alike, OptionError for a tolerance that is not positive.
Result compare(const ParameterVector& gradient, const ParameterVector& reference,
               const CompareOptions& options = {});

}  // namespace dtheta::gradcheck
