#include "nn/layers/spatial/adaptive_pooling.hpp"
#include "nn/layers/spatial/conv.hpp"
#include "nn/layers/spatial/conv_transpose.hpp"
#include "nn/layers/spatial/pooling.hpp"
#include "subject.hpp"

namespace dtheta::nn::test {
namespace {

void add_convolutions(Subjects& all) {
  all["conv1d"] = [] { return subject(Conv1d(2, 3, 3)); };
  all["conv1d/one_sample"] = all["conv1d"];
  all["conv1d/circular"] = [] {
    return subject(Conv1d(2, 2, 3, {.padding = 2, .padding_mode = PadMode::circular}));
  };
  all["conv2d"] = [] { return subject(Conv2d(2, 3, 3, {.padding = 1})); };
  all["conv2d/window"] = [] {
    return subject(Conv2d(1, 2, {3, 2}, {.stride = {2, 1}, .padding = {2, 1}, .dilation = {1, 2}}));
  };
  all["conv2d/same"] = [] {
    return subject(Conv2d(2, 2, {2, 3}, {.padding = same, .bias = false}));
  };
  all["conv2d/groups"] = [] { return subject(Conv2d(4, 6, 2, {.groups = 2})); };
  all["conv2d/reflect"] = [] {
    return subject(Conv2d(1, 2, 3, {.padding = 1, .padding_mode = PadMode::reflect}));
  };
  all["conv2d/replicate"] = [] {
    return subject(Conv2d(1, 1, 2, {.padding = same, .padding_mode = PadMode::replicate}));
  };
  all["conv3d"] = [] { return subject(Conv3d(1, 2, 2, {.stride = {1, 2, 1}})); };
  all["conv_transpose1d"] = [] {
    return subject(ConvTranspose1d(2, 3, 3, {.stride = 2, .output_padding = 1}));
  };
  all["conv_transpose2d"] = [] {
    return subject(ConvTranspose2d(4, 2, 3, {.stride = 2, .padding = 1, .groups = 2}));
  };
  all["conv_transpose2d/dilated"] = [] {
    return subject(ConvTranspose2d(2, 2, 2, {.dilation = 2, .bias = false}));
  };
  all["conv_transpose3d"] = [] { return subject(ConvTranspose3d(2, 1, 2)); };
}

}  // namespace

void add_window_subjects(Subjects& all) {
  add_convolutions(all);
  all["max_pool1d"] = [] { return subject(MaxPool1d(2)); };
  all["max_pool2d"] = [] { return subject(MaxPool2d(3, {.stride = 2, .padding = 1})); };
  all["max_pool2d/ceil"] = [] { return subject(MaxPool2d(2, {.ceil_mode = true})); };
  all["max_pool3d"] = [] { return subject(MaxPool3d({1, 2, 2})); };
  all["avg_pool1d"] = [] { return subject(AvgPool1d(2)); };
  all["avg_pool2d"] = [] { return subject(AvgPool2d(3, {.stride = 2, .padding = 1})); };
  all["avg_pool2d/no_pad"] = [] {
    return subject(AvgPool2d(3, {.stride = 2, .padding = 1, .count_include_pad = false}));
  };
  all["avg_pool3d"] = [] { return subject(AvgPool3d(2)); };
  all["adaptive_avg_pool1d"] = [] { return subject(AdaptiveAvgPool1d(3)); };
  all["adaptive_avg_pool2d"] = [] { return subject(AdaptiveAvgPool2d({2, 3})); };
  all["adaptive_avg_pool3d"] = [] { return subject(AdaptiveAvgPool3d(1)); };
  all["adaptive_max_pool1d"] = [] { return subject(AdaptiveMaxPool1d(3)); };
  all["adaptive_max_pool2d"] = [] { return subject(AdaptiveMaxPool2d({2, 1})); };
  all["adaptive_max_pool3d"] = [] { return subject(AdaptiveMaxPool3d({1, 2, 2})); };
}

}  // namespace dtheta::nn::test
