// Values -> offsets. Walking the steps in order, a value takes a free place that fits and gives it
// back after the last step that reads it. An elementwise step, or a product that is added to
// something, may write over an operand that dies there; an update may write over its leaf.

#include <algorithm>
#include <limits>

#include "autodiff/ops/linalg/merged_form.hpp"
#include "autodiff/plan/fused_group.hpp"
#include "autodiff/plan/places.hpp"
#include "autodiff/plan/program.hpp"

namespace dtheta::detail {
namespace {

/// The places of all values of a kind, the short ones behind all that are longer.
class Storage {
 public:
  [[nodiscard]] Places::Id take(Index size) { return places(size).take(size); }
  void give_back(Index size, Places::Id place) { places(size).give_back(place); }
  /// Within the places of values as long as this one.
  [[nodiscard]] Index start(Index size, Places::Id place) { return places(size).start(place); }
  /// Where the places of values of this size start.
  [[nodiscard]] Index base(Index size) const { return is_short(size) ? long_.end() : 0; }
  [[nodiscard]] Index end() const { return long_.end() + short_.end(); }

 private:
  static bool is_short(Index size) { return size < line_grain; }
  Places& places(Index size) { return is_short(size) ? short_ : long_; }

  Places long_{line_grain};
  Places short_{short_grain};
};

class Assigner {
 public:
  explicit Assigner(Program& program) : p_(program), lives_(program.values.size()) {
    dying_.reserve(16);
  }

  void run() {
    find_last_uses();
    note_updates();
    for (std::uint32_t v = 0; v < p_.values.size(); ++v) {
      const Value& value = p_.values[v];
      if (value.storage == v && value.role != Role::op) place(v);
    }
    for (std::size_t s = 0; s < p_.steps.size(); ++s) assign_step(static_cast<int>(s));
    for (std::uint32_t v = 0; v < p_.values.size(); ++v) {
      p_.values[v].offset += storage_of(v).base(p_.size_of(v));
    }
    p_.real_elements = real_.end();
    p_.index_elements = index_.end();
  }

 private:
  struct Life {
    int last_use = -1;  // the step; -1 when none reads it
    Places::Id place = Places::none;
    std::uint32_t dying = no_id;  // where in dying_, from its last step on
  };

  /// An operand that a step reads last, so that one of its results may be written there.
  struct Dying {
    std::uint32_t storage;
    std::uint32_t last_reader;  // among the members of the step
    bool may_be_overwritten;
    bool overwritten = false;
  };

  void find_last_uses() {
    for (std::size_t s = 0; s < p_.steps.size(); ++s) {
      for (const Instruction& ins : p_.instructions_of(p_.steps[s])) {
        for (std::uint32_t in : p_.inputs_of(ins)) {
          const std::uint32_t storage = p_.values[in].storage;
          // What is computed once but read in every run may not be overwritten by a step that,
          // later in order, runs once too.
          const bool for_good = p_.values[storage].fixed && !p_.steps[s].fixed;
          lives_[storage].last_use =
              for_good ? std::numeric_limits<int>::max() : static_cast<int>(s);
        }
      }
    }
  }

  void note_updates() {
    if (p_.updates.empty()) return;
    update_of_.assign(p_.values.size(), no_id);
    for (std::uint32_t u = 0; u < p_.updates.size(); ++u) {
      std::uint32_t& entry = update_of_[p_.updates[u].value];
      entry = entry == no_id ? u : several;
    }
  }

  Storage& storage_of(std::uint32_t v) { return p_.is_index(v) ? index_ : real_; }

  void place(std::uint32_t v) {
    const Index size = p_.size_of(v);
    lives_[v].place = storage_of(v).take(size);
    p_.values[v].offset = storage_of(v).start(size, lives_[v].place);
  }

  void assign_step(int s) {
    const Step& step = p_.steps[static_cast<std::size_t>(s)];
    if (p_.options.reuse_memory) find_dying(step, s);
    for (std::uint32_t k = 0; k < step.count; ++k) {
      const std::uint32_t v = p_.instructions[step.first + k].output;
      if (p_.values[v].internal) continue;
      if (!update_in_place(v, step, k, s) && !write_over_operand(v, k)) place(v);
    }
    if (p_.options.reuse_memory && !step.fixed) release(step);
  }

  void find_dying(const Step& step, int s) {
    dying_.clear();
    for (std::uint32_t m = 0; m < step.count; ++m) {
      for (std::uint32_t in : p_.inputs_of(p_.instructions[step.first + m])) {
        const std::uint32_t storage = p_.values[in].storage;
        const Value& operand = p_.values[storage];
        if (lives_[storage].last_use != s || operand.persistent || operand.internal) continue;
        std::uint32_t& known = lives_[storage].dying;
        if (known == no_id) {
          known = static_cast<std::uint32_t>(dying_.size());
          dying_.push_back({storage, m, may_write_over(storage, step)});
        } else {
          dying_[known].last_reader = m;
        }
      }
    }
  }

  /// Whether the kernel reads an element of the storage for the last time before it writes there.
  [[nodiscard]] bool may_write_over(std::uint32_t storage, const Step& step) const {
    if (step.elementwise) return true;
    const Instruction& ins = p_.instructions[step.first];
    const auto reads = [&](std::uint32_t in) { return p_.values[in].storage == storage; };
    const auto in = p_.inputs_of(ins);
    return adds_in_place(*ins.op) && reads(in[0]) && std::ranges::none_of(in.subspan(1), reads);
  }

  /// Member k of the step writes over the leaf that takes its result, if no later member reads it.
  bool update_in_place(std::uint32_t v, const Step& step, std::uint32_t k, int s) {
    if (update_of_.empty() || update_of_[v] >= several || !p_.options.reuse_memory) return false;
    if (step.fixed) return false;  // the leaf takes the value after each run, not once
    Update& u = p_.updates[update_of_[v]];
    if (!may_write_over(u.leaf, step) || lives_[u.leaf].last_use > s) return false;
    if (!p_.guards.empty()) return false;  // a guard that fails must leave the leaf as it was
    for (std::uint32_t m = k + 1; m < step.count; ++m) {
      for (std::uint32_t in : p_.inputs_of(p_.instructions[step.first + m])) {
        if (p_.values[in].storage == u.leaf) return false;
      }
    }
    u.in_place = true;
    p_.values[v].offset = p_.values[u.leaf].offset;
    return true;
  }

  /// Or over an operand as long as the result: then it is read element for element.
  bool write_over_operand(std::uint32_t v, std::uint32_t k) {
    for (Dying& d : dying_) {
      const bool free = d.may_be_overwritten && d.last_reader <= k;
      if (!free || p_.size_of(d.storage) != p_.size_of(v)) continue;
      d.may_be_overwritten = false;
      d.overwritten = true;
      lives_[v].place = lives_[d.storage].place;
      p_.values[v].offset = p_.values[d.storage].offset;
      return true;
    }
    return false;
  }

  /// Gives back what this step read last, and what it computed for nobody.
  void release(const Step& step) {
    const auto give_back = [&](std::uint32_t v) {
      storage_of(v).give_back(p_.size_of(v), lives_[v].place);
    };
    for (const Dying& d : dying_) {
      if (!d.overwritten) give_back(d.storage);
    }
    for (const Instruction& ins : p_.instructions_of(step)) {
      const Value& value = p_.values[ins.output];
      if (lives_[ins.output].last_use < 0 && !value.persistent && !value.internal)
        give_back(ins.output);
    }
  }

  static constexpr std::uint32_t several = no_id - 1;

  Program& p_;
  std::vector<Life> lives_;               // by storage
  std::vector<std::uint32_t> update_of_;  // by value: the update, no_id or `several`
  std::vector<Dying> dying_;              // in the step at hand
  Storage real_, index_;
};

/// What a workspace needs beside the values: scratch of one kernel, tiles of one elementwise step,
/// of which there is one at most for each operand and result.
void measure_scratch(Program& program) {
  std::vector<Operand> operands;
  for (const Step& step : program.steps) {
    if (step.elementwise) {
      std::size_t tiles = 0;
      for (const Instruction& ins : program.instructions_of(step)) tiles += ins.input_count + 1;
      const auto elements = static_cast<std::size_t>(program.elements_of(step));
      program.tile_elements = std::max(program.tile_elements, tiles * tile_length(elements));
    } else {
      const Instruction& ins = program.instructions[step.first];
      if (ins.op->scratch == nullptr) continue;
      operands.clear();
      for (std::uint32_t in : program.inputs_of(ins)) {
        operands.push_back({nullptr, &program.type_of(in)});
      }
      program.scratch_elements =
          std::max(program.scratch_elements, ins.op->scratch(ins.attributes, Types(operands)));
    }
  }
}

}  // namespace

void assign_memory(Program& program) {
  Assigner(program).run();
  measure_scratch(program);
}

}  // namespace dtheta::detail
