#pragma once

#include <functional>
#include <optional>
#include <span>

namespace dtheta::gradcheck::detail {

/// Standard deviation of a rounding to quanta of 1: 1/√12.
inline constexpr double rounding_deviation = 0.28867513459481287;

/// The quantum in which a function moves, from the look of its values: the largest power of two, or
/// of ten, of which all of them are multiples. J computed in float, as the difference of large
/// numbers, or printed with a few digits moves so. 0 where the values show none: fewer than four
/// that differ could all be round by chance, and the last place of a double is no quantum.
double quantum_of(std::span<const double> values);

/// A jump of f on the way from a to b.
struct Jump {
  double at = 0.0;
  double size = 0.0;  ///< what f is moved by, on that way
};

/// What is left of f(b) − f(a) − slope·(b − a) when the interval is halved down to neighbouring
/// numbers, each time keeping the half with more of it: a jump stays, whatever smooth f deviates
/// by shrinks to the end, and the answer is none. So is it for less than `least`, which ends the search. At most
/// 60 evaluations.
std::optional<Jump> find_jump(const std::function<double(double)>& f, double a, double b,
                              double slope, double least = 0.0);

/// The size of the same, without its sign; 0 where there is none.
double lasting_jump(const std::function<double(double)>& f, double a, double b, double slope,
                    double least = 0.0);

/// Whether a jump of J is no more than a rounding of a number inside it, of eight bits or more, where
/// J has this size.
constexpr bool is_rounding(double jump, double size) { return jump <= 0x1p-8 * size; }

}  // namespace dtheta::gradcheck::detail
