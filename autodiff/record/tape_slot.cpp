#include "autodiff/record/tape_slot.hpp"

#include <fmt/format.h>

#include <memory>
#include <mutex>
#include <vector>

#include "autodiff/errors.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {
namespace detail {
namespace {

/// All slots there ever were: as many as there were tapes at one time.
struct SlotPool {
  std::mutex mutex;
  std::vector<std::unique_ptr<TapeSlot>> slots;
  TapeSlot* vacant = nullptr;  // the first of a list
};

SlotPool& pool() {
  // Made by the constructor of the first tape, so gone after the last, those with static storage
  // included.
  static SlotPool slots;
  return slots;
}

}  // namespace

TapeSlot& take_slot(Tape& tape) {
  SlotPool& p = pool();
  const std::lock_guard lock(p.mutex);
  if (p.vacant == nullptr) {
    p.slots.push_back(std::make_unique<TapeSlot>());
    p.vacant = p.slots.back().get();
  }
  TapeSlot& slot = *p.vacant;
  p.vacant = slot.next_vacant;
  slot.tape.store(&tape, std::memory_order_relaxed);
  return slot;
}

void leave_slot(TapeSlot& slot) noexcept {
  if (!slot.renew()) {
    slot.base = TapeSlot::never;  // and never is it given to another
    return;
  }
  SlotPool& p = pool();
  const std::lock_guard lock(p.mutex);
  slot.next_vacant = p.vacant;
  p.vacant = &slot;
}

void throw_no_tape(const TapeSlot* slot) {
  if (slot == &no_tape) {
    throw StateError("var: it stands for no value (it is default-constructed)");
  }
  throw StateError("var: its tape has been cleared or destroyed since it was recorded");
}

}  // namespace detail

TapeWatch::TapeWatch(Tape& tape) : slot_(&tape.slot()), base_(slot_->base_now()) {}

Tape& TapeWatch::get(std::string_view who) const {
  if (!slot_->has(base_)) {
    throw StateError(fmt::format("{}: its tape has been cleared or destroyed since", who));
  }
  return slot_->here();
}

}  // namespace dtheta
