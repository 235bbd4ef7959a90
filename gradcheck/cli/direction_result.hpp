#pragma once

#include "gradcheck/directions.hpp"

namespace dtheta::gradcheck::cli {

/// A check along directions in the form of every other: one block, "direction", with one entry for
/// each direction, so that it is reported and written like them. `cost` is J(θ).
Result result_of(const DirectionResult& found, double cost);

}  // namespace dtheta::gradcheck::cli
