#pragma once

#include "autodiff/tape.hpp"

namespace dtheta {

/// Whether an op is scatter_nd_add, which may write over its first operand.
[[nodiscard]] bool is_scatter_nd_add(const OpRecord& op);

}  // namespace dtheta
