#pragma once

#include <cstddef>

/// The elementwise part of one step of a GRU, for float and double.
namespace dtheta::simd {

/// One step forward, for `samples` rows of `hidden` elements. From what x and h_before contribute,
/// `x` and `product`, both (samples, 3 hidden) in the order r, z, n:
///   r, z = sigmoid(x + product),  q = product,  n = tanh(x + r q),  h = n + z (h_before - n).
template <class T>
struct GruStep {
  std::size_t samples, hidden;
  const T *x, *product;
  const T* h_before;
  T *r, *z, *n, *q, *h;
};
void gru_step(const GruStep<float>& s);
void gru_step(const GruStep<double>& s);

/// The adjoint of that step at what it computed. Cotangents given for r, z, n and q may be null,
/// for zero; `dh` is complete, and becomes what h_before receives beside the products. The others
/// receive the cotangents of what r, z and n are functions of, and of q.
template <class T>
struct GruStepAdjoint {
  std::size_t count;  ///< elements
  const T *r, *z, *n, *q;
  const T* h_before;
  const T *given_r, *given_z, *given_n, *given_q;
  T* dh;
  T *d_r, *d_z, *d_n, *d_q;
};
void gru_step_adjoint(const GruStepAdjoint<float>& s);
void gru_step_adjoint(const GruStepAdjoint<double>& s);

}  // namespace dtheta::simd
