#pragma once

#include <algorithm>
#include <vector>

#include "autodiff/kernels/elementwise.hpp"
#include "autodiff/ops/elementwise/arithmetic_form.hpp"
#include "autodiff/plan/program.hpp"

namespace dtheta::detail {

/// Elements of a tile buffer for results of `elements`: whole cache lines, for any scalar.
[[nodiscard]] constexpr std::size_t tile_length(std::size_t elements) {
  constexpr auto line = static_cast<std::size_t>(line_grain);
  return (std::min(tile_size, elements) + line - 1) / line * line;
}

/// Where a member of a group reads or writes: a value in memory, through which it moves tile by
/// tile, or a tile buffer, of which each part of the group has its own.
template <Scalar T>
struct Place {
  T* base = nullptr;
  bool moves = false;
  [[nodiscard]] T* at(std::size_t start, std::size_t own_buffers) const {
    return base + (moves ? start : own_buffers);
  }
};

template <Scalar T>
struct GroupMember {
  Tile<T> tile;
  const void* op;
  std::uint32_t first_place;  // its operands, in the group's places
  std::uint32_t arity;
  Place<T> out;
  Arithmetic arithmetic = Arithmetic::none;
};

/// An operand to be expanded before a tile is computed.
template <Scalar T>
struct GroupLoad {
  const T* from;
  BroadcastMap map;
  T* to;
};

/// A group of elementwise ops bound to memory: for each tile of the common shape, every op in turn.
/// Values inside the group live in tiles, which stay in the cache; operands that broadcast are
/// expanded into a tile first, so that every op sees contiguous runs only.
///
/// It is computed in parts, each of some tiles, so that threads may share it.
template <Scalar T>
struct FusedGroup {
  std::vector<GroupMember<T>> members;
  std::vector<Place<T>> places;
  std::vector<GroupLoad<T>> loads;
  std::size_t elements = 0;
  std::size_t parts = 1;
  std::size_t tile_buffers = 0;  // elements from those of one part to those of the next

  void run(const Parallel* parallel) const;
  void run_part(std::size_t part) const;
};

extern template struct FusedGroup<float>;
extern template struct FusedGroup<double>;
extern template struct FusedGroup<long double>;
extern template struct FusedGroup<Quad>;
extern template struct FusedGroup<Complex>;

}  // namespace dtheta::detail
