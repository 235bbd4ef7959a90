// Exponentials and logarithms.
#include <bit>
#include <cstdint>
#include <limits>

#include "autodiff/kernels/simd/elementwise.hpp"
#include "autodiff/kernels/simd/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autodiff/kernels/simd/elementwise/exp_log.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "autodiff/kernels/simd/exp-inl.h"
#include "autodiff/kernels/simd/log-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

struct Exp {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return exp_of(d, x);
  }
};

struct Exp2 {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    using T = hn::TFromD<D>;
    constexpr T limit = T(std::numeric_limits<T>::max_exponent);
    const V shift = hn::Set(d, integer_shift<T>);
    x = clamp(d, x, T(-1.4) * limit, limit);
    const V k = (x + shift) - shift;
    const V r = x - k;
    const V tail = r * polynomial(d, r, coefficients::exp2<T>);
    return scale(d, hn::Set(d, T(1)) + tail, k);
  }
};

struct Expm1 {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    using T = hn::TFromD<D>;
    constexpr T lost = T(-0.75) * std::numeric_limits<T>::digits;  // exp(x) << eps
    auto parts = reduce_exp(d, clamp(d, x, lost, exp_overflow<T>));
    // 2^k itself must not overflow where the result may still be finite.
    const V one = hn::Set(d, T(1));
    const V last = hn::Set(d, T(std::numeric_limits<T>::max_exponent));
    const auto at_end = hn::Eq(parts.k, last);
    parts.k_shifted = parts.k_shifted - hn::IfThenElseZero(at_end, one);
    const V y = expm1_reduced(d, parts);
    return hn::CopySign(hn::IfThenElse(at_end, y + y, y), x);
  }
};

struct Log {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    const auto parts = split_any(d, x);
    const V f = parts.mantissa - hn::Set(d, hn::TFromD<D>(1));
    return with_log_limits(d, x, log_assembled(d, parts.k, f, log_parts(d, f), hn::Zero(d)));
  }
};

struct Log1p {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    const V u = x + hn::Set(d, hn::TFromD<D>(1));
    return hn::CopySign(with_log_limits(d, u, log1p_finite(d, x)), x);
  }
};

/// A constant whose first part is short enough for exact products with others of the kind.
template <class T>
constexpr TwoPart<T> short_part(TwoPart<double> c) {
  constexpr int cut = sizeof(T) == 4 ? 41 : 21;  // leaves 12 or 32 digits
  const auto bits = std::bit_cast<std::uint64_t>(c.hi) >> cut << cut;
  const double first = std::bit_cast<double>(bits);
  return {static_cast<T>(first), static_cast<T>(c.hi - first + c.lo)};
}

/// log(x) / log(base). log(1 + f) is taken in two parts, the first of them short, as in FreeBSD's
/// e_log2.c (S. Kargl 2011).
template <class Base>
struct LogOfBase {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    using T = hn::TFromD<D>;
    constexpr auto per_log = short_part<T>(Base::per_log);
    constexpr auto per_exponent = short_part<T>(Base::per_exponent);
    const hn::RebindToUnsigned<D> bits;
    using U = hn::TFromD<decltype(bits)>;
    constexpr U low_digits = (U(1) << (sizeof(T) == 4 ? 12 : 32)) - 1;
    const auto parts = split_any(d, x);
    const V f = parts.mantissa - hn::Set(d, T(1));
    const auto p = log_parts(d, f);
    const auto upper = hn::And(hn::BitCast(bits, f - p.half_square), hn::Set(bits, ~low_digits));
    const V hi = hn::BitCast(d, upper);
    const V lo = (f - hi) - p.half_square + p.s_times_sum;
    const V scaled = hi * hn::Set(d, per_log.hi);
    const V k = parts.k * hn::Set(d, per_exponent.hi);
    const V sum = k + scaled;
    V rest = (k - sum) + scaled;
    rest = hn::MulAdd(lo + hi, hn::Set(d, per_log.lo), rest);
    rest = hn::MulAdd(lo, hn::Set(d, per_log.hi), rest);
    rest = hn::MulAdd(parts.k, hn::Set(d, per_exponent.lo), rest);
    return with_log_limits(d, x, sum + rest);
  }
};

/// 1 / log(base) and log(2) / log(base).
struct Two {
  static constexpr TwoPart<double> per_log{0x1.71547652b82fep+0, 0x1.777d0ffda0d24p-56};
  static constexpr TwoPart<double> per_exponent{1, 0};
};

struct Ten {
  static constexpr TwoPart<double> per_log{0x1.bcb7b1526e50ep-2, 0x1.95355baaafad3p-57};
  static constexpr TwoPart<double> per_exponent{0x1.34413509f79ffp-2, -0x1.9dc1da994fd21p-59};
};

void exp_f32(const float* x, float* out, std::size_t n) { map(Exp{}, out, n, x); }
void exp_f64(const double* x, double* out, std::size_t n) { map(Exp{}, out, n, x); }
void exp2_f32(const float* x, float* out, std::size_t n) { map(Exp2{}, out, n, x); }
void exp2_f64(const double* x, double* out, std::size_t n) { map(Exp2{}, out, n, x); }
void expm1_f32(const float* x, float* out, std::size_t n) { map(Expm1{}, out, n, x); }
void expm1_f64(const double* x, double* out, std::size_t n) { map(Expm1{}, out, n, x); }
void log_f32(const float* x, float* out, std::size_t n) { map(Log{}, out, n, x); }
void log_f64(const double* x, double* out, std::size_t n) { map(Log{}, out, n, x); }
void log1p_f32(const float* x, float* out, std::size_t n) { map(Log1p{}, out, n, x); }
void log1p_f64(const double* x, double* out, std::size_t n) { map(Log1p{}, out, n, x); }
void log2_f32(const float* x, float* out, std::size_t n) { map(LogOfBase<Two>{}, out, n, x); }
void log2_f64(const double* x, double* out, std::size_t n) { map(LogOfBase<Two>{}, out, n, x); }
void log10_f32(const float* x, float* out, std::size_t n) { map(LogOfBase<Ten>{}, out, n, x); }
void log10_f64(const double* x, double* out, std::size_t n) { map(LogOfBase<Ten>{}, out, n, x); }

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dtheta::simd {

HWY_EXPORT(exp_f32);
HWY_EXPORT(exp_f64);
HWY_EXPORT(exp2_f32);
HWY_EXPORT(exp2_f64);
HWY_EXPORT(expm1_f32);
HWY_EXPORT(expm1_f64);
HWY_EXPORT(log_f32);
HWY_EXPORT(log_f64);
HWY_EXPORT(log1p_f32);
HWY_EXPORT(log1p_f64);
HWY_EXPORT(log2_f32);
HWY_EXPORT(log2_f64);
HWY_EXPORT(log10_f32);
HWY_EXPORT(log10_f64);

void exp(const float* x, float* out, std::size_t n) { HWY_DYNAMIC_DISPATCH(exp_f32)(x, out, n); }
void exp(const double* x, double* out, std::size_t n) { HWY_DYNAMIC_DISPATCH(exp_f64)(x, out, n); }
void exp2(const float* x, float* out, std::size_t n) { HWY_DYNAMIC_DISPATCH(exp2_f32)(x, out, n); }
void exp2(const double* x, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(exp2_f64)(x, out, n);
}
void expm1(const float* x, float* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(expm1_f32)(x, out, n);
}
void expm1(const double* x, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(expm1_f64)(x, out, n);
}
void log(const float* x, float* out, std::size_t n) { HWY_DYNAMIC_DISPATCH(log_f32)(x, out, n); }
void log(const double* x, double* out, std::size_t n) { HWY_DYNAMIC_DISPATCH(log_f64)(x, out, n); }
void log1p(const float* x, float* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(log1p_f32)(x, out, n);
}
void log1p(const double* x, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(log1p_f64)(x, out, n);
}
void log2(const float* x, float* out, std::size_t n) { HWY_DYNAMIC_DISPATCH(log2_f32)(x, out, n); }
void log2(const double* x, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(log2_f64)(x, out, n);
}
void log10(const float* x, float* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(log10_f32)(x, out, n);
}
void log10(const double* x, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(log10_f64)(x, out, n);
}

}  // namespace dtheta::simd
#endif
