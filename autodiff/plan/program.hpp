#pragma once

#include <cstdint>
#include <source_location>
#include <string>
#include <unordered_map>
#include <vector>

#include "autodiff/arena.hpp"
#include "autodiff/op.hpp"
#include "autodiff/plan.hpp"
#include "autodiff/tape.hpp"

/// What a plan is made of. It is built in passes, each in a file of its own:
///   select.cpp  tape -> values and instructions: dead code left out, equal ones merged
///   absorb.cpp  products of matrices -> the sums that they are a term of
///   fuse.cpp    instructions -> steps: elementwise runs grouped
///   memory.cpp  values -> offsets: lifetimes, reuse, in place
namespace dtheta::detail {

inline constexpr std::uint32_t no_id = ~std::uint32_t{0};

/// A value of the program, named by its position.
struct Value {
  ValueType type;
  Role role = Role::op;
  std::uint32_t node = no_id;     // its record on the tape
  std::uint32_t storage = no_id;  // the value whose memory it uses: itself, unless it is a view
  bool fixed = false;             // depends on constants alone: computed once
  bool persistent = false;        // must be there after a run
  // Set by the later passes:
  bool internal = false;  // lives only in the tiles of a fused group
  Index offset = 0;       // elements from the start of the real or the index storage
};

struct Instruction {
  const OpRecord* op;
  const void* attributes;
  std::vector<std::uint32_t> inputs;
  std::uint32_t output;
};

/// Instructions executed together: one kernel, or a group of elementwise ops of one shape.
struct Step {
  std::vector<std::uint32_t> instructions;
  bool fixed = false;  // executed once, when a workspace is made
  bool elementwise = false;
};

/// A leaf that takes a value after each run.
struct Update {
  std::uint32_t leaf;
  std::uint32_t value;
  bool in_place = false;  // the value is computed where the leaf lives: nothing to copy
};

struct GuardCheck {
  std::uint32_t value;
  bool taken;
  std::source_location where;
};

struct Program {
  const Tape* tape = nullptr;  // identity only; it may be gone
  DType precision = DType::float64;
  PlanOptions options;
  std::vector<Value> values;
  std::vector<Instruction> instructions;
  std::vector<Step> steps;
  std::vector<Update> updates;
  std::vector<GuardCheck> guards;
  std::unordered_map<std::uint32_t, std::uint32_t> value_of_node;
  std::vector<std::pair<std::uint32_t, Tensor>> initial;  // leaves and constants
  std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> steps_from_leaf;
  Index real_elements = 0;
  Index index_elements = 0;
  Arena attributes;

  [[nodiscard]] const Value& storage_of(std::uint32_t v) const { return values[values[v].storage]; }
  [[nodiscard]] bool is_index(std::uint32_t v) const { return values[v].type.kind == Kind::index; }
};

/// The value that stands for a Var. Throws StateError when the plan has none.
[[nodiscard]] std::uint32_t value_of(const Program& program, Var v);

void select(Program& program, std::span<const Var> outputs);
void absorb(Program& program);
void fuse(Program& program);
void assign_memory(Program& program);

}  // namespace dtheta::detail
