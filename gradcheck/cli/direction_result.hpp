#pragma once

#include "gradcheck/directions.hpp"

namespace dtheta::gradcheck::cli {

/// A check along directions in the form of every other, so that it is reported and written like
/// them: one block, "direction", with one entry for each direction of the whole, and another,
/// "direction of W alone", for each block of θ that was moved alone. `cost` is J(θ).
Result result_of(const DirectionResult& found, double cost);

}  // namespace dtheta::gradcheck::cli
