#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "autodiff/grad.hpp"
#include "autodiff/kernels/recurrent.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/shape/concat.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "autodiff/tape.hpp"

/// What the ops that take all steps of a recurrent layer at once share.
namespace dtheta::detail {

/// The size of an axis, 0 where there is none: what does not fit is said by require_sequence.
[[nodiscard]] inline Index dim(const Shape& s, int axis) { return axis < s.rank() ? s[axis] : 0; }

/// Throws ShapeError naming `op` unless the operands have these shapes and there is a step.
void require_sequence(std::string_view op, Types in, const RecurrentSizes& z,
                      std::initializer_list<Shape> shapes);

/// Operands and steps that samples are drawn for: one step and several, from both ends, of no
/// samples.
[[nodiscard]] std::span<const RecurrentSizes> recurrent_cases();

/// h as each step found it, (time, samples, hidden), from that after each, and before the first.
[[nodiscard]] Var states_before(Var h, Var h0, const RecurrentSizes& z);

/// The same value as a record of its own, through which derivatives pass.
[[nodiscard]] Var alias_of(Var v);

/// What operand i receives where an op is differentiated as what it is made of: made(operands) is
/// recorded anew from aliases of them, so that nothing but the operand in question is seen to
/// change.
template <std::size_t n, class Made>
Var vjp_as_made(const Made& made, int i, const Primal& p, Var c) {
  std::array<Var, n> in;
  for (std::size_t k = 0; k < n; ++k) in[k] = alias_of(p[static_cast<int>(k)]);
  const Var y = made(in);
  return dtheta::vjp(std::span(&y, 1), std::span(&c, 1),
                     std::span(&in[static_cast<std::size_t>(i)], 1))
      .front();
}

template <class Op, std::size_t n>
Var apply_to(const Op& op, const std::array<Var, n>& in) {
  const std::vector<Arg> operands(in.begin(), in.end());
  return apply(record_of<Op>, &op, std::span<const Arg>(operands));
}

/// op(in), or the record of it that was made a moment ago for another operand: the cotangent of the
/// steps is the same for all of them. `after`: it is not older than this.
template <class Op, std::size_t n>
Var apply_once(const Op& op, const std::array<Var, n>& in, Var after) {
  Tape& tape = after.tape();
  constexpr std::uint32_t recent = 64;
  const std::uint32_t end = tape.size();
  for (std::uint32_t k = end; k > after.index() + 1 && end - k < recent; --k) {
    const Node& node = tape.node(k - 1);
    const bool same = node.op == &record_of<Op> && *static_cast<const Op*>(node.attributes) == op &&
                      std::ranges::equal(tape.inputs(k - 1), in, [](std::uint32_t a, const Var& b) {
                        return a == b.index();
                      });
    if (same) return Var(tape, k - 1);
  }
  return apply_to(op, in);
}

/// A rule for a leading axis that applies the op to one item after the other.
template <std::size_t n, class Op>
Var one_by_one(const Op& op, const Batch& b) {
  std::vector<Var> items;
  for (Index k = 0; k < b.size; ++k) {
    std::array<Var, n> in;
    for (std::size_t i = 0; i < n; ++i) {
      const int at = static_cast<int>(i);
      in[i] = b.is_batched(at) ? select(b[at], 0, k) : b[at];
    }
    items.push_back(expand_dims(apply_to(op, in), 0));
  }
  return concat(items, 0);
}

}  // namespace dtheta::detail
