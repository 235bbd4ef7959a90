#pragma once

#include <string>

#include "autodiff/workspace.hpp"
#include "nn/cost.hpp"

namespace dtheta::nn::detail {

/// After a run that threw ValueError: the op up to record `last` that cannot take the indices it has
/// in the leaves of `now`, as "take (record 7, model.cpp:42) in layer 0 (Embedding), called at ...".
/// Empty where there is none.
[[nodiscard]] std::string place_of_refused_index(const RecordedCost& cost, Var last,
                                                 const Workspace<float>& now);

}  // namespace dtheta::nn::detail
