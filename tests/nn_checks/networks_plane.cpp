#include "networks.hpp"
#include "nn/layers/dropout2d.hpp"
#include "nn/layers/flatten.hpp"
#include "nn/layers/linear.hpp"
#include "nn/layers/norm/batch_norm.hpp"
#include "nn/layers/norm/group_norm.hpp"
#include "nn/layers/norm/instance_norm.hpp"
#include "nn/layers/norm/weight_norm.hpp"
#include "nn/layers/reshape.hpp"
#include "nn/layers/residual.hpp"
#include "nn/layers/spatial/adaptive_pooling.hpp"
#include "nn/layers/spatial/conv.hpp"
#include "nn/layers/spatial/conv_transpose.hpp"
#include "nn/layers/spatial/pooling.hpp"
#include "nn/layers/spatial/upsample.hpp"

namespace dtheta::nn::test {

// A layer before a norm has no bias: its gradient would be 0 but for roundoff.
std::vector<Net> plane_nets() {
  constexpr Activation tanh = Activation::tanh;
  const Tensor line = numbers({3, 2, 8}), plane = numbers({3, 2, 6, 6});
  const Tensor space = numbers({2, 1, 4, 4, 4});
  const Conv2d plain(2, 4, 3, {.bias = false});
  return {
      {"conv1d", {Conv1d(2, 3, 3, {.stride = 2}), tanh, Flatten(), Linear(9, 2)}, line},
      {"conv2d",
       {Conv2d(2, 4, 3, {.padding = 1, .groups = 2}), Activation::relu, MaxPool2d(2),
        Conv2d(4, 2, 3, {.padding = same}), tanh, AvgPool2d(3), Flatten(), Linear(2, 2)},
       plane},
      {"conv2d padded by mirror",
       {Conv2d(2, 2, 3, {.padding = 1, .dilation = 1, .padding_mode = PadMode::reflect}), tanh,
        AdaptiveAvgPool2d(1), Flatten(), Linear(2, 2)},
       plane},
      {"conv3d",
       {Conv3d(1, 2, 2), tanh, AvgPool3d(2), MaxPool3d(1), AdaptiveAvgPool3d(1), Flatten(),
        Linear(2, 2)},
       space},
      {"conv transposed",
       {ConvTranspose1d(2, 3, 3, {.stride = 2}), tanh, MaxPool1d(2), AvgPool1d(2),
        AdaptiveMaxPool1d(2), AdaptiveAvgPool1d(2), Flatten(), Linear(6, 2)},
       line},
      {"conv transposed 2d",
       {ConvTranspose2d(2, 2, 3, {.stride = 2, .padding = 1, .output_padding = 1}), tanh,
        AdaptiveMaxPool2d(2), Flatten(), Linear(8, 2)},
       plane},
      {"conv transposed 3d",
       {ConvTranspose3d(1, 2, 2), tanh, AdaptiveMaxPool3d(1), Flatten(), Linear(2, 2)},
       space},
      {"batch norm 2d",
       {plain, BatchNorm2d(4), Activation::relu, Dropout2d(0.75), Conv2d(4, 2, 2, {.bias = false}),
        BatchNorm2d(2, {.affine = false}), tanh, Flatten(), Linear(18, 2)},
       plane},
      {"batch norm 1d",
       {Flatten(), Linear(16, 5, {.bias = false}), BatchNorm1d(5), tanh, Linear(5, 2)},
       numbers({6, 2, 8})},
      {"batch norm 3d",
       {Conv3d(1, 2, 2, {.bias = false}), BatchNorm3d(2), tanh, Flatten(), Linear(54, 2)},
       space},
      {"group norm", {plain, GroupNorm(2, 4), tanh, Flatten(), Linear(64, 2)}, plane},
      {"instance norm",
       {plain, InstanceNorm2d(4, {.affine = true}), tanh, Flatten(), Linear(64, 2)},
       plane},
      {"instance norm 1d", {InstanceNorm1d(2), Flatten(), Linear(16, 2)}, line},
      {"instance norm 3d", {InstanceNorm3d(1), Flatten(), Linear(64, 2)}, space},
      {"weight norm",
       {WeightNorm(Conv2d(2, 3, 3)), tanh, Flatten(), WeightNorm(Linear(48, 2))},
       plane},
      {"upsample",
       {Upsample(2), Conv2d(2, 2, 3, {.stride = 2}), tanh, Upsample(2, {.mode = Resample::linear}),
        AdaptiveAvgPool2d(2), Flatten(), Linear(8, 2)},
       plane},
      {"residual",
       {Residual(Sequential{Conv2d(2, 2, 3, {.padding = 1}), tanh}),
        Residual(Conv2d(2, 3, 3, {.stride = 2}), Conv2d(2, 3, 3, {.stride = 2, .bias = false})),
        Reshape({-1}), Linear(12, 2)},
       plane},
  };
}

}  // namespace dtheta::nn::test
