#pragma once

#include <functional>
#include <span>
#include <string_view>

namespace dtheta::gradcheck {

namespace detail {

/// The largest relative error of one rounding to double.
inline constexpr double unit_roundoff = 0x1p-53;

}  // namespace detail

/// What a difference table says about the noise of a function.
enum class NoiseStatus {
  found,      ///< `noise` is its standard deviation
  too_close,  ///< half of the values are equal to their neighbour: widen the spacing
  too_far,    ///< the function itself varies too much: narrow the spacing
  not_finite  ///< a value was NaN or infinite
};

/// "found", "spacing too small", "spacing too large", "not finite".
std::string_view to_string(NoiseStatus status);

/// Noise of one evaluation of a function, in the function's own units.
struct Noise {
  NoiseStatus status = NoiseStatus::too_far;
  double noise = 0.0;    ///< standard deviation ε_f; 0 unless found
  int level = 0;         ///< order of the difference that showed it
  double spacing = 0.0;  ///< of the values, where the function was asked for them
  double still = 0.0;    ///< the widest spacing that was tried and too small; 0: none was
};

/// ECnoise: noise of a deterministic function from values at at least seven equally spaced points.
/// σ_k² = γ_k mean((Δᵏ f)²) with γ_k = (k!)²/(2k)!; the first k at which three levels agree within
/// a factor 4 and the differences change sign. Throws ShapeError if there are fewer than seven
/// values. Moré and Wild, "Estimating computational noise", SIAM J. Sci. Comput. 33 (2011).
Noise estimate_noise(std::span<const double> values);

/// Noise of f from x upwards, beginning at `spacing` and changing it as the difference table asks.
/// Each attempt costs nine evaluations, of which at most `attempts` are made.
/// Throws OptionError unless spacing is positive and finite.
Noise estimate_noise(const std::function<double(double)>& f, double x, double spacing,
                     int attempts = 6);

}  // namespace dtheta::gradcheck
