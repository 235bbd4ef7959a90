#include "nn/layers/linear.hpp"
#include "nn/layers/norm/batch_norm.hpp"
#include "nn/layers/norm/group_norm.hpp"
#include "nn/layers/norm/instance_norm.hpp"
#include "nn/layers/norm/layer_norm.hpp"
#include "nn/layers/norm/rms_norm.hpp"
#include "nn/layers/norm/weight_norm.hpp"
#include "nn/layers/spatial/conv.hpp"
#include "nn/layers/spatial/conv_transpose.hpp"
#include "subject.hpp"

namespace dtheta::nn::test {

void add_norm_subjects(Subjects& all) {
  all["batch_norm1d"] = [] { return subject(BatchNorm1d(3)); };
  all["batch_norm2d"] = [] { return subject(BatchNorm2d(2, {.epsilon = 1e-3, .momentum = 0.3})); };
  all["batch_norm2d/plain"] = [] { return subject(BatchNorm2d(2, {.affine = false})); };
  all["batch_norm2d/untracked"] = [] {
    return subject(BatchNorm2d(2, {.track_running_stats = false}));
  };
  all["batch_norm3d"] = [] { return subject(BatchNorm3d(2)); };
  all["layer_norm"] = [] { return subject(LayerNorm(4)); };
  all["layer_norm/axes"] = [] { return subject(LayerNorm(Shape{3, 4})); };
  all["group_norm"] = [] { return subject(GroupNorm(2, 4)); };
  all["group_norm/plain"] = [] {
    return subject(GroupNorm(3, 6, {.epsilon = 1e-3, .affine = false}));
  };
  all["instance_norm1d"] = [] { return subject(InstanceNorm1d(2)); };
  all["instance_norm2d"] = [] { return subject(InstanceNorm2d(2, {.affine = true})); };
  all["instance_norm3d"] = [] { return subject(InstanceNorm3d(2)); };
  all["rms_norm"] = [] { return subject(RMSNorm(4)); };
  all["rms_norm/axes"] = [] { return subject(RMSNorm(Shape{3, 4}, 1e-3)); };
  all["weight_norm/linear"] = [] { return subject(WeightNorm(Linear(3, 2))); };
  all["weight_norm/conv2d"] = [] { return subject(WeightNorm(Conv2d(2, 3, 2))); };
  all["weight_norm/conv_transpose1d"] = [] {
    return subject(WeightNorm(ConvTranspose1d(2, 3, 2, {.stride = 2}), 1));
  };
}

}  // namespace dtheta::nn::test
