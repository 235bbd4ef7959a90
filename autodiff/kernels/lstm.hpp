#pragma once

#include <algorithm>
#include <array>
#include <cmath>

#include "autodiff/kernels/gemm.hpp"
#include "autodiff/kernels/simd/lstm.hpp"
#include "autodiff/kernels/simd/product.hpp"

namespace dtheta::detail {

/// What an LSTM keeps of its steps, in this order, each (time, samples, hidden).
enum class LstmBlock : std::uint8_t { h, c, i, f, g, o };
inline constexpr Index lstm_blocks = 6;

/// An LSTM over `time` steps of `samples` rows; `reverse`: from the last step to the first.
struct LstmSizes {
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

template <Scalar T>
void lstm_step(const simd::LstmStep<T>& s) {
  if constexpr (Vectorized<T>) {
    simd::lstm_step(s);
  } else {
    using std::tanh;
    for (std::size_t n = 0; n < s.samples; ++n) {
      const T* gates = s.gates + n * 4 * s.hidden;
      for (std::size_t k = 0; k < s.hidden; ++k) {
        const std::size_t at = n * s.hidden + k;
        s.i[at] = logistic(gates[k]);
        s.f[at] = logistic(gates[s.hidden + k]);
        s.g[at] = tanh(gates[2 * s.hidden + k]);
        s.o[at] = logistic(gates[3 * s.hidden + k]);
        s.c[at] = s.f[at] * s.c_before[at] + s.i[at] * s.g[at];
        s.h[at] = s.o[at] * tanh(s.c[at]);
      }
    }
  }
}

template <Scalar T>
void lstm_step_adjoint(const simd::LstmStepAdjoint<T>& s) {
  if constexpr (Vectorized<T>) {
    simd::lstm_step_adjoint(s);
  } else {
    using std::tanh;
    const T one(1);
    for (std::size_t n = 0; n < s.samples; ++n) {
      T* gates = s.gates + n * 4 * s.hidden;
      for (std::size_t k = 0; k < s.hidden; ++k) {
        const std::size_t at = n * s.hidden + k;
        const auto plus_given = [&](T v, const T* given) {
          return given != nullptr ? v + given[at] : v;
        };
        const T i = s.i[at], f = s.f[at], g = s.g[at], o = s.o[at], tanh_c = tanh(s.c[at]);
        const T dh = s.given_h[at];
        const T dc = plus_given(s.carry[at] + dh * o * (one - tanh_c * tanh_c), s.given_c);
        gates[k] = plus_given(dc * g, s.given_i) * i * (one - i);
        gates[s.hidden + k] = plus_given(dc * s.c_before[at], s.given_f) * f * (one - f);
        gates[2 * s.hidden + k] = plus_given(dc * i, s.given_g) * (one - g * g);
        gates[3 * s.hidden + k] = plus_given(dh * tanh_c, s.given_o) * o * (one - o);
        s.carry[at] = dc * f;
      }
    }
  }
}

/// The products of a step have as many rows as there are samples. With few, BLAS would spend more
/// time on rearranging W than on the product.
[[nodiscard]] inline bool few_samples(const LstmSizes& z) { return z.samples <= 48; }

/// c (rows, columns) += a (rows, k) b (k, columns), where the rows of c are c_stride apart.
template <Vectorized T>
void add_small_product(Index rows, Index columns, Index k, const T* a, const T* b, T* c,
                       Index c_stride) {
  const auto n = [](Index i) { return static_cast<std::size_t>(i); };
  simd::multiply({.m = n(rows),
                  .n = n(columns),
                  .k = n(k),
                  .a = a,
                  .a_row = n(k),
                  .a_column = 1,
                  .b = b,
                  .b_stride = n(columns),
                  .c = c,
                  .c_stride = n(c_stride),
                  .added = c,
                  .added_stride = n(c_stride)});
}

/// What h W^T adds to the gates of a step, for W (4 hidden, hidden).
template <Scalar T>
class LstmRecurrence {
 public:
  /// Elements of work, for W transposed gate by gate.
  static Index work(const LstmSizes& z) { return few_samples(z) ? 4 * z.hidden * z.hidden : 0; }

  LstmRecurrence(const LstmSizes& z, const T* w, T* work) : z_(z), w_(w), transposed_(work) {
    if (!uses_small_products()) return;
    for (Index g = 0; g < 4; ++g, w += z.hidden * z.hidden, work += z.hidden * z.hidden) {
      transpose(w, z.hidden, work);
    }
  }
  /// For `samples` rows of h and of the gates.
  void add(Index samples, const T* h, T* gates) const {
    if constexpr (Vectorized<T>) {
      if (uses_small_products()) {
        for (Index g = 0; g < 4; ++g) {
          add_small_product(samples, z_.hidden, z_.hidden, h,
                            transposed_ + g * z_.hidden * z_.hidden, gates + g * z_.hidden,
                            4 * z_.hidden);
        }
        return;
      }
    }
    gemm({samples, 4 * z_.hidden, z_.hidden, false, true, true}, h, w_, gates);
  }

 private:
  [[nodiscard]] bool uses_small_products() const { return Vectorized<T> && few_samples(z_); }
  /// In squares that fit a cache line, so that both sides are read and written line by line.
  static void transpose(const T* a, Index n, T* out) {
    constexpr Index square = 16;
    for (Index i0 = 0; i0 < n; i0 += square) {
      for (Index j0 = 0; j0 < n; j0 += square) {
        for (Index i = i0; i < std::min(n, i0 + square); ++i) {
          for (Index j = j0; j < std::min(n, j0 + square); ++j) out[j * n + i] = a[i * n + j];
        }
      }
    }
  }

  const LstmSizes& z_;
  const T* w_;
  T* transposed_;
};

/// dh += dG W for the gates' cotangent dG of a step, of `samples` rows.
template <Scalar T>
void add_through_gates(const LstmSizes& z, Index samples, const T* gates, const T* w, T* dh) {
  if constexpr (Vectorized<T>) {
    if (few_samples(z)) {
      return add_small_product(samples, z.hidden, 4 * z.hidden, gates, w, dh, z.hidden);
    }
  }
  gemm({samples, z.hidden, 4 * z.hidden, false, false, true}, gates, w, dh);
}

/// Calls body(first, count) for runs of samples, each of which goes through all steps by itself:
/// threads need not wait for each other at every step. Small products sum in one order whatever
/// their number of rows; those of BLAS may not, and are not cut.
template <Scalar T, class Body>
void for_each_run_of_samples(const LstmSizes& z, const Parallel* parallel, Body body) {
  constexpr Index at_once = 8, worth_sharing = Index{1} << 21;  // rows of a tile; multiplications
  const bool shared = Vectorized<T> && few_samples(z) && z.block() * 4 * z.hidden >= worth_sharing;
  for_each_run(shared ? parallel : nullptr, static_cast<std::size_t>(z.samples), at_once,
               [&](std::size_t first, std::size_t count) {
                 body(static_cast<Index>(first), static_cast<Index>(count));
               });
}

/// Elements of work that lstm_forward needs.
[[nodiscard]] inline Index lstm_work(const LstmSizes& z) {
  return 4 * z.step() + LstmRecurrence<double>::work(z);
}

/// All steps: gates + h W^T (time, samples, 4 hidden) through the activations; `kept` receives the
/// blocks.
template <Scalar T>
void lstm_forward(const LstmSizes& z, const T* gates, const T* w, const T* h0, const T* c0, T* kept,
                  T* work, const Parallel* parallel = nullptr) {
  const LstmRecurrence<T> recurrence(z, w, work + 4 * z.step());
  for_each_run_of_samples<T>(z, parallel, [&](Index first, Index samples) {
    const Index row = first * z.hidden, width = samples * z.hidden;
    const auto block = [&](LstmBlock b, Index t) {
      return kept + static_cast<Index>(b) * z.block() + t * z.step() + row;
    };
    const T *h = h0 + row, *c = c0 + row;
    T* const own = work + 4 * row;
    for (Index s = 0; s < z.time; ++s) {
      const Index t = z.at(s);
      std::copy_n(gates + 4 * (t * z.step() + row), 4 * width, own);
      recurrence.add(samples, h, own);
      lstm_step<T>({.samples = static_cast<std::size_t>(samples),
                    .hidden = static_cast<std::size_t>(z.hidden),
                    .gates = own,
                    .c_before = c,
                    .i = block(LstmBlock::i, t),
                    .f = block(LstmBlock::f, t),
                    .g = block(LstmBlock::g, t),
                    .o = block(LstmBlock::o, t),
                    .c = block(LstmBlock::c, t),
                    .h = block(LstmBlock::h, t)});
      h = block(LstmBlock::h, t), c = block(LstmBlock::c, t);
    }
  });
}

/// The cotangents of the gates (time, samples, 4 hidden), from those of the kept blocks, which may
/// be null for zero. `work` holds two steps of a block.
template <Scalar T>
void lstm_adjoint(const LstmSizes& z, const std::array<const T*, lstm_blocks>& given, const T* kept,
                  const T* w, const T* c0, T* gates, T* work, const Parallel* parallel = nullptr) {
  for_each_run_of_samples<T>(z, parallel, [&](Index first, Index samples) {
    const Index row = first * z.hidden, width = samples * z.hidden;
    const auto block = [&](LstmBlock b, Index t) {
      return kept + static_cast<Index>(b) * z.block() + t * z.step() + row;
    };
    const auto gates_of = [&](Index t) { return gates + 4 * (t * z.step() + row); };
    T *const dh = work + row, *const carry = work + z.step() + row;
    std::fill_n(carry, width, T(0));
    for (Index s = z.time; s-- > 0;) {
      const Index t = z.at(s);
      const auto cotangent = [&](LstmBlock b) {
        const T* all = given[static_cast<std::size_t>(b)];
        return all != nullptr ? all + t * z.step() + row : nullptr;
      };
      if (const T* own = cotangent(LstmBlock::h))
        std::copy_n(own, width, dh);
      else
        std::fill_n(dh, width, T(0));
      if (s + 1 < z.time) add_through_gates(z, samples, gates_of(z.at(s + 1)), w, dh);
      lstm_step_adjoint<T>({.samples = static_cast<std::size_t>(samples),
                            .hidden = static_cast<std::size_t>(z.hidden),
                            .i = block(LstmBlock::i, t),
                            .f = block(LstmBlock::f, t),
                            .g = block(LstmBlock::g, t),
                            .o = block(LstmBlock::o, t),
                            .c = block(LstmBlock::c, t),
                            .c_before = s > 0 ? block(LstmBlock::c, z.at(s - 1)) : c0 + row,
                            .given_i = cotangent(LstmBlock::i),
                            .given_f = cotangent(LstmBlock::f),
                            .given_g = cotangent(LstmBlock::g),
                            .given_o = cotangent(LstmBlock::o),
                            .given_c = cotangent(LstmBlock::c),
                            .given_h = dh,
                            .carry = carry,
                            .gates = gates_of(t)});
    }
  });
}

}  // namespace dtheta::detail
