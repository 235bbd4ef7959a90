// Instructions -> steps. An elementwise op over few elements costs more to start than to compute,
// and over many it waits for memory; both are cured by computing a run of them together, a tile at
// a time, with what lies between them never leaving the cache.
//
// An op may join an earlier group of the same shape if everything it reads is computed before that
// group or in it. It does so when it shares an operand with the group or reads one of its results;
// otherwise there is nothing to gain but a longer life for its result.
//
// At the end the instructions are put in the order of execution: what is computed once first.

#include <algorithm>
#include <array>

#include "autodiff/plan/program.hpp"

namespace dtheta::detail {
namespace {

/// The tiles of a group should stay in a first-level cache together.
constexpr std::uint32_t max_group = 16;

class Fuser {
 public:
  explicit Fuser(Program& program)
      : p_(program),
        step_of_value_(program.values.size(), -1),
        readers_(program.options.fuse ? program.values.size() : 0, no_readers()) {
    steps_.reserve(p_.instructions.size());
  }

  void run() {
    for (std::uint32_t i = 0; i < p_.instructions.size(); ++i) place(i);
    put_in_order();
  }

 private:
  /// A step while it grows.
  struct Group {
    std::uint32_t first;  // of its instructions
    std::uint32_t count;
    bool fixed;
    bool elementwise;
  };

  void place(std::uint32_t i) {
    const Instruction& ins = p_.instructions[i];
    const bool elementwise = ins.op->is_elementwise();
    const bool may_share = elementwise && p_.options.fuse;
    int s = may_share ? group_for(ins) : -1;
    if (s >= 0) {
      ++steps_[static_cast<std::size_t>(s)].count;
    } else {
      s = static_cast<int>(steps_.size());
      steps_.push_back({i, 1, p_.values[ins.output].fixed, elementwise});
    }
    step_of_value_[ins.output] = s;
    note_memory(ins, s, elementwise);
    if (may_share) note_reader(ins, s);
  }

  /// What nobody outside its group reads needs no memory.
  void note_memory(const Instruction& ins, int s, bool elementwise) {
    Value& result = p_.values[ins.output];
    result.internal = elementwise && !result.persistent;
    for (std::uint32_t in : p_.inputs_of(ins)) {
      if (computed_in(in) != s) p_.values[p_.values[in].storage].internal = false;
    }
  }

  /// The step that computes a value, -1 for leaves and constants.
  [[nodiscard]] int computed_in(std::uint32_t v) const {
    return step_of_value_[p_.values[v].storage];
  }

  /// What a group computes is in tiles of its own shape: it can be read there element for element,
  /// but not broadcast.
  [[nodiscard]] bool reads_in_order(const Instruction& ins, int s) const {
    const Index size = p_.size_of(ins.output);
    return std::ranges::all_of(p_.inputs_of(ins), [&](std::uint32_t in) {
      return computed_in(in) != s || p_.size_of(in) == size;
    });
  }

  [[nodiscard]] bool may_join(const Instruction& ins, int s) const {
    const Group& group = steps_[static_cast<std::size_t>(s)];
    const Value& out = p_.values[ins.output];
    if (!group.elementwise || group.fixed != out.fixed || group.count >= max_group) return false;
    const Value& first = p_.values[p_.instructions[group.first].output];
    return first.type == out.type && reads_in_order(ins, s);
  }

  /// The last group that computes or reads an operand of `ins` and has a place for it, else -1.
  [[nodiscard]] int group_for(const Instruction& ins) const {
    int earliest = 0, found = -1;
    for (std::uint32_t in : p_.inputs_of(ins)) {
      // What is computed once is there before every run.
      const bool there = p_.values[in].fixed && !p_.values[ins.output].fixed;
      if (!there) earliest = std::max(earliest, computed_in(in));
    }
    const auto consider = [&](int s) {
      if (s >= earliest && s > found && may_join(ins, s)) found = s;
    };
    for (std::uint32_t in : p_.inputs_of(ins)) {
      if (computed_in(in) >= 0) consider(computed_in(in));
      if (p_.values[in].fixed) continue;
      for (int s : readers_[p_.values[in].storage]) consider(s);
    }
    return found;
  }

  /// Keeps the last few groups that read each value: what many ops read needs no longer list.
  void note_reader(const Instruction& ins, int s) {
    for (std::uint32_t in : p_.inputs_of(ins)) {
      if (p_.values[in].fixed) continue;
      Readers& readers = readers_[p_.values[in].storage];
      if (std::ranges::find(readers, s) != readers.end()) continue;
      std::rotate(readers.begin(), readers.begin() + 1, readers.end());
      readers.back() = s;
    }
  }

  void put_in_order() {
    p_.steps.reserve(steps_.size());
    std::uint32_t at = 0;
    for (const bool fixed : {true, false}) {
      for (Group& g : steps_) {
        if (g.fixed != fixed) continue;
        p_.steps.push_back({at, g.count, fixed, g.elementwise});
        g.first = at;  // from here on: where its next instruction goes
        at += g.count;
      }
    }
    std::vector<Instruction> ordered(p_.instructions.size());
    for (const Instruction& ins : p_.instructions) {
      ordered[steps_[static_cast<std::size_t>(step_of_value_[ins.output])].first++] = ins;
    }
    p_.instructions = std::move(ordered);
  }

  using Readers = std::array<int, 4>;
  static constexpr Readers no_readers() { return {-1, -1, -1, -1}; }

  Program& p_;
  std::vector<Group> steps_;
  std::vector<int> step_of_value_;  // -1 for leaves and constants
  std::vector<Readers> readers_;
};

}  // namespace

void fuse(Program& program) { Fuser(program).run(); }

}  // namespace dtheta::detail
