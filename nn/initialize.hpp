#pragma once

#include <cstdint>
#include <string_view>

#include "nn/model_ref.hpp"

namespace dtheta::nn {

/// Draws the first values of all parameters of a model, and gives its layers that draw (dropout)
/// their random numbers: each a stream of its own, which follows from the seed and the path. So the
/// numbers of one layer stay as they are when another is added. What was given a key or values by
/// its maker, or was loaded, stays as it is.
void initialize(ModelRef model, std::uint32_t seed);

/// Freezes the parameters whose path is `path` or begins with it and a dot; all of them for "".
/// Frozen ones are recorded but not trained. Returns how many. Throws ValueError, naming the paths
/// that there are, where none is meant.
std::size_t freeze(ModelRef model, std::string_view path);
/// Makes them trainable again.
std::size_t unfreeze(ModelRef model, std::string_view path);

/// The number of elements of all parameters, frozen ones with them.
[[nodiscard]] Index parameter_count(ModelView model);

}  // namespace dtheta::nn
