#pragma once

#include <span>

#include "gradcheck/judge/adaptive.hpp"

namespace dtheta::gradcheck::detail {

/// The noise of J along two coordinates of different blocks, three if they do not agree; the
/// largest is kept, because moving one coordinate may disturb only part of the arithmetic.
/// `pilots`: a position in θ for each of the request's blocks.
double measure_noise(const Request& request, std::span<const std::size_t> pilots);

}  // namespace dtheta::gradcheck::detail
