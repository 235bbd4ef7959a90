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
/// Records carry the *stamp* under which they were made, and Vars that of their record. A slot
/// never gives a stamp twice: not after `clear`, nor to another tape.
struct alignas(64) TapeSlot {  // a cache line: tapes of other threads write to theirs
  std::atomic<Tape*> tape{nullptr};
  /// Stamps below this one are of tapes that are gone, or of records from before the last `clear`.
  /// Atomic as `tape` is: a stale Var may ask in one thread while another makes a new tape.
  std::atomic<std::uint32_t> first{1};
  std::uint32_t latest = 0;  // the last stamp given
  TapeSlot* next_vacant = nullptr;

  [[nodiscard]] Tape* find(std::uint32_t stamp) const {
    Tape* const here = tape.load(std::memory_order_acquire);
    return stamp >= first.load(std::memory_order_acquire) ? here : nullptr;
  }
};

/// A slot for a new tape, with a new stamp. Slots are the one thing that tapes share.
[[nodiscard]] TapeSlot& take_slot(Tape& tape);
/// The tape is gone, or has moved to another slot. Allocates nothing.
void leave_slot(TapeSlot& slot) noexcept;

/// What is wrong with a Var whose tape was not found.
[[noreturn]] void throw_no_tape(const TapeSlot* slot);

}  // namespace detail

/// A tape that may be cleared or destroyed meanwhile: asking for it then throws StateError.
class TapeWatch {
 public:
  explicit TapeWatch(Tape& tape);

  /// `who` asks. Throws StateError when the tape has been cleared or destroyed since.
  [[nodiscard]] Tape& get(std::string_view who) const;

 private:
  const detail::TapeSlot* slot_;
  std::uint32_t first_;
};

}  // namespace dtheta
