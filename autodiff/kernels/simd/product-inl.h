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

/// y where the gate is positive, else 0; NaN where the gate is, unless y is 0: as in ReluGrad.
template <class D, class V>
HWY_INLINE V gated(D d, V y, V gate) {
  const V zero = hn::Zero(d), through = hn::IfThenElseZero(hn::Gt(gate, zero), y);
  const auto unknown = hn::IsNaN(gate);
  if (hn::AllFalse(d, unknown)) return through;
  return hn::IfThenElse(hn::And(unknown, hn::Ne(y, zero)), gate, through);
}

/// Registers of C from their sums, step by step for all of them: what is to be done is asked once, and the
/// sums stay in registers. Unless all are `whole`, the last one of a row has `last` columns.
template <bool whole, std::size_t rows, std::size_t width, class D, class T = hn::TFromD<D>,
          class V = hn::Vec<D>>
HWY_INLINE void finish(D d, const Product<T>& p, V (&sum)[rows][width], std::size_t row,
                       std::size_t column, std::size_t last) {
  const std::size_t lanes = hn::Lanes(d);
  // step(sum, where it lies in a matrix like C, whether all of it does)
  const auto for_each = [&](auto* x, std::size_t stride, auto step) HWY_ATTR {
    x += row * stride + column;
#pragma GCC unroll 16
    for (std::size_t r = 0; r < rows; ++r, x += stride) {
#pragma GCC unroll 16
      for (std::size_t s = 0; s < width; ++s)
        step(sum[r][s], x + s * lanes, whole || s + 1 < width);
    }
  };
  const auto load = [&](const T* from, bool all)
                        HWY_ATTR { return all ? hn::LoadU(d, from) : load_first(d, from, last); };
  if (p.factor != T(1)) {  // rounded by itself, as by an op of its own
    const V factor = hn::Set(d, p.factor);
    for_each(p.c, 0, [&](V& y, const T*, bool) HWY_ATTR { y = factor * y; });
  }
  if (p.added != nullptr) {
    for_each(p.added, p.added_stride,
             [&](V& y, const T* x, bool all) HWY_ATTR { y = load(x, all) + y; });
  }
  if (p.rectified) {
    const V zero = hn::Zero(d);
    for_each(p.c, 0,
             [&](V& y, const T*, bool) HWY_ATTR { y = hn::IfThenElse(hn::Le(y, zero), zero, y); });
  }
  if (p.gate != nullptr) {
    for_each(p.gate, p.gate_stride,
             [&](V& y, const T* x, bool all) HWY_ATTR { y = gated(d, y, load(x, all)); });
  }
  for_each(p.c, p.c_stride, [&](const V& y, T* c, bool all) HWY_ATTR {
    all ? hn::StoreU(y, d, c) : store_halves(d, y, c, last);
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
  if (last == hn::Lanes(d))
    finish<true>(d, p, sum, row, column, last);
  else
    finish<false>(d, p, sum, row, column, last);
}

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
