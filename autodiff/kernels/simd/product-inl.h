// How a register of a product is summed and finished, wherever its columns of B come from.

#include <cstddef>

#include "autodiff/kernels/simd/product.hpp"
#include "autodiff/kernels/simd/tile-inl.h"

#if defined(DTHETA_SIMD_PRODUCT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DTHETA_SIMD_PRODUCT_INL_H_
#undef DTHETA_SIMD_PRODUCT_INL_H_
#else
#define DTHETA_SIMD_PRODUCT_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

/// The first n < Lanes(d) elements of v to out in whole registers, each half as long as the one
/// before. A processor hands what it has just stored on to a load of part of it at once, but not
/// what was stored under a mask; and the next product reads this one element by element.
#if HWY_TARGET != HWY_SCALAR
template <class D, class T = hn::TFromD<D>>
HWY_INLINE void store_halves(D d, hn::Vec<D> v, T* out, std::size_t n) {
  if constexpr (hn::MaxLanes(d) > 1) {
    const hn::Half<D> half;
    const std::size_t lanes = hn::Lanes(half);
    if (n >= lanes) {
      hn::StoreU(hn::LowerHalf(half, v), half, out);
      store_halves(half, hn::UpperHalf(half, v), out + lanes, n - lanes);
    } else {
      store_halves(half, hn::LowerHalf(half, v), out, n);
    }
  } else {
    static_cast<void>(v), static_cast<void>(out), static_cast<void>(n);
  }
}
#else
template <class D, class T = hn::TFromD<D>>
HWY_INLINE void store_halves(D, hn::Vec<D>, T*, std::size_t) {}  // a register has no parts
#endif

/// Registers of C from their sums, step by step for all of them: what is to be done is asked once, and the
/// sums stay in registers. The last one of a row has `last` columns.
template <std::size_t rows, std::size_t width, class D, class T = hn::TFromD<D>,
          class V = hn::Vec<D>>
HWY_INLINE void finish(D d, const Product<T>& p, V (&sum)[rows][width], std::size_t row,
                       std::size_t column, std::size_t last) {
  const std::size_t lanes = hn::Lanes(d);
  const bool whole = last == lanes;
  const auto for_each = [&](auto step) HWY_ATTR {
#pragma GCC unroll 16
    for (std::size_t r = 0; r < rows; ++r) {
#pragma GCC unroll 16
      for (std::size_t s = 0; s < width; ++s) step(r, s, whole || s + 1 < width);
    }
  };
  const auto load = [&](const T* x, std::size_t stride, std::size_t r, std::size_t s, bool all)
                        HWY_ATTR {
                          const T* from = x + (row + r) * stride + column + s * lanes;
                          return all ? hn::LoadU(d, from) : load_first(d, from, last);
                        };
  const V zero = hn::Zero(d);
  if (p.factor != T(1)) {  // rounded by itself, as by an op of its own
    const V factor = hn::Set(d, p.factor);
    for_each([&](std::size_t r, std::size_t s, bool) HWY_ATTR { sum[r][s] = factor * sum[r][s]; });
  }
  if (p.added != nullptr) {
    for_each([&](std::size_t r, std::size_t s, bool all)
                 HWY_ATTR { sum[r][s] = load(p.added, p.added_stride, r, s, all) + sum[r][s]; });
  }
  if (p.rectified) {
    for_each([&](std::size_t r, std::size_t s, bool) HWY_ATTR {
      sum[r][s] = hn::IfThenElse(hn::Le(sum[r][s], zero), zero, sum[r][s]);
    });
  }
  if (p.gate != nullptr) {  // as in ReluGrad
    for_each([&](std::size_t r, std::size_t s, bool all) HWY_ATTR {
      const V gate = load(p.gate, p.gate_stride, r, s, all), y = sum[r][s];
      const V none = hn::IfThenElseZero(hn::And(hn::IsNaN(gate), hn::Ne(y, zero)), gate);
      sum[r][s] = hn::IfThenElse(hn::Gt(gate, zero), y, none);
    });
  }
  for_each([&](std::size_t r, std::size_t s, bool all) HWY_ATTR {
    T* c = p.c + (row + r) * p.c_stride + column + s * lanes;
    all ? hn::StoreU(sum[r][s], d, c) : store_halves(d, sum[r][s], c, last);
  });
}

/// `rows` rows and `width` registers of columns, of which the last one has `last` columns. The
/// columns of B are read by b.row(k, registers).
template <std::size_t rows, std::size_t width, class D, class B, class T = hn::TFromD<D>>
HWY_INLINE void product_tile(D d, const Product<T>& p, const B& b, std::size_t row,
                             std::size_t column, std::size_t last) {
  using V = hn::Vec<D>;
  V sum[rows][width];
#pragma GCC unroll 16
  for (std::size_t r = 0; r < rows; ++r) {
#pragma GCC unroll 16
    for (std::size_t s = 0; s < width; ++s) sum[r][s] = hn::Zero(d);
  }
  const T* a = p.a + row * p.a_row;
  // Some steps at a time: where a processor serves two programs, instructions that only count take the
  // place of others.
#pragma GCC unroll 4
  for (std::size_t k = 0; k < p.k; ++k, a += p.a_column) {
    V right[width];
    b.row(k, right);
#pragma GCC unroll 16
    for (std::size_t r = 0; r < rows; ++r) {
      const V left = hn::Set(d, a[r * p.a_row]);
#pragma GCC unroll 16
      for (std::size_t s = 0; s < width; ++s) sum[r][s] = hn::MulAdd(left, right[s], sum[r][s]);
    }
  }
  const bool as_it_is = p.factor == T(1) && p.added == nullptr && !p.rectified && p.gate == nullptr;
  if (!as_it_is || last != hn::Lanes(d)) return finish(d, p, sum, row, column, last);
  T* c = p.c + row * p.c_stride + column;
#pragma GCC unroll 16
  for (std::size_t r = 0; r < rows; ++r, c += p.c_stride) {
#pragma GCC unroll 16
    for (std::size_t s = 0; s < width; ++s) hn::StoreU(sum[r][s], d, c + s * hn::Lanes(d));
  }
}

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
