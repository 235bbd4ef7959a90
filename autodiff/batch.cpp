#include "autodiff/batch.hpp"

#include <algorithm>
#include <array>

#include "autodiff/ops/broadcast.hpp"
#include "autodiff/ops/shape/rearrange.hpp"

namespace dtheta {

Var Batch::expanded(int i) const {
  const Var v = (*this)[i];
  if (is_batched(i)) return v;
  std::array<Index, max_rank> dims{size};
  std::ranges::copy(v.shape(), dims.begin() + 1);
  const auto rank = static_cast<std::size_t>(v.rank()) + 1;
  return broadcast_to(v, Shape(std::span<const Index>(dims.data(), rank)));
}

namespace detail {

std::vector<Var> aligned_behind_batch(const Batch& b) {
  const auto own_rank = [&](std::size_t i) { return b.in[i].rank() - (b.batched[i] != 0 ? 1 : 0); };
  int rank = 0;
  for (std::size_t i = 0; i < b.in.size(); ++i) rank = std::max(rank, own_rank(i));
  std::vector<Var> aligned(b.in.begin(), b.in.end());
  for (std::size_t i = 0; i < aligned.size(); ++i) {
    if (b.batched[i] == 0 || own_rank(i) == rank) continue;
    const Shape& s = b.in[i].shape();
    std::vector<Index> dims{b.size};
    dims.insert(dims.end(), static_cast<std::size_t>(rank - own_rank(i)), 1);
    dims.insert(dims.end(), s.begin() + 1, s.end());
    aligned[i] = reshape(b.in[i], Shape(dims));
  }
  return aligned;
}

}  // namespace detail
}  // namespace dtheta
