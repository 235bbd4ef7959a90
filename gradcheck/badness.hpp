#pragma once

#include <cstddef>

#include "gradcheck/result.hpp"

namespace dtheta::gradcheck::detail {

/// Orders entries from the worst to the best: failures first, then open ones, then by
/// |analytic − numeric|, of which NaN is the largest.
struct Badness {
  Badness(Verdict verdict, double analytic, double numeric, std::size_t at);
  bool operator<(const Badness& other) const;

  int rank;
  double error;
  std::size_t position;
};

}  // namespace dtheta::gradcheck::detail
