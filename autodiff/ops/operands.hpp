#pragma once

#include <span>
#include <string_view>

#include "autodiff/axes.hpp"
#include "autodiff/op.hpp"

/// What the rules of ops share: checks of operands, and shapes made from shapes.
namespace dtheta::detail {

/// Throws TypeError naming `op` when an operand holds indices.
void require_real(std::string_view op, Types in);
void require_real(std::string_view op, const ValueType& in);
/// Throws TypeError naming `op` when the operand holds real values.
void require_indices(std::string_view op, const ValueType& in);

/// `shape` with axes [first, first + count) replaced by `by`.
[[nodiscard]] Shape replaced(const Shape& shape, int first, int count, std::span<const Index> by);
[[nodiscard]] Shape replaced(const Shape& shape, int axis, Index by);

/// The axes before the last two, and a batch with the axes of a matrix behind it.
[[nodiscard]] Shape batch_of(const Shape& shape);
[[nodiscard]] Shape with_matrix(const Shape& batch, Index rows, Index columns);

/// The order of axes that moves axes a and b (a before b) behind all others, and its inverse.
[[nodiscard]] Axes to_the_end(int rank, int a, int b);
[[nodiscard]] Axes from_the_end(int rank, int a, int b);

/// Zeros of a shape, as one recorded constant that is broadcast.
[[nodiscard]] Var zeros(Tape& tape, const Shape& shape);

/// Runs f with pointers of the element type at hand: T for real values, Index for indices.
template <class T, class F>
void with_elements(const Call<T>& call, F f) {
  if (call.out_type->kind == Kind::index)
    f(call.indices(0), call.index_output());
  else
    f(call.input(0), call.output());
}

}  // namespace dtheta::detail
