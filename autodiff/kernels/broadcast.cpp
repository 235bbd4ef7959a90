#include "autodiff/kernels/broadcast.hpp"

#include <cassert>

namespace dtheta {

BroadcastMap::BroadcastMap(const Shape& from, const Shape& to) {
  assert(broadcasts_to(from, to));
  if (from.size() == to.size()) {
    size_[0] = std::max<Index>(to.size(), 1);
    return;
  }
  rank_ = 0;
  Index stride = 1;
  for (int i = 1; i <= to.rank(); ++i) {
    const Index n = to[to.rank() - i];
    if (n == 1) continue;
    const Index d = i <= from.rank() ? from[from.rank() - i] : 1;
    const bool kept = d != 1;
    const bool merges = rank_ > 0 && (stride_[idx(rank_ - 1)] != 0) == kept;
    if (merges) {
      size_[idx(rank_ - 1)] *= n;
    } else {
      size_[idx(rank_)] = n;
      stride_[idx(rank_)] = kept ? stride : 0;
      ++rank_;
    }
    stride *= d;
  }
}

void BroadcastMap::advance(std::array<Index, max_rank>& at, Index& offset) const {
  offset -= at[0] * stride_[0];
  at[0] = 0;
  for (int axis = 1; axis < rank_; ++axis) {
    offset += stride_[idx(axis)];
    if (++at[idx(axis)] < size_[idx(axis)]) return;
    offset -= at[idx(axis)] * stride_[idx(axis)];
    at[idx(axis)] = 0;
  }
}

}  // namespace dtheta
