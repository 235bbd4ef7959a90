#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "nn/recording.hpp"
#include "nn/train/trainer_options.hpp"

namespace dtheta::nn::detail {

struct GroupMembers {
  const Optimizer* optimizer;  ///< of the options
  double rate_factor;
  std::vector<std::size_t> members;  ///< places among the parameters
};

/// Those in no group, then each group; without those that would be empty. Throws ValueError for a
/// group that no parameter belongs to, one listed twice, and a factor below 0.
[[nodiscard]] std::vector<GroupMembers> group_parameters(
    std::span<const RecordedParameter> parameters, const TrainerOptions& options);

}  // namespace dtheta::nn::detail
