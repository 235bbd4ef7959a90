#pragma once

#include <cstddef>
#include <vector>

#include "autodiff/workspace.hpp"
#include "gradcheck/bridge/ops/op_case.hpp"

namespace dtheta::gradcheck {

/// The gradient of the cost by operand k, as differences in quad. `cost` computes c.cost.
[[nodiscard]] std::vector<Quad> first_differences(const OpCase& c, Workspace<Quad>& cost,
                                                  std::size_t k);

/// The gradient of the directional derivative by moved[k], as differences of the cost itself: what
/// a rule forgot to make depend on an operand is constant in the recorded one, too. `both` computes
/// c.cost and c.y.
[[nodiscard]] std::vector<Quad> second_differences(const OpCase& c, Workspace<Quad>& both,
                                                   std::size_t k);

}  // namespace dtheta::gradcheck
