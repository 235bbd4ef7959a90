#pragma once

#include <optional>

#include "autodiff/kernels/window.hpp"
#include "autodiff/var.hpp"

namespace dtheta::detail {

/// The op behind all convolutions: x (samples, groups * in, ...) with w (groups * out, in, ...)
/// under a window over the last axes of x, and a bias for each channel of the result.
[[nodiscard]] Var convolve(Arg x, Arg w, const std::optional<Arg>& bias, const Window& window,
                           Index groups);
/// Its adjoint in x: y (samples, groups * out, ...) back to the shape of x.
[[nodiscard]] Var convolve_adjoint(Arg y, Arg w, const Window& window, Index groups);

}  // namespace dtheta::detail
