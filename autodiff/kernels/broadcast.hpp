#pragma once

#include <array>

#include "autodiff/shape.hpp"

namespace dtheta {

/// Reads an operand as if it had been broadcast to a larger shape, any contiguous part at a time.
///
/// Adjacent axes of the same sort (kept or repeated) are merged, so that the usual cases, a scalar,
/// a row or a column against a matrix, have one or two axes and inner runs as long as possible.
class BroadcastMap {
 public:
  BroadcastMap() = default;
  /// Requires broadcasts_to(from, to).
  BroadcastMap(const Shape& from, const Shape& to);

  /// True when the operand already has all elements in the right order.
  [[nodiscard]] bool is_identity() const { return rank_ == 1 && stride_[0] == 1; }
  /// Where elements [start, start + count) of the broadcast operand begin, if they are one element or one
  /// row, repeated: two parts that begin at the same one are alike, as far as the shorter one goes. Null if
  /// they are not, or if there are none.
  template <class T>
  [[nodiscard]] const T* repeated(const T* operand, Index start, Index count) const;

  friend bool operator==(const BroadcastMap&, const BroadcastMap&) = default;

  /// Copies elements [start, start + count) of the broadcast operand to `out`.
  template <class T>
  void load(const T* operand, Index start, Index count, T* out) const;
  /// The same for one part after the other, none longer than the first, where `out` still has the one before:
  /// `filled_with` keeps what that repeats, from null on.
  template <class T>
  void load_next(const T* operand, Index start, Index count, T* out, const T*& filled_with) const {
    const T* const same = repeated(operand, start, count);
    if (same != nullptr && same == filled_with) return;
    filled_with = same;
    load(operand, start, count, out);
  }

 private:
  static constexpr std::size_t idx(int i) { return static_cast<std::size_t>(i); }
  /// A place in the broadcast shape, and the operand's element there.
  struct Position {
    std::array<Index, max_rank> at{};
    Index offset = 0;
  };
  [[nodiscard]] Position position(Index element) const;
  /// From an innermost run to one that is `runs` later along axis 1, carrying into the others.
  void advance(Position& p, Index runs) const;

  std::array<Index, max_rank> size_{1};
  std::array<Index, max_rank> stride_{1};
  int rank_ = 1;
};

}  // namespace dtheta
