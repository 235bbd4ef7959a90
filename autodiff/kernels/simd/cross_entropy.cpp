// A row in each lane, as for log_sum_exp_rows; rows that move are packed side by side.
#include "autodiff/kernels/simd/cross_entropy.hpp"

#include <algorithm>

#include "autodiff/kernels/simd/rows.hpp"
#include "autodiff/kernels/simd/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autodiff/kernels/simd/cross_entropy.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "autodiff/kernels/simd/log_sum-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

/// Logits of some rows side by side, for outer_cross_entropy.
template <class T>
class PackedRows {
 public:
  static constexpr std::size_t most = 32;

  /// Packs the rows whose bits are set in `which`, of logits (classes, stride).
  void pack(const T* base, std::size_t stride, const std::int64_t* labels, std::size_t classes,
            std::uint32_t which) {
    count_ = 0;
    for (std::size_t i = 0; i < most; ++i) {
      if ((which >> i & 1) == 0) continue;
      labels_[count_] = static_cast<T>(labels[i]);
      for (std::size_t c = 0; c < classes; ++c) logits_[c * most + count_] = base[c * stride + i];
      rows_[count_++] = static_cast<std::uint32_t>(i);
    }
  }

  /// Puts the losses at base + u v^T where the packed rows belong in `out`.
  HWY_INLINE void losses(const T* u, const T* v, std::size_t classes, T* out) {
    const hn::ScalableTag<T> d;
    const std::size_t lanes = hn::Lanes(d);
    alignas(64) T factors[most], results[most];
    for (std::size_t i = 0; i < count_; ++i) factors[i] = u[rows_[i]];
    for (std::size_t i = count_; i % lanes != 0; ++i) factors[i] = T(0);
    alignas(64) T columns[short_row * hn::MaxLanes(d)];
    for (std::size_t i = 0; i < count_; i += lanes) {
      const auto factor = hn::Load(d, factors + i), label = hn::Load(d, labels_ + i);
      auto largest = hn::Load(d, logits_ + i) + factor * hn::Set(d, v[0]);
      auto own = largest;
      hn::Store(largest, d, columns);
      for (std::size_t c = 1; c < classes; ++c) {
        const auto z = hn::Load(d, logits_ + c * most + i) + factor * hn::Set(d, v[c]);
        hn::Store(z, d, columns + c * lanes);
        own = hn::IfThenElse(hn::Eq(label, hn::Set(d, static_cast<T>(c))), z, own);
        largest = hn::Max(z, largest);
      }
      auto total = exp_of_difference(d, hn::Load(d, columns) - largest);
      for (std::size_t c = 1; c < classes; ++c) {
        total = total + exp_of_difference(d, hn::Load(d, columns + c * lanes) - largest);
      }
      hn::Store(log_of_total(d, total) + (largest - own), d, results + i);
    }
    for (std::size_t i = 0; i < count_; ++i) out[rows_[i]] = results[i];
  }

 private:
  // Lanes behind the last row hold what was there before, but nobody reads their results.
  alignas(64) T logits_[short_row * most] = {};
  alignas(64) T labels_[most] = {};
  std::uint32_t rows_[most] = {};
  std::size_t count_ = 0;
};

template <class T>
HWY_INLINE void cross_entropies(const T* base, const T* u, const T* v, const std::int64_t* labels,
                                std::size_t parts, std::size_t rows, std::size_t classes, T* out) {
  constexpr std::size_t most = PackedRows<T>::most;
  PackedRows<T> packed;
  const T nowhere[most] = {}, by_nothing[short_row] = {};
  T unmoved[most];
  for (std::size_t first = 0; first < rows; first += most) {
    const std::size_t count = rows - first < most ? rows - first : most;
    const auto all = static_cast<std::uint32_t>((std::uint64_t{1} << count) - 1);
    packed.pack(base + first, rows, labels + first, classes, all);
    packed.losses(nowhere, by_nothing, classes, unmoved);
    std::uint32_t last = all;
    for (std::size_t k = 0; k < parts; ++k) {
      const T* factors = u + k * rows + first;
      std::uint32_t moved = 0;
      for (std::size_t i = 0; i < count; ++i) {
        moved |= static_cast<std::uint32_t>(factors[i] != T(0)) << i;
      }
      // Often the same rows as before: the changes of one unit move those that it is active for.
      if (moved != last) packed.pack(base + first, rows, labels + first, classes, moved);
      last = moved;
      T* to = out + k * rows + first;
      if (moved != all) std::copy_n(unmoved, count, to);
      packed.losses(factors, v + k * classes, classes, to);
    }
  }
}

void outer_cross_entropy_f32(const float* base, const float* u, const float* v,
                             const std::int64_t* labels, std::size_t parts, std::size_t rows,
                             std::size_t classes, float* out) {
  cross_entropies(base, u, v, labels, parts, rows, classes, out);
}
void outer_cross_entropy_f64(const double* base, const double* u, const double* v,
                             const std::int64_t* labels, std::size_t parts, std::size_t rows,
                             std::size_t classes, double* out) {
  cross_entropies(base, u, v, labels, parts, rows, classes, out);
}

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dtheta::simd {

HWY_EXPORT(outer_cross_entropy_f32);
HWY_EXPORT(outer_cross_entropy_f64);

void outer_cross_entropy(const float* base, const float* u, const float* v,
                         const std::int64_t* labels, std::size_t parts, std::size_t rows,
                         std::size_t classes, float* out) {
  HWY_DYNAMIC_DISPATCH(outer_cross_entropy_f32)
  (base, u, v, labels, parts, rows, classes, out);
}
void outer_cross_entropy(const double* base, const double* u, const double* v,
                         const std::int64_t* labels, std::size_t parts, std::size_t rows,
                         std::size_t classes, double* out) {
  HWY_DYNAMIC_DISPATCH(outer_cross_entropy_f64)
  (base, u, v, labels, parts, rows, classes, out);
}

}  // namespace dtheta::simd
#endif
