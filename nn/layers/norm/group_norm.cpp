#include "nn/layers/norm/group_norm.hpp"

#include "autodiff/ops/network/normalization.hpp"
#include "nn/layers/norm/layer_norm.hpp"
#include "nn/layers/require.hpp"

namespace dtheta::nn {

GroupNorm::GroupNorm(Index groups, Index channels, const GroupNormOptions& options)
    : groups_(groups), channels_(channels), epsilon_(options.epsilon) {
  detail::require_size("group norm", "channels", channels);
  detail::require_groups("group norm", channels, groups);
  detail::require_epsilon("group norm", epsilon_);
  if (!options.affine) return;
  weight_ = detail::scale_of({channels});
  bias_ = detail::shift_of({channels});
}

Var GroupNorm::forward(Recording& recording, Var x) const {
  detail::require_planes("group norm", x, {.channels = channels_, .least_axes = 0, .most_axes = 3});
  if (!weight_) return group_norm(x, groups_, epsilon_);
  return group_norm(x, groups_, recording(*weight_), recording(*bias_), epsilon_);
}

}  // namespace dtheta::nn
