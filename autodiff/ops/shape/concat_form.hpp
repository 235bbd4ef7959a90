#pragma once

#include <optional>

#include "autodiff/ops/plan_form.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {

/// Matrices, one below the other.
[[nodiscard]] MergedForm stack_rows_form();

/// The axis along which a record puts its operands side by side.
[[nodiscard]] std::optional<int> concat_axis(const Node& node);

}  // namespace dtheta
