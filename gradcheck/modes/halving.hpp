#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "gradcheck/modes/lines.hpp"

namespace dtheta::gradcheck::detail {

/// A line along which J contradicts the gradient.
struct WrongLine {
  Line line;
  double step = 0.0;   ///< at which it did
  double noise = 0.0;  ///< ε_f
  double cost = 0.0;   ///< J(θ)
};

/// What was found by halves.
struct Halves {
  std::vector<std::size_t> positions;  ///< ascending
  std::size_t tests = 0;               ///< slopes of J that were taken
  std::size_t evaluations = 0;
  bool complete = true;  ///< false: more is wrong than was asked for, or it was stopped
};

/// Looks for the wrong entries of such a line, the largest errors first. What a line is off by is
/// the sum of what its parts are off by, so that one slope of four values tells for both halves
/// where the other's part is clear. `proceed`: false stops.
Halves find_by_halves(const Lines& lines, const WrongLine& wrong, std::size_t most,
                      const std::function<bool()>& proceed);

}  // namespace dtheta::gradcheck::detail
