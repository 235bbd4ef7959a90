#include "autodiff/plan/places.hpp"

#include <bit>
#include <cassert>

namespace dtheta::detail {

std::size_t Places::list_of(Index size) {
  // The power of two, and the two bits behind the highest.
  const auto n = static_cast<std::uint64_t>(size);
  const auto power = static_cast<std::size_t>(std::bit_width(n)) - 1;
  const std::size_t quarter = power < 2 ? 0 : (n >> (power - 2)) & 3;
  return 4 * power + quarter;
}

Places::Id Places::find(Index size) const {
  // Places in the list of the size itself may be too small; all in later ones fit.
  constexpr int few = 8;
  std::size_t list = list_of(size);
  Id p = free_[list];
  for (int k = 0; p != none && k < few; ++k, p = places_[p].next) {
    if (places_[p].size >= size) return p;
  }
  ++list;
  for (std::size_t word = list / 64; word < has_free_.size(); ++word) {
    std::uint64_t bits = has_free_[word];
    if (word == list / 64) bits &= ~std::uint64_t{0} << (list % 64);
    if (bits != 0) return free_[64 * word + static_cast<std::size_t>(std::countr_zero(bits))];
  }
  const bool at_end = last_ != none && places_[last_].is_free && places_[last_].size >= size;
  return at_end ? last_ : none;
}

Places::Id Places::take(Index size) {
  if (size == 0) return none;
  size = (size + grain_ - 1) / grain_ * grain_;
  const Id found = find(size);
  if (found == none) return append(size);
  remove(found);
  if (places_[found].size > size) split(found, size);
  return found;
}

/// A place at the end; if there is a free one already, it is made longer.
Places::Id Places::append(Index size) {
  Id p = last_;
  if (p != none && places_[p].is_free) {
    remove(p);
    places_[p].size = size;
  } else {
    p = new_place({end_, size, last_, none, none, none, false});
    if (last_ != none) places_[last_].after = p;
    last_ = p;
  }
  end_ = places_[p].start + size;
  return p;
}

void Places::give_back(Id p) {
  if (p == none) return;
  assert(!places_[p].is_free);
  const auto swallow = [&](Id behind) {  // the one behind p
    places_[p].size += places_[behind].size;
    places_[p].after = places_[behind].after;
    (places_[p].after == none ? last_ : places_[places_[p].after].before) = p;
    places_[behind].next = unused_;
    unused_ = behind;
  };
  if (const Id after = places_[p].after; after != none && places_[after].is_free) {
    remove(after);
    swallow(after);
  }
  if (const Id before = places_[p].before; before != none && places_[before].is_free) {
    const Id behind = p;
    remove(before);
    p = before;
    swallow(behind);
  }
  insert(p);
}

/// Keeps the first `size` elements of p and makes a free place of the rest.
void Places::split(Id p, Index size) {
  const Place whole = places_[p];
  const Id rest =
      new_place({whole.start + size, whole.size - size, p, whole.after, none, none, false});
  (whole.after == none ? last_ : places_[whole.after].before) = rest;
  places_[p].size = size;
  places_[p].after = rest;
  insert(rest);
}

void Places::insert(Id p) {
  const std::size_t list = list_of(places_[p].size);
  places_[p].is_free = true;
  places_[p].previous = none;
  places_[p].next = free_[list];
  if (free_[list] != none) places_[free_[list]].previous = p;
  free_[list] = p;
  has_free_[list / 64] |= std::uint64_t{1} << (list % 64);
}

void Places::remove(Id p) {
  Place& place = places_[p];
  const std::size_t list = list_of(place.size);
  place.is_free = false;
  (place.previous == none ? free_[list] : places_[place.previous].next) = place.next;
  if (place.next != none) places_[place.next].previous = place.previous;
  if (free_[list] == none) has_free_[list / 64] &= ~(std::uint64_t{1} << (list % 64));
}

Places::Id Places::new_place(const Place& place) {
  if (unused_ == none) {
    places_.push_back(place);
    return static_cast<Id>(places_.size() - 1);
  }
  const Id p = unused_;
  unused_ = places_[p].next;
  places_[p] = place;
  return p;
}

}  // namespace dtheta::detail
