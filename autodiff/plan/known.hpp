#pragma once

#include <cstdint>
#include <vector>

#include "autodiff/plan/program.hpp"

namespace dtheta::detail {

/// Instructions that are known already, found by what they compute. A place for one is looked for
/// near those of the same and the next latest operands first, and anywhere only when that part is
/// full: so a long tape goes through the table in order, and not from one cache miss to the next.
class KnownInstructions {
 public:
  /// Of no more than so many values. Four of them share a line, half of which stays empty.
  explicit KnownInstructions(std::size_t values) : slots_((values / 4 + 1) * near) {}

  /// The instruction with this hash for which `same` holds; if there is none, `added` takes its
  /// place and no_id is returned. Of many different ones with one hash, such as the slices of a
  /// tensor of zeros, the first are known: to compare with all of them would take quadratic time.
  template <class Same>
  std::uint32_t find_or_add(std::uint32_t latest_operand, std::uint64_t hash, std::uint32_t added,
                            const Same& same) {
    const std::size_t line = latest_operand / 4 * near;
    const auto check = static_cast<std::uint32_t>(hash >> 32);
    std::size_t alike = 0;
    for (std::size_t k = 0;; ++k) {
      Slot& slot = slots_[k < near ? line + k : (hash + k) % slots_.size()];
      if (slot.instruction == no_id) {
        slot = {check, added};
        return no_id;
      }
      if (slot.check != check) continue;
      if (same(slot.instruction)) return slot.instruction;
      if (++alike == most_alike) return no_id;
    }
  }

 private:
  struct Slot {
    std::uint32_t check = 0;
    std::uint32_t instruction = no_id;
  };
  static constexpr std::size_t near = 8;  // slots in a cache line
  static constexpr std::size_t most_alike = 512;
  std::vector<Slot> slots_;
};

}  // namespace dtheta::detail
