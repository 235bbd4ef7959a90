#pragma once

#include "autodiff/ops/linalg/matmul_form.hpp"
#include "autodiff/ops/plan_form.hpp"

namespace dtheta {

/// add_matmul(x, a, b, factor), and the form that computes it, or x - factor op(a) op(b), from
/// these operands.
[[nodiscard]] bool is_add_matmul(const OpRecord& op);
[[nodiscard]] MergedForm add_matmul_form(MatMulForm product, bool subtract);

}  // namespace dtheta
