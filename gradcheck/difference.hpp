#pragma once

#include <span>
#include <string_view>

namespace dtheta::gradcheck {

/// The textbook's four bands of the relative difference.
enum class Band {
  excellent,     ///< at most 1e-7: very likely correct
  double_check,  ///< at most 1e-5: may be fine; look at the components
  error,         ///< at most 1e-3: likely a bug
  critical       ///< above 1e-3, or not a number: certainly a bug
};

/// "excellent", "double-check", "error", "critical".
std::string_view to_string(Band band);

/// What the reader should do about it, one sentence.
std::string_view advice(Band band);

/// ‖g − ĝ‖₂ / (‖g‖₂ + ‖ĝ‖₂) with what it was made of.
struct Difference {
  double value = 0.0;      ///< in [0, 1]; 0 where both norms are zero; NaN where `finite` is false
  double analytic = 0.0;   ///< ‖g‖₂; may overflow to infinity although `value` does not
  double numeric = 0.0;    ///< ‖ĝ‖₂
  bool exercised = false;  ///< false: both norms are zero, so nothing was compared
  bool finite = true;      ///< false: a NaN or an infinity on either side; never a pass
};

/// Relative difference with the sum of norms, free of overflow and underflow.
/// Throws ShapeError if the sizes differ.
Difference relative_difference(std::span<const double> analytic, std::span<const double> numeric);

/// The band of a difference; NaN is critical.
Band band(double difference);
Band band(const Difference& difference);

}  // namespace dtheta::gradcheck
