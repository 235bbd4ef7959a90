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

/// One register of C from its sum.
template <class D, class T = hn::TFromD<D>, class V = hn::Vec<D>>
HWY_INLINE void finish(D d, const Product<T>& p, V sum, std::size_t row, std::size_t column,
                       std::size_t count) {
  const bool whole = count == hn::Lanes(d);
  const auto load = [&](const T* x, std::size_t stride) HWY_ATTR {
    const T* from = x + row * stride + column;
    return whole ? hn::LoadU(d, from) : load_first(d, from, count);
  };
  V y = hn::Set(d, p.factor) * sum;  // rounded by itself, as by an op of its own
  const V zero = hn::Zero(d);
  if (p.added != nullptr) y = load(p.added, p.added_stride) + y;
  if (p.rectified) y = hn::IfThenElse(hn::Le(y, zero), zero, y);
  if (p.gate != nullptr) {  // as in ReluGrad
    const V gate = load(p.gate, p.gate_stride);
    const V none = hn::IfThenElseZero(hn::And(hn::IsNaN(gate), hn::Ne(y, zero)), gate);
    y = hn::IfThenElse(hn::Gt(gate, zero), y, none);
  }
  T* c = p.c + row * p.c_stride + column;
  whole ? hn::StoreU(y, d, c) : store_halves(d, y, c, count);
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
  const std::size_t lanes = hn::Lanes(d);
#pragma GCC unroll 16
  for (std::size_t r = 0; r < rows; ++r) {
#pragma GCC unroll 16
    for (std::size_t s = 0; s < width; ++s) {
      finish(d, p, sum[r][s], row + r, column + s * lanes, s + 1 < width ? lanes : last);
    }
  }
}

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
