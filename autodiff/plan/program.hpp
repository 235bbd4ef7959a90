#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <unordered_map>
#include <vector>

#include "autodiff/op.hpp"
#include "autodiff/plan.hpp"
#include "autodiff/tape.hpp"

/// What a plan is made of. It is built in passes, each in a file of its own:
///   select.cpp      tape -> values and instructions: dead code left out, equal ones merged
///   exchange.cpp    relu and the pooling behind it -> the pooling first
///   absorb.cpp      products of matrices -> the sums that they are a term of
///   collect.cpp     sums of many small products -> fewer large ones
///   fuse.cpp        instructions -> steps: elementwise runs grouped, all in the order of execution
///   dependents.cpp  leaves -> the steps that depend on them, where partial replay is possible
///   memory.cpp      values -> offsets: lifetimes, reuse, in place
///
/// Everything is a flat array, and a name is a position in one. A plan has about two values and two
/// instructions for each record of the tape: they are kept small.
namespace dtheta::detail {

inline constexpr std::uint32_t no_id = ~std::uint32_t{0};

/// Values of so many elements or more start on a cache line, in every scalar; shorter ones lie
/// densely, on multiples of the second number, so that four doubles never lie across two lines.
inline constexpr Index line_grain = 16;
inline constexpr Index short_grain = 4;

/// A value of the program, named by its position.
struct Value {
  std::uint32_t type = no_id;     // in the program's types
  std::uint32_t storage = no_id;  // the value whose memory it uses: itself, unless it is a view
  Role role = Role::op;
  bool fixed = false;       // depends on constants and settled leaves alone
  bool persistent = false;  // must be there after a run
  // Set by the later passes:
  bool internal = false;  // lives only in the tiles of a fused group
  Index offset = 0;       // elements from the start of the real or the index storage
};

struct Instruction {
  const OpRecord* op;
  const void* attributes;
  std::uint32_t first_input;  // in the program's inputs
  std::uint32_t input_count;
  std::uint32_t output;
};

/// Instructions executed together: one kernel, or a group of elementwise ops of one shape.
struct Step {
  std::uint32_t first;  // of its instructions, which lie side by side
  std::uint32_t count;
  bool fixed;  // executed when a workspace is made and when it is settled
  bool elementwise;
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
  SourceLocation where;
};

/// A record of the tape and the value that stands for it.
struct NodeValue {
  std::uint32_t node;
  std::uint32_t value;
};

/// The first elements of a leaf or constant.
struct Initial {
  std::uint32_t value;
  DType dtype;
  std::size_t start;  // in the program's initial bytes; a multiple of 8
};

struct Program {
  const TapeSlot* slot = nullptr;        // of the tape, which may be gone
  std::uint64_t base = TapeSlot::never;  // of the slot, then
  DType precision = DType::float64;
  PlanOptions options;
  TypeTable types;  // most values share a few
  std::vector<Value> values;
  std::vector<std::uint32_t> inputs;  // of all instructions: values
  std::vector<Instruction> instructions;
  std::vector<Step> steps;  // those that are executed once come first
  std::vector<Update> updates;
  std::vector<GuardCheck> guards;
  std::vector<NodeValue> value_of_node;  // by node
  std::vector<Initial> initial;          // of leaves and constants
  std::vector<std::byte> initial_bytes;
  std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> steps_from_leaf;
  Index real_elements = 0;
  Index index_elements = 0;
  std::size_t scratch_elements = 0;  // the most that a kernel asks for
  std::size_t tile_elements = 0;     // the most that an elementwise step needs for its tiles
  AlignedBytes attributes;           // of all instructions, in their order

  [[nodiscard]] const ValueType& type_of(std::uint32_t v) const { return types[values[v].type]; }
  [[nodiscard]] Index size_of(std::uint32_t v) const { return type_of(v).shape.size(); }
  [[nodiscard]] bool is_index(std::uint32_t v) const { return type_of(v).kind == Kind::index; }
  [[nodiscard]] const Value& storage_of(std::uint32_t v) const { return values[values[v].storage]; }
  [[nodiscard]] std::span<const std::uint32_t> inputs_of(const Instruction& i) const {
    return {inputs.data() + i.first_input, i.input_count};
  }
  /// Gives an instruction other operands.
  void set_inputs(Instruction& i, std::initializer_list<std::uint32_t> values_read) {
    i.first_input = static_cast<std::uint32_t>(inputs.size());
    i.input_count = static_cast<std::uint32_t>(values_read.size());
    inputs.insert(inputs.end(), values_read);
  }
  [[nodiscard]] std::span<const Instruction> instructions_of(const Step& s) const {
    return {instructions.data() + s.first, s.count};
  }
  /// Elements of each result of a step.
  [[nodiscard]] Index elements_of(const Step& s) const {
    return size_of(instructions[s.first].output);
  }
  /// The value of a record, or no_id.
  [[nodiscard]] std::uint32_t find(std::uint32_t node) const;
  /// That of a Var of the tape this was compiled from, as it was then; no_id for any other.
  [[nodiscard]] std::uint32_t find(Var v) const;
};

/// The value that stands for a Var. Throws StateError when the plan has none.
[[nodiscard]] std::uint32_t value_of(const Program& program, Var v);

/// Whether a value is still there after a run.
[[nodiscard]] inline bool is_kept(const Program& program, std::uint32_t v) {
  const Value& storage = program.storage_of(v);
  return !storage.internal && (storage.persistent || !program.options.reuse_memory);
}

void select(Program& program, const Tape& tape, std::span<const Var> outputs);
void exchange(Program& program);
void absorb(Program& program);
void collect(Program& program);
void fuse(Program& program);
void find_dependents(Program& program);
void assign_memory(Program& program);

}  // namespace dtheta::detail
