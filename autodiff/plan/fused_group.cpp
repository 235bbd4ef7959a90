#include "autodiff/plan/fused_group.hpp"

#include <algorithm>
#include <array>

#include "autodiff/kernels/parallel.hpp"

namespace dtheta::detail {
namespace {

/// Loads of a group that are remembered; a usual one has a few.
constexpr std::size_t most_loads = 16;

}  // namespace

template <Scalar T>
void FusedGroup<T>::run(const Parallel* parallel) const {
  for_each_part(parallel, parts, [&](std::size_t part) { run_part(part); });
}

template <Scalar T>
void FusedGroup<T>::run_part(std::size_t part) const {
  const std::size_t tiles = (elements + tile_size - 1) / tile_size;
  const std::size_t first = tiles * part / parts * tile_size;
  const std::size_t last = std::min(elements, tiles * (part + 1) / parts * tile_size);
  const std::size_t own = part * tile_buffers;
  // What fills the tile of each load, if it is one element again and again: then it may do for the next
  // tile, which is no longer than this one.
  std::array<const T*, most_loads> filled_with{};
  for (std::size_t start = first; start < last; start += tile_size) {
    const std::size_t count = std::min(tile_size, last - start);
    for (std::size_t i = 0; i < loads.size(); ++i) {
      const GroupLoad<T>& l = loads[i];
      const auto from = static_cast<Index>(start), n = static_cast<Index>(count);
      const T* same = i < most_loads ? l.map.repeated(l.from, from, n) : nullptr;
      if (same != nullptr && same == filled_with[i]) continue;
      if (i < most_loads) filled_with[i] = same;
      l.map.load(l.from, from, n, l.to + own);
    }
    for (const GroupMember<T>& m : members) {
      std::array<const T*, max_elementwise> in;
      for (std::uint32_t i = 0; i < m.arity; ++i) in[i] = places[m.first_place + i].at(start, own);
      m.tile(m.op, in.data(), m.out.at(start, own), count);
    }
  }
}

template struct FusedGroup<float>;
template struct FusedGroup<double>;
template struct FusedGroup<long double>;
template struct FusedGroup<Quad>;
template struct FusedGroup<Complex>;

}  // namespace dtheta::detail
