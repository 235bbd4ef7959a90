#pragma once

#include <algorithm>
#include <cmath>

#include "autodiff/kernels/gemm.hpp"
#include "autodiff/kernels/simd/lane_channels.hpp"
#include "autodiff/kernels/simd/product.hpp"

/// What the steps of recurrent layers share: their sizes, and the products with the state.
namespace dtheta::detail {

/// A recurrent layer over `time` steps of `samples` rows; `reverse`: from the last step to the
/// first.
struct RecurrentSizes {
  Index time, samples, hidden;
  bool reverse = false;

  /// Elements of one step of a block.
  [[nodiscard]] Index step() const { return samples * hidden; }
  [[nodiscard]] Index block() const { return time * step(); }
  /// Which step is taken as number s.
  [[nodiscard]] Index at(Index s) const { return reverse ? time - 1 - s : s; }
};

template <class T>
T logistic(T x) {
  using std::exp;
  if (x >= T(0)) return T(1) / (T(1) + exp(-x));
  const T e = exp(x);
  return e / (T(1) + e);
}

/// The products of a step have as many rows as there are samples. With few, BLAS would spend more
/// time on rearranging W than on the product.
[[nodiscard]] inline bool few_samples(const RecurrentSizes& z) { return z.samples <= 48; }

/// c (rows, columns) = added + a (rows, k) b (k, columns), where the rows of c are c_stride apart, and those
/// of what is added added_stride.
template <Vectorized T>
simd::Product<T> product_added_to(const T* added, Index added_stride, Index rows, Index columns,
                                  Index k, const T* a, const T* b, T* c, Index c_stride) {
  const auto n = [](Index i) { return static_cast<std::size_t>(i); };
  return {.m = n(rows),
          .n = n(columns),
          .k = n(k),
          .a = a,
          .a_row = n(k),
          .a_column = 1,
          .b = b,
          .b_stride = n(columns),
          .c = c,
          .c_stride = n(c_stride),
          .added = added,
          .added_stride = n(added_stride)};
}

/// What h W^T adds to the gates of a step, for W (gates * hidden, hidden).
template <Scalar T, Index gates_each>
class Recurrence {
 public:
  /// Elements of work, for W transposed gate by gate.
  static Index work(const RecurrentSizes& z) {
    return few_samples(z) ? gates_each * z.hidden * z.hidden : 0;
  }

  Recurrence(const RecurrentSizes& z, const T* w, T* work) : z_(z), w_(w), transposed_(work) {
    if (!uses_small_products()) return;
    for (Index g = 0; g < gates_each; ++g, w += z.hidden * z.hidden, work += z.hidden * z.hidden) {
      transpose(w, z.hidden, work);
    }
  }
  /// gates = given + h W^T for `samples` rows of h and of the gates. The rows of what is given are
  /// `given_stride` apart; 0: it is one for all.
  void add_to(const T* given, Index given_stride, Index samples, const T* h, T* gates) const {
    const Index width = gates_each * z_.hidden;
    if constexpr (Vectorized<T>) {
      if (uses_small_products()) {
        for (Index g = 0; g < gates_each; ++g) {
          simd::multiply(product_added_to(given + g * z_.hidden, given_stride, samples, z_.hidden,
                                          z_.hidden, h, transposed_ + g * z_.hidden * z_.hidden,
                                          gates + g * z_.hidden, width));
        }
        return;
      }
    }
    for (Index i = 0; i < samples; ++i) {
      std::copy_n(given + i * given_stride, width, gates + i * width);
    }
    gemm({samples, width, z_.hidden, false, true, true}, h, w_, gates);
  }

 private:
  [[nodiscard]] bool uses_small_products() const { return Vectorized<T> && few_samples(z_); }
  static void transpose(const T* a, Index n, T* out) {
    if constexpr (Vectorized<T>) {
      const auto all = static_cast<std::size_t>(n);
      if (all % simd::channel_block == 0) return simd::turn({all, all, all, all}, a, out);
    }
    // In squares that fit a cache line, so that both sides are read and written line by line.
    constexpr Index square = 16;
    for (Index i0 = 0; i0 < n; i0 += square) {
      for (Index j0 = 0; j0 < n; j0 += square) {
        for (Index i = i0; i < std::min(n, i0 + square); ++i) {
          for (Index j = j0; j < std::min(n, j0 + square); ++j) out[j * n + i] = a[i * n + j];
        }
      }
    }
  }

  const RecurrentSizes& z_;
  const T* w_;
  T* transposed_;
};

/// dh (samples, hidden) = given + dG W for dG (samples, width) and W (width, hidden). What is given may be
/// dh, or null for zero.
template <Scalar T>
void through_gates(const RecurrentSizes& z, const T* given, Index samples, Index width,
                   const T* gates, const T* w, T* dh) {
  if constexpr (Vectorized<T>) {
    if (few_samples(z)) {
      return simd::multiply(
          product_added_to(given, z.hidden, samples, z.hidden, width, gates, w, dh, z.hidden));
    }
  }
  if (given != nullptr && given != dh) std::copy_n(given, samples * z.hidden, dh);
  gemm({samples, z.hidden, width, false, false, given != nullptr}, gates, w, dh);
}

/// Calls body(first, count) for runs of samples, each of which goes through all steps by itself:
/// threads need not wait for each other at every step. Small products sum in one order whatever
/// their number of rows; those of BLAS may not, and are not cut.
template <Scalar T, class Body>
void for_each_run_of_samples(const RecurrentSizes& z, Index gates, const Parallel* parallel,
                             Body body) {
  constexpr Index at_once = 8, worth_sharing = Index{1} << 21;  // rows of a tile; multiplications
  const bool shared =
      Vectorized<T> && few_samples(z) && z.block() * gates * z.hidden >= worth_sharing;
  for_each_run(shared ? parallel : nullptr, static_cast<std::size_t>(z.samples), at_once,
               [&](std::size_t first, std::size_t count) {
                 body(static_cast<Index>(first), static_cast<Index>(count));
               });
}

}  // namespace dtheta::detail
