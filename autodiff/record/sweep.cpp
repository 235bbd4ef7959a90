#include "autodiff/record/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "autodiff/errors.hpp"

namespace dtheta::detail {

void require_same_tape(std::string_view what, const Tape& tape, std::span<const Var> vars) {
  for (Var v : vars) {
    if (!v.exists() || &v.tape() != &tape) {
      throw StateError(fmt::format("{}: all values must be recorded on one tape", what));
    }
    tape.require(v);  // throws for one that the tape has forgotten
  }
}

void require_real_values(std::string_view what, std::span<const Var> xs) {
  for (std::size_t k = 0; k < xs.size(); ++k) {
    if (!xs[k].exists() || !xs[k].is_index()) continue;
    throw TypeError(fmt::format("{}: value {} of shape {} holds indices, which have no derivative",
                                what, k, to_string(xs[k].shape())));
  }
}

void require_single(std::string_view what, Var y) {
  if (y.size() == 1) return;
  throw ShapeError(
      fmt::format("{}: y has shape {}; only a single element has a gradient (use "
                  "vjp with a cotangent, or reduce it first)",
                  what, to_string(y.shape())));
}

std::uint32_t smallest(std::span<const Var> vars) {
  return std::ranges::min_element(vars, {}, &Var::index)->index();
}
std::uint32_t largest(std::span<const Var> vars) {
  return std::ranges::max_element(vars, {}, &Var::index)->index();
}

OverRange<char> dependents(const Tape& tape, std::span<const Var> xs, std::uint32_t last) {
  OverRange<char> depends(smallest(xs), last);
  for (Var x : xs) {
    if (depends.covers(x.index())) depends[x.index()] = 1;
  }
  for (std::uint32_t i = smallest(xs); i <= last; ++i) {
    const Node& node = tape.node(i);
    if (node.role != Role::op) continue;
    bool reaches = false;
    for (std::uint32_t k = 0; k < node.input_count && !reaches; ++k) {
      reaches = depends.covers(node.inputs[k]) && depends[node.inputs[k]] != 0;
    }
    if (reaches && node.op->info.differentiable && node.type->kind == Kind::real) depends[i] = 1;
  }
  return depends;
}

}  // namespace dtheta::detail
