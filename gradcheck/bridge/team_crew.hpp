#pragma once

#include "gradcheck/shared/crew.hpp"
#include "nn/distributed/team.hpp"

namespace dtheta::gradcheck {

/// The ranks of a team as those that share a check (shared.hpp, NetworkOptions::crew). The team
/// must be there as long as the crew.
[[nodiscard]] Crew crew_of(nn::Team& team);

}  // namespace dtheta::gradcheck
