#include "autodiff/kernels/broadcast.hpp"

#include <algorithm>
#include <cassert>

#include "autodiff/kernels/simd/rows.hpp"
#include "autodiff/scalar/scalar.hpp"

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

BroadcastMap::Position BroadcastMap::position(Index element) const {
  Position p;
  for (int axis = 0; axis < rank_; ++axis) {  // axis 0 is the innermost
    p.at[idx(axis)] = element % size_[idx(axis)];
    element /= size_[idx(axis)];
    p.offset += p.at[idx(axis)] * stride_[idx(axis)];
  }
  return p;
}

void BroadcastMap::advance(Position& p, Index runs) const {
  p.offset -= p.at[0] * stride_[0];
  p.at[0] = 0;
  Index step = runs;
  for (int axis = 1; axis < rank_; ++axis, step = 1) {
    p.offset += step * stride_[idx(axis)];
    p.at[idx(axis)] += step;
    if (p.at[idx(axis)] < size_[idx(axis)]) return;
    p.offset -= p.at[idx(axis)] * stride_[idx(axis)];
    p.at[idx(axis)] = 0;
  }
}

namespace {

/// `runs` runs of `length` elements to `out`, one behind the other. Each starts `stride` elements
/// behind the one before, and is its first element again and again if `repeats`.
template <class T>
void load_runs(const T* from, Index stride, Index runs, Index length, bool repeats, T* out) {
  if constexpr (Vectorized<T>) {
    if (length <= static_cast<Index>(simd::short_row)) {
      simd::load_rows(from, stride, static_cast<std::size_t>(runs),
                      static_cast<std::size_t>(length), repeats, out);
      return;
    }
  }
  for (Index r = 0; r < runs; ++r, from += stride, out += length) {
    if (repeats)
      std::fill_n(out, length, *from);
    else
      std::copy_n(from, length, out);
  }
}

}  // namespace

template <class T>
void BroadcastMap::load(const T* operand, Index start, Index count, T* out) const {
  if (count == 0) return;  // an axis may be empty, and has no positions then
  Position p = position(start);
  while (count > 0) {
    // The rest of a run, or as many whole runs as lie along axis 1.
    const Index rest = std::min(count, size_[0] - p.at[0]);
    const bool whole = rest == size_[0] && rank_ > 1;
    const Index runs = whole ? std::min(count / size_[0], size_[1] - p.at[1]) : 1;
    load_runs(operand + p.offset, stride_[1], runs, rest, stride_[0] == 0, out);
    out += runs * rest;
    count -= runs * rest;
    if (count > 0) advance(p, runs);
  }
}

template <class T>
const T* BroadcastMap::repeated(const T* operand, Index start, Index count) const {
  const bool one = stride_[0] == 0, row = rank_ > 1 && stride_[1] == 0;
  if (count == 0 || !(one || row)) return nullptr;
  const Position p = position(start);
  const Index first = one ? p.at[0] : p.at[1] * size_[0] + p.at[0];
  const Index alike = one ? size_[0] : size_[1] * size_[0];
  return first + count <= alike ? operand + p.offset : nullptr;
}

template const float* BroadcastMap::repeated(const float*, Index, Index) const;
template const double* BroadcastMap::repeated(const double*, Index, Index) const;
template const long double* BroadcastMap::repeated(const long double*, Index, Index) const;
template const Quad* BroadcastMap::repeated(const Quad*, Index, Index) const;
template const Complex* BroadcastMap::repeated(const Complex*, Index, Index) const;

template void BroadcastMap::load(const float*, Index, Index, float*) const;
template void BroadcastMap::load(const double*, Index, Index, double*) const;
template void BroadcastMap::load(const long double*, Index, Index, long double*) const;
template void BroadcastMap::load(const Quad*, Index, Index, Quad*) const;
template void BroadcastMap::load(const Complex*, Index, Index, Complex*) const;
template void BroadcastMap::load(const Index*, Index, Index, Index*) const;

}  // namespace dtheta
