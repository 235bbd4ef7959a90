#pragma once

#include <memory>
#include <vector>

#include "nn/distributed/team.hpp"

namespace dtheta::nn {

/// Ranks that are threads of this process: to try out what is to run on many machines, and to test
/// it. Each of them goes to a thread of its own, with a model of its own.
[[nodiscard]] std::vector<std::unique_ptr<Team>> local_teams(int size,
                                                             double patience_seconds = 10);

}  // namespace dtheta::nn
