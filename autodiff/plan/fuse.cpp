// Instructions -> steps. An elementwise op over few elements costs more to start than to compute,
// and over many it waits for memory; both are cured by computing a run of them together, a tile at
// a time, with what lies between them never leaving the cache.
//
// An op may join an earlier group of the same shape if everything it reads is computed before that
// group or in it. It does so when it shares an operand with the group or reads one of its results;
// otherwise there is nothing to gain but a longer life for its result.

#include <algorithm>
#include <array>

#include "autodiff/plan/program.hpp"

namespace dtheta::detail {
namespace {

/// The tiles of a group should stay in a first-level cache together.
constexpr std::size_t max_group = 16;

class Fuser {
 public:
  explicit Fuser(Program& program)
      : program_(program),
        step_of_value_(program.values.size(), -1),
        readers_(program.values.size(), no_readers()) {}

  void place(std::uint32_t i) {
    const Instruction& ins = program_.instructions[i];
    const bool elementwise = ins.op->is_elementwise();
    const int target = elementwise && program_.options.fuse ? group_for(ins) : -1;
    const int s = target >= 0 ? target : static_cast<int>(program_.steps.size());
    if (target >= 0)
      step(s).instructions.push_back(i);
    else
      program_.steps.push_back({{i}, program_.values[ins.output].fixed, elementwise});
    step_of_value_[ins.output] = s;
    if (elementwise) note_reader(ins, s);
  }

 private:
  Step& step(int s) { return program_.steps[static_cast<std::size_t>(s)]; }

  /// The step that computes a value, -1 for leaves and constants.
  [[nodiscard]] int computed_in(std::uint32_t v) const {
    return step_of_value_[program_.values[v].storage];
  }

  /// What a group computes is in tiles of its own shape: it can be read there element for element,
  /// but not broadcast.
  [[nodiscard]] bool reads_in_order(const Instruction& ins, int s) const {
    const Index size = program_.values[ins.output].type.shape.size();
    return std::ranges::all_of(ins.inputs, [&](std::uint32_t in) {
      return computed_in(in) != s || program_.values[in].type.shape.size() == size;
    });
  }

  [[nodiscard]] bool may_join(const Instruction& ins, int s) const {
    const Step& group = program_.steps[static_cast<std::size_t>(s)];
    const Value& out = program_.values[ins.output];
    if (!group.elementwise || group.fixed != out.fixed) return false;
    if (group.instructions.size() >= max_group) return false;
    const Value& first = program_.values[program_.instructions[group.instructions[0]].output];
    return first.type.shape == out.type.shape && reads_in_order(ins, s);
  }

  /// The last group that computes or reads an operand of `ins` and has a place for it, else -1.
  [[nodiscard]] int group_for(const Instruction& ins) const {
    int earliest = 0, found = -1;
    for (std::uint32_t in : ins.inputs) earliest = std::max(earliest, computed_in(in));
    const auto consider = [&](int s) {
      if (s >= earliest && s > found && may_join(ins, s)) found = s;
    };
    for (std::uint32_t in : ins.inputs) {
      if (computed_in(in) >= 0) consider(computed_in(in));
      if (program_.values[in].fixed) continue;
      for (int s : readers_[program_.values[in].storage]) consider(s);
    }
    return found;
  }

  /// Keeps the last few groups that read each value: what many ops read needs no longer list.
  void note_reader(const Instruction& ins, int s) {
    for (std::uint32_t in : ins.inputs) {
      Readers& readers = readers_[program_.values[in].storage];
      if (std::ranges::find(readers, s) != readers.end()) continue;
      std::ranges::rotate(readers, readers.begin() + 1);
      readers.back() = s;
    }
  }

  using Readers = std::array<int, 4>;
  static constexpr Readers no_readers() { return {-1, -1, -1, -1}; }

  Program& program_;
  std::vector<int> step_of_value_;
  std::vector<Readers> readers_;
};

/// Marks values that nobody outside their group reads: they need no memory.
void find_internal_values(Program& program) {
  std::vector<int> step_of(program.values.size(), -1);
  std::vector<char> escapes(program.values.size(), 0);
  for (std::size_t s = 0; s < program.steps.size(); ++s) {
    for (std::uint32_t i : program.steps[s].instructions) {
      step_of[program.instructions[i].output] = static_cast<int>(s);
    }
  }
  for (std::size_t s = 0; s < program.steps.size(); ++s) {
    for (std::uint32_t i : program.steps[s].instructions) {
      for (std::uint32_t in : program.instructions[i].inputs) {
        const std::uint32_t storage = program.values[in].storage;
        if (step_of[storage] != static_cast<int>(s)) escapes[storage] = 1;
      }
    }
  }
  for (Step& step : program.steps) {
    if (!step.elementwise) continue;
    for (std::uint32_t i : step.instructions) {
      const std::uint32_t v = program.instructions[i].output;
      program.values[v].internal = !escapes[v] && !program.values[v].persistent;
    }
  }
}

void find_dependents(Program& program) {
  std::vector<std::vector<std::uint32_t>> leaves_of(program.values.size());
  for (std::uint32_t v = 0; v < program.values.size(); ++v) {
    if (program.values[v].role != Role::leaf) continue;
    // One pass over the steps for each leaf: leaves are few, steps are in order.
    std::vector<char> reached(program.values.size(), 0);
    reached[v] = 1;
    std::vector<std::uint32_t>& steps = program.steps_from_leaf[v];
    for (std::uint32_t s = 0; s < program.steps.size(); ++s) {
      bool depends = false;
      for (std::uint32_t i : program.steps[s].instructions) {
        const Instruction& ins = program.instructions[i];
        const bool hit = std::ranges::any_of(
            ins.inputs, [&](std::uint32_t in) { return reached[program.values[in].storage] != 0; });
        if (hit) reached[ins.output] = 1;
        depends |= hit;
      }
      if (depends) steps.push_back(s);
    }
  }
}

}  // namespace

void fuse(Program& program) {
  Fuser fuser(program);
  for (std::uint32_t i = 0; i < program.instructions.size(); ++i) fuser.place(i);
  find_internal_values(program);
  find_dependents(program);
}

}  // namespace dtheta::detail
