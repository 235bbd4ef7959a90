#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "gradcheck/jacobian/judge/probe_table.hpp"

namespace dtheta::gradcheck::detail {

/// Where the noise of one output is measured.
struct NoisePlace {
  std::size_t output = 0;
  std::size_t input = 0;
  double length = 1.0;  ///< size of the input
};

/// The noise ε_f of each output along the places given for it, which is at least the rounding of
/// its value; where it is measured along several, the largest. All outputs begin at the same
/// spacing and change it by the same factors, so that they share their points.
std::vector<double> measure_row_noise(ProbeTable& table, std::span<const NoisePlace> places);

}  // namespace dtheta::gradcheck::detail
