#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace dtheta {

/// From the bits of a number to the record of its constant. An open-addressing table: `clear` keeps
/// its memory, so that recording anew allocates nothing.
class ScalarIndex {
 public:
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  [[nodiscard]] std::uint32_t find(std::uint64_t bits) const {
    return slots_.empty() ? none : slots_[slot_of(bits)].record;
  }
  void insert(std::uint64_t bits, std::uint32_t record) {
    if (2 * (order_.size() + 1) > slots_.size()) grow();
    order_.push_back(bits);
    put({bits, record});
  }
  /// Forgets the constants recorded at `first` or later. Allocates nothing: a destructor calls it.
  void forget_from(std::uint32_t first) {
    for (; !order_.empty() && find(order_.back()) >= first; order_.pop_back()) {
      remove(slot_of(order_.back()));
    }
  }
  void clear() {
    if (!order_.empty()) slots_.assign(slots_.size(), Slot{});
    order_.clear();
  }

 private:
  struct Slot {
    std::uint64_t bits = 0;
    std::uint32_t record = none;
  };
  [[nodiscard]] std::size_t first_slot(std::uint64_t bits) const {
    // Fibonacci hashing: the high bits of the product are well mixed.
    return (bits * 0x9E3779B97F4A7C15U) >> (64 - std::countr_zero(slots_.size()));
  }
  /// Where the number stands, or would.
  [[nodiscard]] std::size_t slot_of(std::uint64_t bits) const {
    std::size_t i = first_slot(bits);
    while (slots_[i].record != none && slots_[i].bits != bits) i = (i + 1) & (slots_.size() - 1);
    return i;
  }
  void put(const Slot& slot) { slots_[slot_of(slot.bits)] = slot; }
  /// Empties a slot and closes the gap: entries behind it that would rather stand there move up.
  void remove(std::size_t gap) {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t i = (gap + 1) & mask; slots_[i].record != none; i = (i + 1) & mask) {
      const std::size_t wanted = first_slot(slots_[i].bits);
      if (((i - wanted) & mask) < ((i - gap) & mask)) continue;  // it would miss its search's start
      slots_[gap] = slots_[i];
      gap = i;
    }
    slots_[gap] = Slot{};
  }
  void grow() {
    // The new table first: an allocation that fails leaves the old one as it is.
    std::vector<Slot> old(slots_.empty() ? 32 : 2 * slots_.size());
    std::swap(old, slots_);
    for (const Slot& s : old) {
      if (s.record != none) put(s);
    }
  }

  std::vector<Slot> slots_;           // a power of two of them, at most half of them used
  std::vector<std::uint64_t> order_;  // the numbers, as they came
};

}  // namespace dtheta
