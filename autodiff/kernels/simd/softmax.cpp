// Softmax row by row: the largest element, the exponentials and their sum, the quotients.
#include "autodiff/kernels/simd/softmax.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "autodiff/kernels/simd/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autodiff/kernels/simd/softmax.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "autodiff/kernels/simd/exp-inl.h"
#include "autodiff/kernels/simd/fold-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

/// The largest of a row. NaN may be passed over.
template <class T>
HWY_INLINE T largest_of(const T* x, std::size_t n) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto lowest = hn::Set(d, -std::numeric_limits<T>::infinity());
  auto best = lowest;
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) best = hn::Max(best, hn::LoadU(d, x + i));
  if (i < n) {
    const auto last = hn::IfThenElse(hn::FirstN(d, n - i), load_first(d, x + i, n - i), lowest);
    best = hn::Max(best, last);
  }
  return hn::GetLane(hn::MaxOfLanes(d, best));
}

/// The softmax of a row whose largest element is not finite, or its logarithm: the limit if there
/// are elements of +infinity, which share the sum evenly, else NaN.
template <class T>
void infinite_row(const T* x, T* out, std::size_t n, bool logarithm) {
  const T infinity = std::numeric_limits<T>::infinity(), nan = infinity - infinity;
  std::size_t largest = 0, nans = 0;
  for (std::size_t i = 0; i < n; ++i) {
    largest += x[i] == infinity ? 1 : 0;
    nans += x[i] != x[i] ? 1 : 0;
  }
  if (n == 1 && nans == 0) {  // an element alone is all of its sum
    out[0] = logarithm ? T(0) : T(1);
    return;
  }
  const bool exists = nans == 0 && largest > 0;
  const T even = T(1) / static_cast<T>(largest);
  for (std::size_t i = 0; i < n; ++i) {
    const bool has_part = x[i] == infinity;
    const T of_log = has_part ? std::log(even) : -infinity;
    out[i] = !exists ? nan : logarithm ? of_log : has_part ? even : T(0);
  }
}

template <class T>
struct ShiftedExp {
  T shift;
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return exp_of(d, x - hn::Set(d, shift));
  }
};

template <class T>
HWY_INLINE void softmax_rows(const T* x, T* out, std::size_t count, std::size_t n) {
  T shift[most_together], total[most_together];
  for (std::size_t some; count > 0; count -= some, x += some * n, out += some * n) {
    some = rows_together<T>(count, n);
    for (std::size_t r = 0; r < some; ++r) shift[r] = largest_of(x + r * n, n);
    const auto is_finite = [&](std::size_t r) { return shift[r] - shift[r] == T(0); };
    for (std::size_t r = 0; r < some; ++r) {
      if (is_finite(r))
        map(ShiftedExp<T>{shift[r]}, out + r * n, n, x + r * n);
      else
        infinite_row(x + r * n, out + r * n, n, false);
    }
    for (std::size_t r = 0; r < some; ++r) total[r] = fold(Plus{}, Value{}, T(0), n, out + r * n);
    for (std::size_t r = 0; r < some; ++r) {
      T* const row = out + r * n;
      if (!is_finite(r)) continue;
      map([&](auto d, auto e) HWY_ATTR { return e / hn::Set(d, total[r]); }, row, n, row);
    }
  }
}

template <class T>
HWY_INLINE void log_softmax_rows(const T* x, T* out, std::size_t count, std::size_t n) {
  for (; count > 0; --count, x += n, out += n) {
    const T shift = largest_of(x, n);
    if (!(shift - shift == T(0))) {
      infinite_row(x, out, n, true);
      continue;
    }
    // The exponentials stand in the result until their sum is known.
    map(ShiftedExp<T>{shift}, out, n, x);
    const T offset = std::log(fold(Plus{}, Value{}, T(0), n, out));
    map([&](auto d, auto v) HWY_ATTR { return v - hn::Set(d, shift) - hn::Set(d, offset); }, out, n,
        x);
  }
}

/// y c; 0 where y is, although c is infinite: what has no part in the sum has none here.
struct Part {
  template <class V>
  HWY_INLINE V operator()(V y, V c) const {
    const V zero = hn::Zero(hn::DFromV<V>());
    return hn::IfThenZeroElse(hn::And(hn::Eq(y, zero), hn::Eq(c, c)), y * c);
  }
};

template <class T>
struct PartFrom {
  T origin;
  template <class V>
  HWY_INLINE V operator()(V y, V c) const {
    return Part{}(y, c - hn::Set(hn::DFromV<V>(), origin));
  }
};

/// The adjoint of the element that is most of the sum, or 0 if none is. Adjoints count from there:
/// else what that element receives would be the difference of two numbers that are nearly the same.
template <class T>
HWY_INLINE T origin(const T* c, const T* y, std::size_t n) {
  if (!(largest_of(y, n) > T(0.5))) return T(0);
  std::size_t i = 0;
  while (i < n && !(y[i] > T(0.5))) ++i;
  return i < n && c[i] - c[i] == T(0) ? c[i] : T(0);
}

template <class T>
HWY_INLINE void softmax_grad_rows(const T* c, const T* y, T* out, std::size_t count,
                                  std::size_t n) {
  for (; count > 0; --count, c += n, y += n, out += n) {
    const T from = origin(c, y, n);
    const T along = fold(Plus{}, PartFrom<T>{from}, T(0), n, y, c);
    map([&](auto d, auto a, auto b)
            HWY_ATTR { return Part{}(b, a - hn::Set(d, from) - hn::Set(d, along)); },
        out, n, c, y);
  }
}

void softmax_f32(const float* x, float* out, std::size_t r, std::size_t n) {
  softmax_rows(x, out, r, n);
}
void softmax_f64(const double* x, double* out, std::size_t r, std::size_t n) {
  softmax_rows(x, out, r, n);
}
void log_softmax_f32(const float* x, float* out, std::size_t r, std::size_t n) {
  log_softmax_rows(x, out, r, n);
}
void log_softmax_f64(const double* x, double* out, std::size_t r, std::size_t n) {
  log_softmax_rows(x, out, r, n);
}
void softmax_grad_f32(const float* c, const float* y, float* out, std::size_t r, std::size_t n) {
  softmax_grad_rows(c, y, out, r, n);
}
void softmax_grad_f64(const double* c, const double* y, double* out, std::size_t r, std::size_t n) {
  softmax_grad_rows(c, y, out, r, n);
}

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dtheta::simd {

HWY_EXPORT(softmax_f32);
HWY_EXPORT(softmax_f64);
HWY_EXPORT(log_softmax_f32);
HWY_EXPORT(log_softmax_f64);
HWY_EXPORT(softmax_grad_f32);
HWY_EXPORT(softmax_grad_f64);

void softmax(const float* x, float* out, std::size_t rows, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(softmax_f32)(x, out, rows, n);
}
void softmax(const double* x, double* out, std::size_t rows, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(softmax_f64)(x, out, rows, n);
}
void log_softmax(const float* x, float* out, std::size_t rows, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(log_softmax_f32)(x, out, rows, n);
}
void log_softmax(const double* x, double* out, std::size_t rows, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(log_softmax_f64)(x, out, rows, n);
}
void softmax_grad(const float* c, const float* y, float* out, std::size_t rows, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(softmax_grad_f32)(c, y, out, rows, n);
}
void softmax_grad(const double* c, const double* y, double* out, std::size_t rows, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(softmax_grad_f64)(c, y, out, rows, n);
}

}  // namespace dtheta::simd
#endif
