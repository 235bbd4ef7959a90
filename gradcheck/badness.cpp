#include "gradcheck/badness.hpp"

#include <cmath>
#include <limits>

namespace dtheta::gradcheck::detail {

Badness::Badness(Verdict verdict, double analytic, double numeric, std::size_t at)
    : rank(verdict == Verdict::fail           ? 2
           : verdict == Verdict::inconclusive ? 1
                                              : 0),
      error(std::abs(analytic - numeric)),
      position(at) {
  if (std::isnan(error)) error = std::numeric_limits<double>::infinity();
}

bool Badness::operator<(const Badness& other) const {
  if (rank != other.rank) return rank > other.rank;
  if (error != other.error) return error > other.error;
  return position < other.position;
}

}  // namespace dtheta::gradcheck::detail
