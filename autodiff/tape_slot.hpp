#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

namespace dtheta {

class Tape;

namespace detail {

/// Where the Vars of a tape look for it. A slot outlives its tape, so that a Var that was kept too
/// long finds out instead of reading what lies there now; a later tape takes over the slot.
///
/// Vars carry the *stamp* of the slot. A slot never has one twice: not after `clear`, nor with
/// another tape.
struct alignas(64) TapeSlot {  // a cache line: tapes of other threads write to theirs
  // Atomic: a Var kept too long may ask in one thread while another makes a new tape.
  std::atomic<std::uint32_t> stamp{1};
  std::atomic<Tape*> tape{nullptr};
  TapeSlot* next_vacant = nullptr;

  [[nodiscard]] bool has(std::uint32_t asked) const {
    return stamp.load(std::memory_order_acquire) == asked;
  }
  /// The tape, for a stamp that the slot has.
  [[nodiscard]] Tape& here() const { return *tape.load(std::memory_order_relaxed); }
  /// Vars so far are no longer valid. False, with nothing done, when all stamps are used up.
  [[nodiscard]] bool renew() noexcept {
    const std::uint32_t now = stamp.load(std::memory_order_relaxed);
    if (now == last) return false;
    stamp.store(now + 1, std::memory_order_release);
    return true;
  }

  static constexpr std::uint32_t last = ~std::uint32_t{0};
  static constexpr std::uint32_t never = 0;  // no Var has it
};

/// A slot for a new tape. Slots are the one thing that tapes share.
[[nodiscard]] TapeSlot& take_slot(Tape& tape);
/// The tape is gone, or has moved to another slot. Allocates nothing.
void leave_slot(TapeSlot& slot) noexcept;

/// What is wrong with a Var whose tape was not found.
[[noreturn, gnu::cold]] void throw_no_tape(const TapeSlot* slot);

}  // namespace detail

/// A tape that may be cleared or destroyed meanwhile: asking for it then throws StateError.
class TapeWatch {
 public:
  explicit TapeWatch(Tape& tape);

  /// `who` asks. Throws StateError when the tape has been cleared or destroyed since.
  [[nodiscard]] Tape& get(std::string_view who) const;

 private:
  const detail::TapeSlot* slot_;
  std::uint32_t stamp_;
};

}  // namespace dtheta
