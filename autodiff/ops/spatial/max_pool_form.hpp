#pragma once

#include "autodiff/kernels/window.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {

/// Over how many of the last axes a max_pool goes, plane by plane; 0 for any other op.
[[nodiscard]] int max_pool_axes(const Node& node);

/// The window of a max_pool, and of its adjoint c, x -> c where x is largest; null for any other op.
[[nodiscard]] const Window* max_pool_window(const OpRecord& op, const void* attributes);
[[nodiscard]] const Window* max_pool_grad_window(const OpRecord& op, const void* attributes);

}  // namespace dtheta
