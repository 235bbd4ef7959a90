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
  std::array<const T*, most_loads> filled_with{};
  for (std::size_t start = first; start < last; start += tile_size) {
    const std::size_t count = std::min(tile_size, last - start);
    for (std::size_t i = 0; i < loads.size(); ++i) {
      const GroupLoad<T>& l = loads[i];
      const T* unknown = nullptr;
      l.map.load_next(l.from, static_cast<Index>(start), static_cast<Index>(count), l.to + own,
                      i < most_loads ? filled_with[i] : unknown);
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
