#pragma once

#include <algorithm>
#include <cmath>

#include "autodiff/kernels/recurrent.hpp"
#include "autodiff/kernels/simd/elementwise.hpp"

namespace dtheta::detail {

template <Scalar T>
void tanh_in_place(Index count, T* h) {
  if constexpr (Vectorized<T>) {
    simd::tanh(h, h, static_cast<std::size_t>(count));
  } else {
    using std::tanh;
    for (Index k = 0; k < count; ++k) h[k] = tanh(h[k]);
  }
}

/// Elements of work that rnn_forward needs.
[[nodiscard]] inline Index rnn_work(const RecurrentSizes& z) {
  return Recurrence<double, 1>::work(z);
}

/// All steps of h = tanh(x + W h_before): h (time, samples, hidden) from x of the same shape, W
/// (hidden, hidden) and h0.
template <Scalar T>
void rnn_forward(const RecurrentSizes& z, const T* x, const T* w, const T* h0, T* h, T* work,
                 const Parallel* parallel = nullptr) {
  const Recurrence<T, 1> recurrence(z, w, work);
  for_each_run_of_samples<T>(z, 1, parallel, [&](Index first, Index samples) {
    const Index row = first * z.hidden, width = samples * z.hidden;
    const T* before = h0 + row;
    for (Index s = 0; s < z.time; ++s) {
      const Index at = z.at(s) * z.step() + row;
      recurrence.add_to(x + at, z.hidden, samples, before, h + at);
      tanh_in_place(width, h + at);
      before = h + at;
    }
  });
}

/// The cotangent of x, from that of h.
template <Scalar T>
void rnn_adjoint(const RecurrentSizes& z, const T* given, const T* h, const T* w, T* out,
                 const Parallel* parallel = nullptr) {
  for_each_run_of_samples<T>(z, 1, parallel, [&](Index first, Index samples) {
    const Index row = first * z.hidden, width = samples * z.hidden;
    for (Index s = z.time; s-- > 0;) {
      const Index at = z.at(s) * z.step() + row;
      if (s + 1 < z.time) {
        through_gates(z, given + at, samples, z.hidden, out + z.at(s + 1) * z.step() + row, w,
                      out + at);
      } else {
        std::copy_n(given + at, width, out + at);
      }
      for (Index k = at; k < at + width; ++k) out[k] *= T(1) - h[k] * h[k];
    }
  });
}

}  // namespace dtheta::detail
