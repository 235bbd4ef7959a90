// Matrix products of a few hundred multiplications: a block of rows against one vector of columns
// at a time, with the sums in registers.
#include "autodiff/kernels/simd/small_gemm.hpp"

#include <type_traits>

#include "autodiff/kernels/simd/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autodiff/kernels/simd/small_gemm.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "autodiff/kernels/simd/map-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

/// Reads a vector of columns of op(B): the `count` from `first` on, then anything.
template <class D, bool transposed>
struct Columns {
  using T = hn::TFromD<D>;
  const T* first;
  std::size_t stride;  // from one row of op(B) to the next, or from one column if transposed
  std::size_t count;
  hn::Vec<hn::RebindToSigned<D>> places;  // of the columns, if transposed

  Columns(const T* b, std::size_t stride_, std::size_t count_)
      : first(b), stride(stride_), count(count_) {
    const hn::RebindToSigned<D> di;
    using I = hn::TFromD<decltype(di)>;
    const auto lane = hn::Min(hn::Iota(di, 0), hn::Set(di, static_cast<I>(count - 1)));
    places = lane * hn::Set(di, static_cast<I>(stride));
  }
  HWY_INLINE hn::Vec<D> row(std::size_t p) const {
    const D d;
    if constexpr (transposed) {
      return hn::GatherIndex(d, first + p, places);
    } else {
      const T* from = first + p * stride;
      return count == hn::Lanes(d) ? hn::LoadU(d, from) : load_first(d, from, count);
    }
  }
};

/// `rows` rows of C in one vector of columns.
template <std::size_t rows, class D, class B, class T = hn::TFromD<D>>
HWY_INLINE void multiply_block(D d, const SmallGemm& g, T factor, const T* a, std::size_t a_row,
                               std::size_t a_col, const B& b, T* c) {
  const bool whole = b.count == hn::Lanes(d);
  hn::Vec<D> sum[rows];
#pragma GCC unroll 8
  for (std::size_t r = 0; r < rows; ++r) sum[r] = hn::Zero(d);
  for (std::size_t p = 0; p < g.k; ++p) {
    const auto columns = b.row(p);
#pragma GCC unroll 8
    for (std::size_t r = 0; r < rows; ++r) {
      sum[r] = hn::MulAdd(hn::Set(d, a[r * a_row + p * a_col]), columns, sum[r]);
    }
  }
  const auto scale = hn::Set(d, factor);
#pragma GCC unroll 8
  for (std::size_t r = 0; r < rows; ++r, c += g.n) {
    if (whole) {
      const auto product = scale * sum[r];  // rounded by itself, as by an op of its own
      hn::StoreU(g.accumulate ? hn::LoadU(d, c) + product : product, d, c);
    } else {
      const auto before = g.accumulate ? load_first(d, c, b.count) : hn::Zero(d);
      store_first(d, before + scale * sum[r], c, b.count);
    }
  }
}

template <bool transpose_b, class D, class T = hn::TFromD<D>>
HWY_INLINE void multiply(D d, const SmallGemm& g, T factor, const T* a, const T* b, T* c) {
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t a_row = g.transpose_a ? 1 : g.k, a_col = g.transpose_a ? g.m : 1;
  for (std::size_t j = 0; j < g.n; j += lanes) {
    const std::size_t count = g.n - j < lanes ? g.n - j : lanes;
    const Columns<D, transpose_b> columns(transpose_b ? b + j * g.k : b + j,
                                          transpose_b ? g.k : g.n, count);
    std::size_t i = 0;
    const auto take = [&]<std::size_t rows>(std::integral_constant<std::size_t, rows>) {
      for (; i + rows <= g.m; i += rows) {
        multiply_block<rows>(d, g, factor, a + i * a_row, a_row, a_col, columns, c + i * g.n + j);
      }
    };
    take(std::integral_constant<std::size_t, 4>{});
    take(std::integral_constant<std::size_t, 2>{});
    take(std::integral_constant<std::size_t, 1>{});
  }
}

/// In the shortest registers that hold a row of C, up to the longest there are: gathering the
/// columns of a transposed B costs by the lane.
template <bool transpose_b, class T>
HWY_INLINE void multiply(const SmallGemm& g, T factor, const T* a, const T* b, T* c) {
  constexpr std::size_t shortest = 16 / sizeof(T);
  if (g.n <= shortest) {
    multiply<transpose_b>(hn::CappedTag<T, shortest>(), g, factor, a, b, c);
  } else if (g.n <= 2 * shortest) {
    multiply<transpose_b>(hn::CappedTag<T, 2 * shortest>(), g, factor, a, b, c);
  } else {
    multiply<transpose_b>(hn::ScalableTag<T>(), g, factor, a, b, c);
  }
}

void small_gemm_f32(const SmallGemm& g, float factor, const float* a, const float* b, float* c) {
  g.transpose_b ? multiply<true>(g, factor, a, b, c) : multiply<false>(g, factor, a, b, c);
}
void small_gemm_f64(const SmallGemm& g, double factor, const double* a, const double* b,
                    double* c) {
  g.transpose_b ? multiply<true>(g, factor, a, b, c) : multiply<false>(g, factor, a, b, c);
}

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dtheta::simd {

HWY_EXPORT(small_gemm_f32);
HWY_EXPORT(small_gemm_f64);

void small_gemm(const SmallGemm& g, float factor, const float* a, const float* b, float* c) {
  HWY_DYNAMIC_DISPATCH(small_gemm_f32)(g, factor, a, b, c);
}
void small_gemm(const SmallGemm& g, double factor, const double* a, const double* b, double* c) {
  HWY_DYNAMIC_DISPATCH(small_gemm_f64)(g, factor, a, b, c);
}

}  // namespace dtheta::simd
#endif
