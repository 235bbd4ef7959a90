#pragma once

#include <span>

#include "gradcheck/judge/request.hpp"

namespace dtheta::gradcheck::detail {

/// The noise of J along two coordinates of different blocks, three if they do not agree; the
/// largest is kept, because moving one coordinate may disturb only part of the arithmetic. A J that
/// moves in quanta has at least the noise of rounding to them.
/// `pilots`: a position in θ for each of the request's blocks; `lengths`: how large they are.
double measure_noise(const Request& request, std::span<const std::size_t> pilots,
                     std::span<const double> lengths);

}  // namespace dtheta::gradcheck::detail
