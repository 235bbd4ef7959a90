#include "gradcheck/bridge/blame/reverse_walk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>

#include "autodiff/ops/broadcast.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/shape/rearrange.hpp"

namespace dtheta::gradcheck {

bool cuts_derivative(Tape& tape, std::uint32_t i) {
  const Node& node = tape.node(i);
  if (node.role != Role::op || !node.op->info.view || node.type->kind != Kind::real) return false;
  if (!node.op->info.differentiable) return true;
  const Tape::Scratch scratch(tape);
  Tensor c(node.type->shape);
  double k = 0;
  for (double& v : c.data<double>()) v = ++k;
  const Primal primal{tape.inputs(i), Var(tape, i)};
  const Var v = node.op->vjp(node.attributes, 0, primal, tape.constant(c));
  if (!v.exists() || v.size() != c.size()) return true;
  const Tensor handed_down = v.value().to(DType::float64);
  return !std::ranges::equal(handed_down.data<double>(), c.data<double>());
}

ReverseWalk::ReverseWalk(Var cost, std::span<const Var> leaves, Cuts cuts, std::uint32_t but)
    : tape_(cost.tape()), last_(cost.index()), cuts_(cuts), but_(but), adjoint_(last_ + 1) {
  mark(leaves);
  adjoint_[last_] = broadcast_to(tape_.constant(1.0), cost.shape());
  for (std::uint32_t i = last_ + 1; i-- > 0 && broken_.empty();) {
    if (adjoint_[i].exists() && depends_[i] && tape_.node(i).role == Role::op) visit(i);
  }
}

bool ReverseWalk::opens(std::uint32_t i) const {
  return cuts_ == Cuts::open && i != but_ && cuts_derivative(tape_, i);
}

void ReverseWalk::mark(std::span<const Var> leaves) {
  depends_.assign(last_ + 1, 0);
  open_.assign(last_ + 1, 0);
  for (const Var x : leaves) {
    if (x.index() <= last_) depends_[x.index()] = 1;
  }
  for (std::uint32_t i = 0; i <= last_; ++i) {
    const Node& node = tape_.node(i);
    if (node.role != Role::op || node.type->kind != Kind::real) continue;
    open_[i] = opens(i);
    if (!node.op->info.differentiable && !open_[i]) continue;
    for (const std::uint32_t in : tape_.inputs(i)) depends_[i] |= depends_[in];
  }
}

void ReverseWalk::visit(std::uint32_t i) {
  Visit visit{i, adjoint_[i]};
  for (std::size_t k = 0; k < tape_.inputs(i).size() && broken_.empty(); ++k) {
    if (depends_[tape_.inputs(i)[k]]) take(visit, k);
  }
  if (!broken_.empty()) return;
  for (const Taken& taken : visit.taken) {
    Var& sum = adjoint_[taken.node];
    if (taken.cotangent.exists()) sum = sum.exists() ? sum + taken.cotangent : taken.cotangent;
  }
  visits_.push_back(std::move(visit));
}

void ReverseWalk::take(Visit& visit, std::size_t k) {
  const Node& node = tape_.node(visit.node);
  const Primal primal{tape_.inputs(visit.node), Var(tape_, visit.node)};
  const auto operand = static_cast<int>(k);
  const Shape& shape = primal[operand].shape();
  try {
    const Var v = open_[visit.node]
                      ? reshape(visit.cotangent, shape)
                      : node.op->vjp(node.attributes, operand, primal, visit.cotangent);
    if (v.exists() && v.shape() != shape) {
      broken_.push_back({visit.node, operand,
                         fmt::format("it gives a cotangent of shape {}", to_string(v.shape()))});
      return;
    }
    Taken& taken = entry(visit.taken, primal.in[k]);
    taken.operands.push_back(operand);
    if (v.exists()) taken.cotangent = taken.cotangent.exists() ? taken.cotangent + v : v;
  } catch (const std::exception& e) {
    broken_.push_back({visit.node, operand, fmt::format("it throws: {}", e.what())});
  }
}

ReverseWalk::Taken& ReverseWalk::entry(std::vector<Taken>& all, std::uint32_t node) {
  const auto known = std::ranges::find(all, node, &Taken::node);
  return known != all.end() ? *known : all.emplace_back(Taken{node});
}

}  // namespace dtheta::gradcheck
