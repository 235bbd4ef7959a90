#pragma once

#include <optional>

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

/// add_matmul(x, a, b, factor), and an op that computes it, or x - factor op(a) op(b), from these
/// operands. It may write over x.
struct AddMatMulForm {
  const OpRecord* op;
  const void* attributes;
};
[[nodiscard]] bool is_add_matmul(const OpRecord& op);
[[nodiscard]] AddMatMulForm add_matmul_form(MatMulForm product, bool subtract);

/// a + b, a - b, a b, element for element.
enum class Arithmetic { none, add, sub, mul };
[[nodiscard]] Arithmetic as_arithmetic(const OpRecord& op);

/// x W^T + b, see affine.
[[nodiscard]] bool is_affine(const Node& node);

/// A sum over `count` adjacent axes starting at `first`.
struct ReductionForm {
  int first;
  int count;
  bool keepdims;
};
[[nodiscard]] std::optional<ReductionForm> as_sum(const Node& node);

/// The adjoint of a slice of adjacent positions: zeros, but for [start, start + count) of an axis.
struct UnsliceForm {
  int axis;
  Index start;
  Index count;
};
[[nodiscard]] std::optional<UnsliceForm> as_unslice(const Node& node);

}  // namespace dtheta
