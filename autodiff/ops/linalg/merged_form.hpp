#pragma once

#include "autodiff/ops/linalg/matmul_form.hpp"
#include "autodiff/ops/plan_form.hpp"

namespace dtheta {

/// x + factor sum(terms), or x - factor sum(terms), from x, terms, factor: the sum is over the
/// leading axes of the terms that x has not.
[[nodiscard]] MergedForm add_sum_form(bool subtract);
/// Whether the op may write over its first operand, to which it adds something.
[[nodiscard]] bool adds_in_place(const OpRecord& op);
/// relu(x W^T + b) from x, W, b.
[[nodiscard]] MergedForm affine_relu_form();
/// relu_grad(op(A) . op(B), gate) from A, B, gate. The result has the gate's shape.
[[nodiscard]] MergedForm gated_matmul_form(MatMulForm product);

}  // namespace dtheta
