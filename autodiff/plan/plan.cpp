#include "autodiff/plan.hpp"

#include <cstring>

#include "autodiff/errors.hpp"
#include "autodiff/plan/program.hpp"

namespace dtheta {
namespace {

const Tape& tape_of(std::span<const Var> outputs, const PlanOptions& options) {
  const Tape* tape = nullptr;
  const auto consider = [&](Var v) {
    if (!v.exists()) throw StateError("plan: an output was never recorded");
    if (tape == nullptr) tape = &v.tape();
    if (&v.tape() != tape) throw StateError("plan: the outputs belong to different tapes");
    tape->require(v);  // throws for one that the tape has forgotten
  };
  for (Var y : outputs) consider(y);
  for (const auto& [leaf, value] : options.updates) {
    consider(leaf);
    consider(value);
  }
  for (const Var leaf : options.settled) {
    consider(leaf);
    if (tape->node(leaf).role != Role::leaf) {
      throw StateError("plan: only a leaf can be settled");
    }
  }
  if (outputs.empty() && options.updates.empty()) throw StateError("plan: there are no outputs");
  return *tape;
}

/// Attributes are still those of the tape. Copies them, side by side in the order of execution.
void own_attributes(detail::Program& program) {
  std::size_t bytes = 0;
  const auto place = [&](const OpRecord& op) {
    const std::size_t start = (bytes + op.alignment - 1) / op.alignment * op.alignment;
    bytes = start + op.bytes;
    return start;
  };
  for (const detail::Instruction& ins : program.instructions) place(*ins.op);
  program.attributes = allocate_aligned(bytes);
  bytes = 0;
  for (detail::Instruction& ins : program.instructions) {
    if (ins.op->bytes == 0) continue;
    std::byte* copy = program.attributes.get() + place(*ins.op);
    std::memcpy(copy, ins.attributes, ins.op->bytes);
    ins.attributes = copy;
  }
}

}  // namespace

Plan::Plan(std::span<const Var> outputs, const PlanOptions& options) {
  auto program = std::make_shared<detail::Program>();
  const Tape& tape = tape_of(outputs, options);
  program->slot = &tape.slot();
  program->base = program->slot->base_now();
  program->precision = tape.precision();
  program->options = options;
  detail::select(*program, tape, outputs);
  if (options.fuse && options.reuse_memory) {
    detail::exchange(*program);
    detail::absorb(*program);
    detail::collect(*program);
  }
  detail::fuse(*program);
  const bool partial_replay = !options.reuse_memory && options.updates.empty();
  if (partial_replay) detail::find_dependents(*program);
  detail::assign_memory(*program);
  own_attributes(*program);
  program_ = std::move(program);
}

const detail::Program& Plan::program() const {
  if (program_ == nullptr) throw StateError("plan: it has been moved from");
  return *program_;
}

std::size_t Plan::step_count() const {
  std::size_t count = 0;
  for (const detail::Step& s : program().steps) count += s.fixed ? 0 : 1;
  return count;
}

std::size_t Plan::op_count() const {
  std::size_t count = 0;
  for (const detail::Step& s : program().steps) count += s.fixed ? 0 : s.count;
  return count;
}

bool Plan::has_leaf(Var x) const {
  const std::uint32_t known = program().find(x);
  return known != detail::no_id && program_->values[known].role == Role::leaf;
}

bool Plan::computes(Var v) const { return program().find(v) != detail::no_id; }

bool Plan::keeps(Var v) const {
  return computes(v) && detail::is_kept(*program_, program_->find(v));
}

Index Plan::memory_elements() const { return program().real_elements; }

}  // namespace dtheta
