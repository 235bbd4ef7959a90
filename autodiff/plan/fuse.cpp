// Instructions -> steps. An elementwise op over few elements costs more to start than to compute,
// and over many it waits for memory; both are cured by computing a run of them together, a tile at
// a time, with what lies between them never leaving the cache.
//
// An op may join an earlier group of the same shape if everything it reads is computed before that
// group or in it. It does so when it shares an operand with the group or reads one of its results;
// otherwise there is nothing to gain but a longer life for its result.

#include <algorithm>

#include "autodiff/plan/program.hpp"

namespace dtheta::detail {
namespace {

/// The tiles of a group should stay in a first-level cache together.
constexpr std::size_t max_group = 16;

class Fuser {
 public:
  explicit Fuser(Program& program) : program_(program), step_of_value_(program.values.size(), -1) {}

  void place(std::uint32_t i) {
    const Instruction& ins = program_.instructions[i];
    const bool elementwise = ins.op->is_elementwise();
    const int target = elementwise && program_.options.fuse ? group_for(ins) : -1;
    if (target >= 0) {
      step(target).instructions.push_back(i);
      step_of_value_[ins.output] = target;
      return;
    }
    step_of_value_[ins.output] = static_cast<int>(program_.steps.size());
    program_.steps.push_back({{i}, program_.values[ins.output].fixed, elementwise});
  }

 private:
  Step& step(int s) { return program_.steps[static_cast<std::size_t>(s)]; }

  /// The step that computes a value, -1 for leaves and constants.
  [[nodiscard]] int computed_in(std::uint32_t v) const {
    return step_of_value_[program_.values[v].storage];
  }

  [[nodiscard]] bool related(const Instruction& ins, const Step& group) const {
    return std::ranges::any_of(group.instructions, [&](std::uint32_t g) {
      const Instruction& member = program_.instructions[g];
      return std::ranges::any_of(ins.inputs, [&](std::uint32_t in) {
        const std::uint32_t storage = program_.values[in].storage;
        return storage == member.output ||
               std::ranges::any_of(member.inputs, [&](std::uint32_t other) {
                 return program_.values[other].storage == storage && !program_.values[other].fixed;
               });
      });
    });
  }

  /// What a group computes is in tiles of its own shape: it can be read there element for element,
  /// but not broadcast.
  [[nodiscard]] bool reads_in_order(const Instruction& ins, int s) const {
    const Index size = program_.values[ins.output].type.shape.size();
    return std::ranges::all_of(ins.inputs, [&](std::uint32_t in) {
      return computed_in(in) != s || program_.values[in].type.shape.size() == size;
    });
  }

  [[nodiscard]] int group_for(const Instruction& ins) const {
    int earliest = 0;
    for (std::uint32_t in : ins.inputs) earliest = std::max(earliest, computed_in(in));
    const Value& out = program_.values[ins.output];
    for (int s = static_cast<int>(program_.steps.size()) - 1; s >= earliest; --s) {
      const Step& group = program_.steps[static_cast<std::size_t>(s)];
      if (!group.elementwise || group.fixed != out.fixed) continue;
      if (group.instructions.size() >= max_group) continue;
      const Value& first = program_.values[program_.instructions[group.instructions[0]].output];
      if (first.type.shape != out.type.shape || !reads_in_order(ins, s)) continue;
      if (related(ins, group)) return s;
    }
    return -1;
  }

  Program& program_;
  std::vector<int> step_of_value_;
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
