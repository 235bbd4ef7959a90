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
/// Vars carry the *stamp* of the slot, above the place of their record: see `base`. A slot never
/// has one twice: not after `clear`, nor with another tape.
struct alignas(64) TapeSlot {  // a cache line: tapes of other threads write to theirs
  // Atomic: a Var kept too long may ask in one thread while another makes a new tape.
  /// The stamp, times 2^32: what a Var holds less this is its place on the tape, and far too large
  /// where the Var has another stamp.
  std::atomic<std::uint64_t> base{one};
  std::atomic<Tape*> tape{nullptr};
  TapeSlot* next_vacant = nullptr;

  [[nodiscard]] std::uint64_t base_now() const { return base.load(std::memory_order_acquire); }
  /// Whether a Var that holds this has the stamp that the slot has now.
  [[nodiscard]] bool has(std::uint64_t held) const { return (held - base_now()) >> 32 == 0; }
  /// The tape, for who has the stamp.
  [[nodiscard]] Tape& here() const { return *tape.load(std::memory_order_relaxed); }
  /// Vars so far are no longer valid. False, with nothing done, when all stamps are used up.
  [[nodiscard]] bool renew() noexcept {
    const std::uint64_t now = base.load(std::memory_order_relaxed);
    if (now == last) return false;
    base.store(now + one, std::memory_order_release);
    return true;
  }

  static constexpr std::uint64_t one = std::uint64_t{1} << 32;
  // Both for no Var: none has the stamp 0, and none the last, which is that of `Var()`.
  static constexpr std::uint64_t never = 0, last = (one - 2) << 32;
};

/// A slot for a new tape. Slots are the one thing that tapes share.
[[nodiscard]] TapeSlot& take_slot(Tape& tape);
/// Where a Var looks that stands for no value: nobody has a stamp of this.
inline constinit TapeSlot no_tape{.base = TapeSlot::never};

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
  std::uint64_t base_;
};

}  // namespace dtheta
