#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "autodiff/kernels/recurrent.hpp"
#include "autodiff/kernels/simd/gru.hpp"

namespace dtheta::detail {

/// What a GRU keeps of its steps, in this order, each (time, samples, hidden); q is what h and its
/// bias contribute to n, before r.
enum class GruBlock : std::uint8_t { h, r, z, n, q };
inline constexpr Index gru_blocks = 5;

/// What its adjoint hands on, in this order, each (time, samples, hidden): the cotangents of what
/// r, z and n are functions of, with that of q between them, and that of h after each step.
enum class GruCotangent : std::uint8_t { r, z, q, n, h };
inline constexpr Index gru_cotangents = 5;

template <Scalar T>
void gru_step(const simd::GruStep<T>& s) {
  if constexpr (Vectorized<T>) {
    simd::gru_step(s);
  } else {
    using std::tanh;
    for (std::size_t row = 0; row < s.samples; ++row) {
      const T *x = s.x + row * 3 * s.hidden, *product = s.product + row * 3 * s.hidden;
      for (std::size_t k = 0; k < s.hidden; ++k) {
        const std::size_t at = row * s.hidden + k;
        s.r[at] = logistic(x[k] + product[k]);
        s.z[at] = logistic(x[s.hidden + k] + product[s.hidden + k]);
        s.q[at] = product[2 * s.hidden + k];
        s.n[at] = tanh(x[2 * s.hidden + k] + s.r[at] * s.q[at]);
        s.h[at] = s.n[at] + s.z[at] * (s.h_before[at] - s.n[at]);
      }
    }
  }
}

template <Scalar T>
void gru_step_adjoint(const simd::GruStepAdjoint<T>& s) {
  if constexpr (Vectorized<T>) {
    simd::gru_step_adjoint(s);
  } else {
    const T one(1);
    for (std::size_t k = 0; k < s.count; ++k) {
      const auto plus_given = [&](T v, const T* given) {
        return given != nullptr ? v + given[k] : v;
      };
      const T r = s.r[k], z = s.z[k], n = s.n[k], dh = s.dh[k];
      const T dz = plus_given(dh * (s.h_before[k] - n), s.given_z);
      const T dn = plus_given(dh * (one - z), s.given_n) * (one - n * n);
      s.d_r[k] = plus_given(dn * s.q[k], s.given_r) * r * (one - r);
      s.d_z[k] = dz * z * (one - z);
      s.d_n[k] = dn;
      s.d_q[k] = plus_given(dn * r, s.given_q);
      s.dh[k] = dh * z;
    }
  }
}

/// Elements of work that gru_forward needs.
[[nodiscard]] inline Index gru_work(const RecurrentSizes& z) {
  return 3 * z.step() + Recurrence<double, 3>::work(z);
}

/// All steps, from what x contributes to the gates (time, samples, 3 hidden), W (3 hidden, hidden)
/// and the bias of h W^T; `kept` receives the blocks.
template <Scalar T>
void gru_forward(const RecurrentSizes& z, const T* x, const T* w, const T* bias, const T* h0,
                 T* kept, T* work, const Parallel* parallel = nullptr) {
  const Recurrence<T, 3> recurrence(z, w, work + 3 * z.step());
  for_each_run_of_samples<T>(z, 3, parallel, [&](Index first, Index samples) {
    const Index row = first * z.hidden;
    const auto block = [&](GruBlock b, Index t) {
      return kept + static_cast<Index>(b) * z.block() + t * z.step() + row;
    };
    const T* h = h0 + row;
    T* const product = work + 3 * row;
    for (Index s = 0; s < z.time; ++s) {
      const Index t = z.at(s);
      recurrence.add_to(bias, 0, samples, h, product);
      gru_step<T>({.samples = static_cast<std::size_t>(samples),
                   .hidden = static_cast<std::size_t>(z.hidden),
                   .x = x + 3 * (t * z.step() + row),
                   .product = product,
                   .h_before = h,
                   .r = block(GruBlock::r, t),
                   .z = block(GruBlock::z, t),
                   .n = block(GruBlock::n, t),
                   .q = block(GruBlock::q, t),
                   .h = block(GruBlock::h, t)});
      h = block(GruBlock::h, t);
    }
  });
}

/// The cotangents of all steps, from those of the kept blocks, which may be null for zero. `work`
/// holds a step of a block.
template <Scalar T>
void gru_adjoint(const RecurrentSizes& z, const std::array<const T*, gru_blocks>& given,
                 const T* kept, const T* w, const T* h0, T* out, T* work,
                 const Parallel* parallel = nullptr) {
  for_each_run_of_samples<T>(z, 3, parallel, [&](Index first, Index samples) {
    const Index row = first * z.hidden, width = samples * z.hidden;
    const auto block = [&](GruBlock b, Index t) {
      return kept + static_cast<Index>(b) * z.block() + t * z.step() + row;
    };
    const auto result = [&](GruCotangent c, Index t) {
      return out + static_cast<Index>(c) * z.block() + t * z.step() + row;
    };
    T* const dh = work + row;  // what the step that followed hands on
    std::fill_n(dh, width, T(0));
    for (Index s = z.time; s-- > 0;) {
      const Index t = z.at(s);
      const auto cotangent = [&](GruBlock b) {
        const T* all = given[static_cast<std::size_t>(b)];
        return all != nullptr ? all + t * z.step() + row : nullptr;
      };
      if (s + 1 < z.time) {
        for (Index g = 0; g < 3; ++g) {
          through_gates(z, dh, samples, z.hidden, result(static_cast<GruCotangent>(g), z.at(s + 1)),
                        w + g * z.hidden * z.hidden, dh);
        }
      }
      if (const T* own = cotangent(GruBlock::h)) {
        for (Index k = 0; k < width; ++k) dh[k] += own[k];
      }
      std::copy_n(dh, width, result(GruCotangent::h, t));
      gru_step_adjoint<T>({.count = static_cast<std::size_t>(width),
                           .r = block(GruBlock::r, t),
                           .z = block(GruBlock::z, t),
                           .n = block(GruBlock::n, t),
                           .q = block(GruBlock::q, t),
                           .h_before = s > 0 ? block(GruBlock::h, z.at(s - 1)) : h0 + row,
                           .given_r = cotangent(GruBlock::r),
                           .given_z = cotangent(GruBlock::z),
                           .given_n = cotangent(GruBlock::n),
                           .given_q = cotangent(GruBlock::q),
                           .dh = dh,
                           .d_r = result(GruCotangent::r, t),
                           .d_z = result(GruCotangent::z, t),
                           .d_n = result(GruCotangent::n, t),
                           .d_q = result(GruCotangent::q, t)});
    }
  });
}

}  // namespace dtheta::detail
