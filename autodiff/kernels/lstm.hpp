#pragma once

#include <algorithm>
#include <array>
#include <cmath>

#include "autodiff/kernels/recurrent.hpp"
#include "autodiff/kernels/simd/lstm.hpp"

namespace dtheta::detail {

/// What an LSTM keeps of its steps, in this order, each (time, samples, hidden).
enum class LstmBlock : std::uint8_t { h, c, i, f, g, o };
inline constexpr Index lstm_blocks = 6;

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

/// Elements of work that lstm_forward needs.
[[nodiscard]] inline Index lstm_work(const RecurrentSizes& z) {
  return 4 * z.step() + Recurrence<double, 4>::work(z);
}

/// All steps: gates + h W^T (time, samples, 4 hidden) through the activations; `kept` receives the
/// blocks.
template <Scalar T>
void lstm_forward(const RecurrentSizes& z, const T* gates, const T* w, const T* h0, const T* c0,
                  T* kept, T* work, const Parallel* parallel = nullptr) {
  const Recurrence<T, 4> recurrence(z, w, work + 4 * z.step());
  for_each_run_of_samples<T>(z, 4, parallel, [&](Index first, Index samples) {
    const Index row = first * z.hidden;
    const auto block = [&](LstmBlock b, Index t) {
      return kept + static_cast<Index>(b) * z.block() + t * z.step() + row;
    };
    const T *h = h0 + row, *c = c0 + row;
    T* const own = work + 4 * row;
    for (Index s = 0; s < z.time; ++s) {
      const Index t = z.at(s);
      recurrence.add_to(gates + 4 * (t * z.step() + row), 4 * z.hidden, samples, h, own);
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
void lstm_adjoint(const RecurrentSizes& z, const std::array<const T*, lstm_blocks>& given,
                  const T* kept, const T* w, const T* c0, T* gates, T* work,
                  const Parallel* parallel = nullptr) {
  for_each_run_of_samples<T>(z, 4, parallel, [&](Index first, Index samples) {
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
      const T* const own = cotangent(LstmBlock::h);
      if (s + 1 < z.time)
        through_gates(z, own, samples, 4 * z.hidden, gates_of(z.at(s + 1)), w, dh);
      else if (own != nullptr)
        std::copy_n(own, width, dh);
      else
        std::fill_n(dh, width, T(0));
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
