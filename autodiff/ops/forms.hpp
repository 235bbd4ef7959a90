#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "autodiff/tape.hpp"

namespace dtheta {

/// What a record computes, where that has a structure to exploit: a change of one element of an
/// operand moves one row or column of a product, and a sum by the change itself.

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

/// An op that a plan computes in the place of others.
struct MergedForm {
  const OpRecord* op;
  const void* attributes;
};
/// add_matmul(x, a, b, factor), and the form that computes it, or x - factor op(a) op(b), from
/// these operands.
[[nodiscard]] bool is_add_matmul(const OpRecord& op);
[[nodiscard]] MergedForm add_matmul_form(MatMulForm product, bool subtract);
/// x + factor sum(terms), or x - factor sum(terms), from x, terms, factor: the sum is over the
/// leading axes of the terms that x has not.
[[nodiscard]] MergedForm add_sum_form(bool subtract);
/// Matrices, one below the other.
[[nodiscard]] MergedForm stack_rows_form();
/// Whether the op may write over its first operand, to which it adds something.
[[nodiscard]] bool adds_in_place(const OpRecord& op);
/// Whether an op is scatter_nd_add, which may do so, too.
[[nodiscard]] bool is_scatter_nd_add(const OpRecord& op);
/// scatter_add along an axis: what take hands to its operand. Most of the result may be zeros.
struct ScatterAddForm {
  int axis;
};
[[nodiscard]] std::optional<ScatterAddForm> as_scatter_add(const Node& node);
/// relu(x W^T + b) from x, W, b.
[[nodiscard]] MergedForm affine_relu_form();
/// relu_grad(op(A) . op(B), gate) from A, B, gate. The result has the gate's shape.
[[nodiscard]] MergedForm gated_matmul_form(MatMulForm product);

/// a + b, a - b, a b, element for element.
enum class Arithmetic { none, add, sub, mul };
[[nodiscard]] Arithmetic as_arithmetic(const OpRecord& op);

/// x W^T + b, see affine.
[[nodiscard]] bool is_affine(const Node& node);
[[nodiscard]] bool is_affine(const OpRecord& op);

/// What affine and what a plan puts in its place share: the type of x W^T + b, throwing errors that
/// name `op` for operands that do not fit, and what operand i receives for the cotangent c.
[[nodiscard]] ValueType affine_type(std::string_view op, Types in);
[[nodiscard]] Var affine_vjp(int i, const Primal& p, Var c);
/// Operands (x, W, b) of their samples.
[[nodiscard]] std::vector<std::vector<SampleInput>> affine_operands();

/// c where x > 0, else 0: what relu hands to its operand, for its operand or its result as x.
[[nodiscard]] Var relu_grad(Var c, Var x);
[[nodiscard]] bool is_relu(const OpRecord& op);
[[nodiscard]] bool is_relu_grad(const OpRecord& op);

/// The softmax cross-entropy of logits and labels, for each row.
[[nodiscard]] bool is_softmax_cross_entropy(const Node& node);

/// A sum over `count` adjacent axes starting at `first`.
struct ReductionForm {
  int first;
  int count;
  bool keepdims;
};
[[nodiscard]] std::optional<ReductionForm> as_sum(const Node& node);
[[nodiscard]] std::optional<ReductionForm> as_sum(const OpRecord& op, const void* attributes);

/// The adjoint of a slice of adjacent positions: zeros, but for [start, start + count) of an axis.
struct UnsliceForm {
  int axis;
  Index start;
  Index count;
};
[[nodiscard]] std::optional<UnsliceForm> as_unslice(const Node& node);

}  // namespace dtheta
