// Values -> offsets. Walking the steps in order, a value takes the first free place that fits and
// gives it back after the last step that reads it. An elementwise step, or a product that is added
// to something, may write over an operand that dies there; an update may write over its leaf.

#include <algorithm>
#include <cassert>
#include <limits>
#include <map>

#include "autodiff/ops/forms.hpp"
#include "autodiff/plan/program.hpp"

namespace dtheta::detail {
namespace {

/// Places in a growing line of elements, each on a boundary of a cache line for any scalar.
class Line {
 public:
  Index take(Index size) {
    size = rounded(size);
    for (auto it = free_.begin(); it != free_.end(); ++it) {
      const auto [start, length] = *it;
      if (length < size) continue;
      free_.erase(it);
      if (length > size) free_.emplace(start + size, length - size);
      return start;
    }
    // A free place at the end can be made longer.
    if (!free_.empty() && free_.rbegin()->first + free_.rbegin()->second == end_) {
      const Index start = free_.rbegin()->first;
      free_.erase(start);
      end_ = start + size;
      return start;
    }
    const Index start = end_;
    end_ += size;
    return start;
  }

  void give_back(Index start, Index size) {
    size = rounded(size);
    if (size == 0) return;
    auto next = free_.emplace(start, size).first;
    if (next != free_.begin()) {
      const auto before = std::prev(next);
      if (before->first + before->second == start) {
        before->second += size;
        free_.erase(next);
        next = before;
      }
    }
    const auto after = std::next(next);
    if (after != free_.end() && next->first + next->second == after->first) {
      next->second += after->second;
      free_.erase(after);
    }
  }

  [[nodiscard]] Index end() const { return end_; }

 private:
  static Index rounded(Index size) {
    constexpr Index line = 16;  // floats in a cache line
    return (size + line - 1) / line * line;
  }
  std::map<Index, Index> free_;  // start -> length, never adjacent
  Index end_ = 0;
};

class Assigner {
 public:
  explicit Assigner(Program& program) : p_(program), last_use_(program.values.size(), -1) {
    for (std::size_t s = 0; s < p_.steps.size(); ++s) {
      for_each_input(p_.steps[s], [&](std::uint32_t, std::uint32_t storage) {
        // What is computed once but read in every run may not be overwritten by a step that, later
        // in order, runs once too.
        const bool for_good = p_.values[storage].fixed && !p_.steps[s].fixed;
        const int use = for_good ? std::numeric_limits<int>::max() : static_cast<int>(s);
        last_use_[storage] = std::max(last_use_[storage], use);
      });
    }
  }

  void run() {
    for (std::uint32_t v = 0; v < p_.values.size(); ++v) {
      const Value& value = p_.values[v];
      if (value.storage == v && value.role != Role::op) place(v);
    }
    // What is computed once must not lie where an earlier step of every run writes.
    for (bool fixed : {true, false}) {
      for (std::size_t s = 0; s < p_.steps.size(); ++s) {
        if (p_.steps[s].fixed == fixed) assign_step(static_cast<int>(s));
      }
    }
    p_.real_elements = real_.end();
    p_.index_elements = index_.end();
  }

 private:
  template <class F>
  void for_each_input(const Step& step, F f) const {
    for (std::uint32_t i : step.instructions) {
      for (std::uint32_t in : p_.instructions[i].inputs) f(i, p_.values[in].storage);
    }
  }

  Line& line_of(std::uint32_t v) { return p_.is_index(v) ? index_ : real_; }
  void place(std::uint32_t v) {
    p_.values[v].offset = line_of(v).take(p_.values[v].type.shape.size());
  }

  void assign_step(int s) {
    const Step& step = p_.steps[static_cast<std::size_t>(s)];
    overwritten_.clear();
    for (std::size_t k = 0; k < step.instructions.size(); ++k) {
      const std::uint32_t v = p_.instructions[step.instructions[k]].output;
      if (p_.values[v].internal) continue;
      if (!update_in_place(v, step, k, s) && !write_over_operand(v, step, k, s)) place(v);
    }
    if (!p_.options.reuse_memory) return;
    release(step, s);
  }

  /// True if the group's members after number k do not read the storage, and those up to k read it
  /// in order: then member k may write there.
  [[nodiscard]] bool free_after(std::uint32_t storage, const Step& step, std::size_t k,
                                Index size) const {
    for (std::size_t m = 0; m < step.instructions.size(); ++m) {
      for (std::uint32_t in : p_.instructions[step.instructions[m]].inputs) {
        if (p_.values[in].storage != storage) continue;
        if (m > k || p_.values[in].type.shape.size() != size) return false;
      }
    }
    return true;
  }

  /// Whether the kernel reads an element of the storage for the last time before it writes there.
  [[nodiscard]] bool may_write_over(std::uint32_t storage, const Step& step) const {
    if (step.elementwise) return true;
    const Instruction& ins = p_.instructions[step.instructions[0]];
    const auto reads = [&](std::uint32_t in) { return p_.values[in].storage == storage; };
    return is_add_matmul(*ins.op) && reads(ins.inputs[0]) &&
           std::none_of(ins.inputs.begin() + 1, ins.inputs.end(), reads);
  }

  bool update_in_place(std::uint32_t v, const Step& step, std::size_t k, int s) {
    const auto u = std::ranges::find(p_.updates, v, &Update::value);
    if (u == p_.updates.end() || !p_.options.reuse_memory) return false;
    if (!may_write_over(u->leaf, step)) return false;
    const Index size = p_.values[v].type.shape.size();
    const bool feeds_several = std::ranges::count(p_.updates, v, &Update::value) > 1;
    if (feeds_several || last_use_[u->leaf] > s) return false;
    if (!p_.guards.empty()) return false;  // a guard that fails must leave the leaf as it was
    if (!free_after(u->leaf, step, k, size)) return false;
    u->in_place = true;
    p_.values[v].offset = p_.values[u->leaf].offset;
    overwritten_.push_back(u->leaf);
    return true;
  }

  bool write_over_operand(std::uint32_t v, const Step& step, std::size_t k, int s) {
    if (!p_.options.reuse_memory) return false;
    const Index size = p_.values[v].type.shape.size();
    for (std::size_t m = 0; m <= k; ++m) {
      for (std::uint32_t in : p_.instructions[step.instructions[m]].inputs) {
        const std::uint32_t storage = p_.values[in].storage;
        const Value& operand = p_.values[storage];
        const bool dies = last_use_[storage] == s && !operand.persistent && !operand.internal &&
                          operand.fixed == p_.values[v].fixed;
        if (!dies || operand.type.shape.size() != size || is_computed_by(step, storage)) continue;
        if (std::ranges::find(overwritten_, storage) != overwritten_.end()) continue;
        if (!may_write_over(storage, step) || !free_after(storage, step, k, size)) continue;
        p_.values[v].offset = operand.offset;
        overwritten_.push_back(storage);
        return true;
      }
    }
    return false;
  }

  [[nodiscard]] bool is_computed_by(const Step& step, std::uint32_t storage) const {
    return std::ranges::any_of(
        step.instructions, [&](std::uint32_t i) { return p_.instructions[i].output == storage; });
  }

  /// Gives back what this step read last, and what it computed for nobody.
  void release(const Step& step, int s) {
    std::vector<std::uint32_t> dead;
    const auto consider = [&](std::uint32_t v) {
      const Value& value = p_.values[v];
      const bool over = last_use_[v] <= s && !value.persistent && !value.internal && !value.fixed;
      if (over && std::ranges::find(dead, v) == dead.end()) dead.push_back(v);
    };
    for_each_input(step, [&](std::uint32_t, std::uint32_t storage) { consider(storage); });
    for (std::uint32_t i : step.instructions) consider(p_.instructions[i].output);
    for (std::uint32_t v : dead) {
      if (std::ranges::find(overwritten_, v) != overwritten_.end()) continue;
      line_of(v).give_back(p_.values[v].offset, p_.values[v].type.shape.size());
    }
  }

  Program& p_;
  std::vector<int> last_use_;  // by storage; -1 when no step reads it
  std::vector<std::uint32_t> overwritten_;
  Line real_, index_;
};

}  // namespace

void assign_memory(Program& program) { Assigner(program).run(); }

}  // namespace dtheta::detail
