#include "autodiff/grad.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "autodiff/checkpoint.hpp"
#include "autodiff/errors.hpp"
#include "autodiff/ops/broadcast.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/record/sweep.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {
namespace {

using detail::OverRange, detail::dependents, detail::largest, detail::smallest;
using detail::require_real_values, detail::require_same_tape, detail::require_single;

void require_matching(std::string_view what, std::span<const Var> of, std::span<const Var> given) {
  if (of.size() != given.size()) {
    throw ShapeError(fmt::format("{}: {} directions for {} values", what, given.size(), of.size()));
  }
  for (std::size_t k = 0; k < of.size(); ++k) {
    if (of[k].shape() != given[k].shape()) {
      throw ShapeError(fmt::format("{}: direction {} has shape {}, its value has {}", what, k,
                                   to_string(given[k].shape()), to_string(of[k].shape())));
    }
  }
}

/// Stands for no derivative so far.
constexpr std::uint32_t none = Node::none;

/// The cotangent of a record so far, and one more part of it.
void add_to(std::uint32_t& sum, Var part) {
  sum = (sum == none ? part : part.at(sum) + part).index();
}

Primal primal_of(Tape& tape, std::uint32_t i) { return {tape.inputs(i), tape.var(i)}; }

/// The same with what stands for the records; `operands` holds them.
Primal primal_of(Tape& tape, std::uint32_t i, const detail::Recomputed& recomputed,
                 std::vector<std::uint32_t>& operands) {
  if (recomputed.empty()) return primal_of(tape, i);
  operands.clear();
  for (const std::uint32_t in : tape.inputs(i)) operands.push_back(recomputed.place_of(in));
  return {operands, tape.var(recomputed.place_of(i))};
}

std::vector<Var> operands_of(const Primal& p) {
  std::vector<Var> operands;
  for (const std::uint32_t in : p.in) operands.emplace_back(p.out.tape(), in);
  return operands;
}

Var zeros_like(Var x) { return broadcast_to(x.tape().constant(0.0), x.shape()); }

Var added(Var a, Var b) { return a.exists() ? a + b : b; }

/// Tangent of an op without a jvp of its own. Its vjp is linear in the cotangent, so the transpose
/// of that linear map, taken at any cotangent, is the jvp:  t -> d/dc <vjp(c), t>.
Var transposed_vjp(Tape& tape, const OpRecord& op, const void* attributes, const Primal& p,
                   std::span<const Var> tangents) {
  const Var cotangent = tape.constant(Tensor(p.out.shape()));
  std::vector<Var> pulled, directions;
  for (std::size_t k = 0; k < tangents.size(); ++k) {
    if (!tangents[k].exists()) continue;
    const Var v = op.vjp(attributes, static_cast<int>(k), p, cotangent);
    if (!v.exists()) continue;
    pulled.push_back(v);
    directions.push_back(tangents[k]);
  }
  if (pulled.empty()) return {};
  return vjp(pulled, directions, std::span(&cotangent, 1)).front();
}

/// Applies the op with some operands replaced.
Var reapplied(const OpRecord& op, const void* attributes, std::span<const Var> in) {
  const std::vector<Arg> args(in.begin(), in.end());
  return apply(op, attributes, args);
}

Var linear_tangent(const OpRecord& op, const void* attributes, const Primal& p,
                   std::span<const Var> tangents) {
  std::vector<Var> in = operands_of(p);
  for (std::size_t k = 0; k < in.size(); ++k) {
    if (tangents[k].exists())
      in[k] = tangents[k];
    else if (!in[k].is_index())
      in[k] = zeros_like(in[k]);
  }
  return reapplied(op, attributes, in);
}

Var multilinear_tangent(const OpRecord& op, const void* attributes, const Primal& p,
                        std::span<const Var> tangents) {
  Var sum;
  for (std::size_t k = 0; k < tangents.size(); ++k) {
    if (!tangents[k].exists()) continue;
    std::vector<Var> in = operands_of(p);
    in[k] = tangents[k];
    sum = added(sum, reapplied(op, attributes, in));
  }
  return sum;
}

Var tangent_of(Tape& tape, std::uint32_t i, const Primal& p, std::span<const Var> tangents) {
  const OpRecord& op = *tape.node(i).op;
  const void* attributes = tape.node(i).attributes;
  if (op.jvp != nullptr) return op.jvp(attributes, p, tangents);
  if (op.info.linear) return linear_tangent(op, attributes, p, tangents);
  if (op.info.multilinear) return multilinear_tangent(op, attributes, p, tangents);
  return transposed_vjp(tape, op, attributes, p, tangents);
}

}  // namespace

std::vector<Var> vjp(std::span<const Var> ys, std::span<const Var> cotangents,
                     std::span<const Var> xs) {
  if (xs.empty() || ys.empty()) return {};
  Tape& tape = ys[0].tape();
  require_same_tape("vjp", tape, ys);
  require_same_tape("vjp", tape, cotangents);
  require_same_tape("vjp", tape, xs);
  require_real_values("vjp", xs);
  require_matching("vjp", ys, cotangents);

  const std::uint32_t first = smallest(xs), last = std::max(largest(ys), largest(xs));
  OverRange<char> depends = dependents(tape, xs, last);
  OverRange<std::uint32_t> adjoint(first, last, none);
  for (std::size_t k = 0; k < ys.size(); ++k) {
    if (adjoint.covers(ys[k].index())) add_to(adjoint[ys[k].index()], cotangents[k]);
  }

  detail::Recomputed recomputed(tape);
  std::vector<std::uint32_t> operands;
  for (std::uint32_t i = last + 1; i-- > first;) {
    const Node& node = tape.node(i);
    if (adjoint[i] == none || !depends[i] || node.role != Role::op) continue;
    recomputed.meet(i);
    const Tape::DerivativeOf scope(tape, i);
    const Primal primal = primal_of(tape, i, recomputed, operands);
    const Var cotangent = tape.var(adjoint[i]);
    for (std::size_t k = 0; k < primal.in.size(); ++k) {
      const std::uint32_t in = tape.inputs(i)[k];
      if (!adjoint.covers(in) || !depends[in]) continue;
      const Var v = node.op->vjp(node.attributes, static_cast<int>(k), primal, cotangent);
      if (v.exists()) add_to(adjoint[in], v);
    }
  }

  std::vector<Var> result;
  for (Var x : xs) {
    const std::uint32_t c = adjoint[x.index()];
    result.push_back(c != none ? tape.var(c) : zeros_like(x));
  }
  return result;
}

std::vector<Var> grad(Var y, std::span<const Var> xs) {
  require_single("grad", y);
  require_real_values("grad", xs);
  const Var one = broadcast_to(y.tape().constant(1.0), y.shape());
  return vjp(std::span(&y, 1), std::span(&one, 1), xs);
}

std::vector<Var> grad(Var y, std::initializer_list<Var> xs) {
  return grad(y, std::span(xs.begin(), xs.size()));
}

Var grad(Var y, Var x) { return grad(y, {x}).front(); }

std::vector<Var> jvp(std::span<const Var> ys, std::span<const Var> xs,
                     std::span<const Var> tangents) {
  if (xs.empty() || ys.empty()) return {};
  Tape& tape = ys[0].tape();
  require_same_tape("jvp", tape, ys);
  require_same_tape("jvp", tape, xs);
  require_real_values("jvp", xs);
  require_same_tape("jvp", tape, tangents);
  require_matching("jvp", xs, tangents);

  const std::uint32_t first = smallest(xs), last = std::max(largest(ys), largest(xs));
  OverRange<char> depends = dependents(tape, xs, last);
  OverRange<Var> tangent(first, last);
  for (std::size_t k = 0; k < xs.size(); ++k) tangent[xs[k].index()] = tangents[k];

  std::vector<Var> in;
  for (std::uint32_t i = first; i <= last; ++i) {
    if (!depends[i] || tangent[i].exists() || tape.node(i).role != Role::op) continue;
    const Primal primal = primal_of(tape, i);
    in.clear();
    for (const std::uint32_t x : primal.in) {
      in.push_back(tangent.covers(x) ? tangent[x] : Var{});
    }
    if (std::ranges::none_of(in, &Var::exists)) continue;
    const Tape::DerivativeOf scope(tape, i);
    tangent[i] = tangent_of(tape, i, primal, in);
  }

  std::vector<Var> result;
  for (Var y : ys) {
    const Var t = tangent.covers(y.index()) ? tangent[y.index()] : Var{};
    result.push_back(t.exists() ? t : zeros_like(y));
  }
  return result;
}

std::vector<Var> hvp(Var y, std::span<const Var> xs, std::span<const Var> vs) {
  const std::vector<Var> g = grad(y, xs);
  return vjp(g, vs, xs);
}

}  // namespace dtheta
