#include "autodiff/plan.hpp"

#include "autodiff/errors.hpp"
#include "autodiff/plan/program.hpp"

namespace dtheta {
namespace {

const Tape& tape_of(std::span<const Var> outputs, const PlanOptions& options) {
  const Tape* tape = nullptr;
  const auto consider = [&](Var v) {
    if (!v.exists()) throw StateError("plan: an output was never recorded");
    if (tape == nullptr) tape = &v.tape();
    if (tape != &v.tape()) throw StateError("plan: the outputs belong to different tapes");
  };
  for (Var y : outputs) consider(y);
  for (const auto& [leaf, value] : options.updates) {
    consider(leaf);
    consider(value);
  }
  if (tape == nullptr) throw StateError("plan: there are no outputs");
  return *tape;
}

}  // namespace

Plan::Plan(std::span<const Var> outputs, const PlanOptions& options) {
  auto program = std::make_shared<detail::Program>();
  program->tape = &tape_of(outputs, options);
  program->precision = program->tape->precision();
  program->options = options;
  detail::select(*program, outputs);
  if (options.fuse && options.reuse_memory) detail::absorb(*program);
  detail::fuse(*program);
  detail::assign_memory(*program);
  program_ = std::move(program);
}

std::size_t Plan::step_count() const {
  std::size_t count = 0;
  for (const detail::Step& s : program_->steps) count += s.fixed ? 0 : 1;
  return count;
}

std::size_t Plan::op_count() const {
  std::size_t count = 0;
  for (const detail::Step& s : program_->steps) count += s.fixed ? 0 : s.instructions.size();
  return count;
}

bool Plan::has_leaf(Var x) const {
  if (!x.exists() || &x.tape() != program_->tape) return false;
  const auto known = program_->value_of_node.find(x.index());
  return known != program_->value_of_node.end() &&
         program_->values[known->second].role == Role::leaf;
}

bool Plan::computes(Var v) const {
  return v.exists() && &v.tape() == program_->tape && program_->value_of_node.contains(v.index());
}

Index Plan::memory_elements() const { return program_->real_elements; }

}  // namespace dtheta
