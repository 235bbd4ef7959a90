#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "gradcheck/modes/lines.hpp"
#include "gradcheck/options.hpp"

namespace dtheta::gradcheck::detail {

/// Lines that move the same entries, each along a direction of its own.
struct LineGroup {
  std::string name;
  std::vector<Line> lines;
};

/// What J says along one line.
struct LineSlope {
  double analytic = 0.0;
  double numeric = 0.0;
  double bar = 0.0;
  double step = 0.0;  ///< 0: the check was stopped before it
  Verdict verdict = Verdict::inconclusive;
  /// A sum of errors along the line that is larger would not have passed.
  double unseen = 0.0;
};

struct LineCheck {
  std::vector<std::vector<LineSlope>> groups;  ///< in the order of groups and lines
  double cost = 0.0;
  double noise = 0.0;
  bool deterministic = true;
  bool complete = true;
  std::size_t evaluations = 0;
};

/// The options that make sense where what is moved are not the entries of θ.
Options options_along(const Options& options);

/// Judges all lines at once by the law, as if each were one entry and each group a block.
LineCheck check_lines(const Lines& lines, std::span<const LineGroup> groups,
                      const Options& options);

}  // namespace dtheta::gradcheck::detail
