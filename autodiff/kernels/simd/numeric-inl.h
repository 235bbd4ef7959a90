// What the elementary functions are built from: polynomials, powers of two, exact products.

#include <array>
#include <limits>

#include "autodiff/kernels/simd/map-inl.h"

#if defined(DTHETA_SIMD_NUMERIC_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DTHETA_SIMD_NUMERIC_INL_H_
#undef DTHETA_SIMD_NUMERIC_INL_H_
#else
#define DTHETA_SIMD_NUMERIC_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

/// c[i] + c[i + step] x + ...
template <std::size_t step = 1, std::size_t i = 0, class D, class V, std::size_t n>
HWY_INLINE V horner(D d, V x, const std::array<double, n>& c) {
  const V term = hn::Set(d, static_cast<hn::TFromD<D>>(c[i]));
  if constexpr (i + step < n) {
    return hn::MulAdd(horner<step, i + step>(d, x, c), x, term);
  } else {
    return term;
  }
}

/// The polynomial with the coefficients c, lowest first, as two interleaved Horner chains.
template <class D, class V, std::size_t n>
HWY_INLINE V polynomial(D d, V x, const std::array<double, n>& c) {
  if constexpr (n < 5) {
    return horner(d, x, c);
  } else {
    const V square = x * x;
    return hn::MulAdd(horner<2, 1>(d, square, c), x, horner<2, 0>(d, square, c));
  }
}

/// x, but no less than `low`; NaN for NaN.
template <class D, class V>
HWY_INLINE V at_least(D d, V x, hn::TFromD<D> low) {
  const V least = hn::Set(d, low);
  if constexpr (second_if_not_ordered)
    return hn::Max(least, x);
  else
    return hn::IfThenElse(hn::Lt(x, least), least, x);
}
/// x, but no more than `high`; NaN for NaN.
template <class D, class V>
HWY_INLINE V at_most(D d, V x, hn::TFromD<D> high) {
  const V most = hn::Set(d, high);
  if constexpr (second_if_not_ordered)
    return hn::Min(most, x);
  else
    return hn::IfThenElse(hn::Gt(x, most), most, x);
}
/// low <= x <= high, and NaN for NaN.
template <class D, class V>
HWY_INLINE V clamp(D d, V x, hn::TFromD<D> low, hn::TFromD<D> high) {
  return at_most(d, at_least(d, x, low), high);
}

/// 1.5 * 2^52 (2^23 for float). Added to a small number it leaves the nearest integer in the low
/// bits.
template <class T>
inline constexpr T integer_shift = sizeof(T) == 4 ? T(0x1.8p23) : T(0x1.8p52);

/// 2^k for an integral k that arrives as k + integer_shift, if 2^k is normal.
template <class D, class V>
HWY_INLINE V power_of_two(D d, V shifted) {
  using Limits = std::numeric_limits<hn::TFromD<D>>;
  const hn::RebindToUnsigned<D> bits;
  const auto biased = hn::BitCast(bits, shifted) + hn::Set(bits, Limits::max_exponent - 1);
  return hn::BitCast(d, hn::ShiftLeft<Limits::digits - 1>(biased));
}

/// A number with twice the digits: hi + lo, where lo is about half a unit of hi's last digit.
template <class V>
struct TwoPart {
  V hi, lo;
};

/// hi + lo, given to the precision of double-double, in two parts of type T.
template <class T>
constexpr TwoPart<T> two_part(double hi, double lo) {
  const T first = static_cast<T>(hi);
  return {first, static_cast<T>(hi - static_cast<double>(first) + lo)};
}

/// a + b = hi + lo, exactly (Knuth's two-sum).
template <class V>
HWY_INLINE TwoPart<V> exact_sum(V a, V b) {
  const V sum = a + b;
  const V b_part = sum - a;
  return {sum, (a - (sum - b_part)) + (b - b_part)};
}

/// a * b = hi + lo: exactly with fused multiply-add, else by splitting the factors (Dekker 1971),
/// where the last bit of lo may be lost.
template <class D, class V>
HWY_INLINE TwoPart<V> exact_product(D d, V a, V b) {
  const V product = a * b;
#if HWY_NATIVE_FMA
  (void)d;
  return {product, hn::MulSub(a, b, product)};
#else
  using Limits = std::numeric_limits<hn::TFromD<D>>;
  const hn::RebindToUnsigned<D> bits;
  using U = hn::TFromD<decltype(bits)>;
  const V mask = hn::BitCast(d, hn::Set(bits, ~((U(1) << ((Limits::digits + 1) / 2)) - 1)));
  const V a_hi = hn::And(a, mask);
  const V b_hi = hn::And(b, mask);
  const V a_lo = a - a_hi;
  const V b_lo = b - b_hi;
  return {product, ((a_hi * b_hi - product) + a_hi * b_lo + a_lo * b_hi) + a_lo * b_lo};
#endif
}

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
