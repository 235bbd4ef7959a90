#pragma once

#include <vector>

#include "autodiff/kernels/elementwise.hpp"
#include "autodiff/plan/program.hpp"

namespace dtheta::detail {

/// A group of elementwise ops bound to memory: for each tile of the common shape, every op in turn.
/// Values inside the group live in tiles, which stay in the cache; operands that broadcast are
/// expanded into a tile first, so that every op sees contiguous runs only.
template <Scalar T>
class FusedGroup {
 public:
  /// `real` is the start of the workspace's real storage. The group computes elements
  /// [first, last) of the common shape, so that several may share a step. What it leaves in `tiles`
  /// is of no use after a run: groups that run one after the other may share them.
  FusedGroup(const Program& program, const Step& step, T* real, T* tiles, std::size_t first,
             std::size_t last);
  /// Elements of `tiles` that a step over `count` elements needs; whole cache lines.
  [[nodiscard]] static std::size_t tile_elements(const Program& program, const Step& step,
                                                 std::size_t count);
  void run() const;

 private:
  /// Where a member reads or writes: the current tile of a value in memory, or a tile buffer.
  struct Place {
    T* base = nullptr;
    bool moves = false;  // with the tile, through a value in memory
    [[nodiscard]] T* at(std::size_t start) const { return moves ? base + start : base; }
  };
  struct Member {
    Tile<T> tile;
    const void* op;
    std::uint32_t first_place;  // its operands, in places_
    std::uint32_t arity;
    Place out;
  };
  /// An operand to be expanded before a tile is computed.
  struct Load {
    const T* from;
    BroadcastMap map;
    T* to;
  };

  void bind_member(const Program& program, const Instruction& ins, T* real);
  Place operand(const Program& program, std::uint32_t v, T* real);
  T* new_tile();
  void load(const Load& l, std::size_t start, std::size_t count) const;

  std::size_t first_ = 0;
  std::size_t last_ = 0;
  Shape shape_;
  std::vector<Member> members_;
  std::vector<Place> places_;
  std::vector<Load> loads_;
  T* next_tile_;
  std::size_t tile_length_ = 0;
  std::unordered_map<std::uint32_t, Place> known_;  // value -> its place, while binding
};

extern template class FusedGroup<float>;
extern template class FusedGroup<double>;
extern template class FusedGroup<long double>;
extern template class FusedGroup<Quad>;
extern template class FusedGroup<Complex>;

}  // namespace dtheta::detail
