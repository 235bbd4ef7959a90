#pragma once

#include <cmath>
#include <vector>

#include "autodiff/scalar/digits.hpp"
#include "autodiff/scalar/scalar.hpp"
#include "autodiff/shape.hpp"

namespace dtheta::detail {

/// Discrete Fourier transforms of n elements in any real scalar: by Cooley and Tukey's method, one
/// prime factor of n after the other, the work is n times the sum of them.
template <RealScalar T>
class Fourier {
 public:
  /// `sign` is that of the exponent.
  Fourier(Index n, int sign) : n_(n), re_(size(n)), im_(size(n)), cos_(size(n)), sin_(size(n)) {
    for (Index k = 0; k < n; ++k) {
      turn(k, n, cos_[size(k)], sin_[size(k)]);
      if (sign < 0) sin_[size(k)] = -sin_[size(k)];
    }
  }

  /// Transforms n elements, `step` apart, in place.
  void operator()(T* re, T* im, Index step) {
    transform(re, im, step, n_, 1);
    for (Index i = 0; i < n_; ++i) {
      re[i * step] = re_[size(i)];
      im[i * step] = im_[size(i)];
    }
  }

 private:
  static std::size_t size(Index i) { return static_cast<std::size_t>(i); }

  /// cos and sin of 2 pi k / n, 0 <= k < n, from an angle in the first eighth: exact where they are
  /// 0, 1 or -1.
  static void turn(Index k, Index n, T& c, T& s) {
    using std::cos, std::sin;
    const Index quarter = 4 * k / n, rest = 4 * k - quarter * n;  // of n parts of a quarter turn
    const bool mirrored = 2 * rest > n;
    const T part = T(static_cast<double>(mirrored ? n - rest : rest)) / T(static_cast<double>(n));
    const T angle = digits::pi.in<T>() / T(2) * part;
    const T x = mirrored ? sin(angle) : cos(angle), y = mirrored ? cos(angle) : sin(angle);
    c = quarter == 0 ? x : quarter == 1 ? -y : quarter == 2 ? -x : y;
    s = quarter == 0 ? y : quarter == 1 ? x : quarter == 2 ? -y : -x;
  }

  static Index smallest_factor(Index n) {
    for (Index p = 2; p * p <= n; ++p) {
      if (n % p == 0) return p;
    }
    return n;
  }

  /// The transform of n elements, `step` apart, into the first n of re_ and im_ from `at` on.
  void transform(const T* re, const T* im, Index step, Index n, Index stride, Index at = 0) {
    if (n == 1) {
      re_[size(at)] = *re;
      im_[size(at)] = *im;
      return;
    }
    const Index p = smallest_factor(n), m = n / p;
    for (Index r = 0; r < p; ++r) {  // every p-th element
      transform(re + r * step, im + r * step, step * p, m, stride * p, at + r * m);
    }
    if (p == 2) return join_halves(m, stride, at);
    std::vector<T> a(size(p)), b(size(p));
    for (Index k = 0; k < m; ++k) {
      for (Index r = 0; r < p; ++r) {
        a[size(r)] = re_[size(at + r * m + k)];
        b[size(r)] = im_[size(at + r * m + k)];
      }
      for (Index q = 0; q < p; ++q) {
        T x(0), y(0);
        for (Index r = 0; r < p; ++r) {
          const Index w = r * (q * m + k) % n * stride;
          const T c = cos_[size(w)], s = sin_[size(w)];
          x += a[size(r)] * c - b[size(r)] * s;
          y += a[size(r)] * s + b[size(r)] * c;
        }
        re_[size(at + q * m + k)] = x;
        im_[size(at + q * m + k)] = y;
      }
    }
  }

  void join_halves(Index m, Index stride, Index at) {
    T *re = re_.data() + at, *im = im_.data() + at;
    for (Index k = 0; k < m; ++k) {
      const T c = cos_[size(k * stride)], s = sin_[size(k * stride)];
      const T x = re[m + k] * c - im[m + k] * s, y = re[m + k] * s + im[m + k] * c;
      re[m + k] = re[k] - x;
      im[m + k] = im[k] - y;
      re[k] += x;
      im[k] += y;
    }
  }

  Index n_;
  std::vector<T> re_, im_, cos_, sin_;
};

}  // namespace dtheta::detail
