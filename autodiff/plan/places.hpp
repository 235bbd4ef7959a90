#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "autodiff/shape.hpp"

namespace dtheta::detail {

/// Places in a growing line of elements, taken and given back in constant time: free places are
/// kept in lists by size, four for each power of two (two-level segregated fit, Masmano and others
/// 2004), and every place knows its neighbours, so that free ones are joined at once.
class Places {
 public:
  /// Every place starts at, and holds, a multiple of `grain` elements.
  explicit Places(Index grain) : grain_(grain) {
    places_.reserve(32);
    free_.fill(none);
  }

  using Id = std::uint32_t;
  static constexpr Id none = ~Id{0};

  /// A place for `size` elements; none for no elements.
  [[nodiscard]] Id take(Index size);
  /// Makes a place free. `none` is ignored.
  void give_back(Id place);
  [[nodiscard]] Index start(Id place) const { return place == none ? 0 : places_[place].start; }
  /// Elements of the whole line.
  [[nodiscard]] Index end() const { return end_; }

 private:
  struct Place {
    Index start;
    Index size;
    Id before, after;   // in the line
    Id previous, next;  // in its list, while it is free
    bool is_free;
  };
  static constexpr std::size_t lists = 4 * 64;
  static std::size_t list_of(Index size);
  [[nodiscard]] Id find(Index size) const;
  void insert(Id p);
  void remove(Id p);
  void split(Id p, Index size);
  [[nodiscard]] Id append(Index size);
  Id new_place(const Place& place);

  Index grain_;
  Index end_ = 0;
  std::vector<Place> places_;
  Id last_ = none;    // the one at the end of the line
  Id unused_ = none;  // list of entries of places_ that stand for nothing
  std::array<Id, lists> free_;
  std::array<std::uint64_t, lists / 64> has_free_{};  // a bit for each list
};

}  // namespace dtheta::detail
