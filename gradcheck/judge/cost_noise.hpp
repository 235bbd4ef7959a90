#pragma once

#include <span>
#include <vector>

#include "gradcheck/judge/law.hpp"
#include "gradcheck/judge/request.hpp"

namespace dtheta::gradcheck::detail {

/// How noisy J is.
struct CostNoise {
  double size = 0.0;             ///< ε_f: standard deviation of a value
  double margin = noise_margin;  ///< no value errs by more than this many of them
  /// The same along each block, where some make J jump and others do not; else empty.
  std::vector<double> by_block{};
};

/// The noise of J along two coordinates of different blocks, three if they do not agree; the
/// largest is kept, because moving one coordinate may disturb only part of the arithmetic. A J that
/// moves in quanta has at least the noise of rounding to them; where that is all of it, no value
/// errs by more than half a quantum, which are √3 standard deviations. Where coordinates are worlds
/// apart, as a calendar's day beside a rate, each block has its own. `pilots`: a position in θ for
/// each of the request's blocks; `lengths`: how large they are.
CostNoise measure_noise(const Request& request, std::span<const std::size_t> pilots,
                        std::span<const double> lengths);

/// The noise that J shows along one entry among values this far apart, where it is clearly more than
/// is known; 0 where it is not. Roundings inside J show only from afar, if they are further apart
/// than the spacing from which the noise was measured: a noise that is gone from closer counts if it
/// is made of jumps.
double noise_around(const Request& request, std::size_t entry, double spacing, double known);

/// The noise that J shows along one entry from values this far apart, this far beside θ; 0 where they are
/// smooth.
double noise_near(const Request& request, std::size_t entry, double spacing, double aside = 0.0);

}  // namespace dtheta::gradcheck::detail
