#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "autodiff/op_sample.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {

/// op(A) . op(B), see matmul.
struct MatMulForm {
  bool transpose_a;
  bool transpose_b;
};
[[nodiscard]] std::optional<MatMulForm> as_matmul(const Node& node);
[[nodiscard]] std::optional<MatMulForm> as_matmul(const OpRecord& op, const void* attributes);

/// What operand i of op(A) . op(B) receives for the cotangent c: c op(B)^T or op(A)^T c, transposed
/// where the operand is. Leading axes are those of c.
[[nodiscard]] Var matmul_vjp(const MatMulForm& form, int i, Var a, Var b, Var c);

/// v (..., width) as a matrix (rows, width).
[[nodiscard]] Var as_rows(Var v);

/// x W^T + b, see affine.
[[nodiscard]] bool is_affine(const Node& node);
[[nodiscard]] bool is_affine(const OpRecord& op);

/// What affine and what a plan puts in its place share: the type of x W^T + b, throwing errors that
/// name `op` for operands that do not fit, and what operand i receives for the cotangent c.
[[nodiscard]] ValueType affine_type(std::string_view op, Types in);
[[nodiscard]] Var affine_vjp(int i, const Primal& p, Var c);
/// Operands (x, W, b) of their samples.
[[nodiscard]] std::vector<std::vector<SampleInput>> affine_operands();

}  // namespace dtheta
