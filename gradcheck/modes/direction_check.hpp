#pragma once

#include <functional>
#include <span>

#include "gradcheck/directions.hpp"

namespace dtheta::gradcheck::detail {

/// `check` of a function of one number t at 0, by whoever evaluates it.
using CheckAlong = std::function<Result(const Cost& on_line, std::span<const double> slope,
                                        std::span<const double> here, const Options& options)>;

/// By this process alone.
Result check_alone(const Cost& on_line, std::span<const double> slope, std::span<const double> here,
                   const Options& options);

/// slope_along and check_directions, with that check.
DirectionSlope slope_along(const Cost& cost, std::span<const double> gradient,
                           const ParameterVector& theta, std::span<const double> direction,
                           const Options& options, const CheckAlong& along);
DirectionResult check_directions(const Cost& cost, const Gradient& gradient,
                                 const ParameterVector& theta, const DirectionOptions& options,
                                 const CheckAlong& along);

}  // namespace dtheta::gradcheck::detail
