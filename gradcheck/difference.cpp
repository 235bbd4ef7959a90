#include "gradcheck/difference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "gradcheck/errors.hpp"

namespace dtheta::gradcheck {

std::string_view to_string(Band band) {
  switch (band) {
    case Band::excellent:
      return "excellent";
    case Band::double_check:
      return "double-check";
    case Band::error:
      return "error";
    case Band::critical:
      break;
  }
  return "critical";
}

std::string_view advice(Band band) {
  switch (band) {
    case Band::excellent:
      return "very likely correct";
    case Band::double_check:
      return "may be fine; look at the components";
    case Band::error:
      return "likely a bug; trace the largest differences to their layer";
    case Band::critical:
      break;
  }
  return "certainly a bug";
}

Difference relative_difference(std::span<const double> analytic, std::span<const double> numeric) {
  if (analytic.size() != numeric.size()) {
    throw ShapeError(fmt::format("difference: the analytic gradient has {} entries, the numeric {}",
                                 analytic.size(), numeric.size()));
  }
  double largest = 0.0;
  Difference result;
  for (std::size_t i = 0; i < analytic.size(); ++i) {
    result.finite = result.finite && std::isfinite(analytic[i]) && std::isfinite(numeric[i]);
    largest = std::max({largest, std::abs(analytic[i]), std::abs(numeric[i])});
  }
  if (!result.finite) {
    result.value = result.analytic = result.numeric = std::numeric_limits<double>::quiet_NaN();
    result.exercised = true;
    return result;
  }
  if (largest == 0.0) return result;

  // Scaling by a power of two is exact, and puts every square between 0 and 4. In two steps,
  // because 2^-exponent may be too large for a double.
  const int exponent = std::ilogb(largest);
  const double half = std::scalbn(1.0, -exponent / 2),
               rest = std::scalbn(1.0, -exponent - -exponent / 2);
  double difference2 = 0.0;
  double analytic2 = 0.0;
  double numeric2 = 0.0;
  for (std::size_t i = 0; i < analytic.size(); ++i) {
    const double a = analytic[i] * half * rest;
    const double n = numeric[i] * half * rest;
    difference2 += (a - n) * (a - n);
    analytic2 += a * a;
    numeric2 += n * n;
  }
  result.exercised = true;
  result.value = std::sqrt(difference2) / (std::sqrt(analytic2) + std::sqrt(numeric2));
  result.analytic = std::scalbn(std::sqrt(analytic2), exponent);
  result.numeric = std::scalbn(std::sqrt(numeric2), exponent);
  return result;
}

Band band(double difference) {
  if (difference <= 1e-7) return Band::excellent;
  if (difference <= 1e-5) return Band::double_check;
  if (difference <= 1e-3) return Band::error;
  return Band::critical;
}

Band band(const Difference& difference) { return band(difference.value); }

}  // namespace dtheta::gradcheck
