#pragma once

#include <optional>

#include "autodiff/kernels/window.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {

/// A convolution of x (samples, groups * in, ...) with w (groups * out, in, ...), with or without a
/// bias for each channel of the result.
struct ConvolutionForm {
  Window window;
  Index groups;
};
[[nodiscard]] std::optional<ConvolutionForm> as_convolution(const Node& node);
/// Of an op that hands y and w to x as such a convolution does: a transposed convolution of y.
[[nodiscard]] std::optional<ConvolutionForm> as_transposed_convolution(const Node& node);

}  // namespace dtheta
