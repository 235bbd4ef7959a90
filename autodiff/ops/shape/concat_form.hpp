#pragma once

#include "autodiff/ops/plan_form.hpp"

namespace dtheta {

/// Matrices, one below the other.
[[nodiscard]] MergedForm stack_rows_form();

}  // namespace dtheta
