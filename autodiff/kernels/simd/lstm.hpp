#pragma once

#include <cstddef>

/// The elementwise part of one step of an LSTM, for float and double.
namespace dtheta::simd {

/// One step forward, for `samples` rows of `hidden` elements:
///   i, f, o = sigmoid and g = tanh of the parts of `gates` (samples, 4 hidden), which stand in the
///   order i, f, g, o;  c = f c_before + i g;  h = o tanh(c).
template <class T>
struct LstmStep {
  std::size_t samples, hidden;
  const T* gates;
  const T* c_before;
  T *i, *f, *g, *o, *c, *h;
};
void lstm_step(const LstmStep<float>& s);
void lstm_step(const LstmStep<double>& s);

/// The adjoint of that step at what it computed. Cotangents given for i, f, g, o and c may be null,
/// for zero; that of h is complete. `carry` is what the following step adds to the cotangent of c;
/// it becomes what this step adds to that of c_before. `gates` receives the cotangent of the gates.
template <class T>
struct LstmStepAdjoint {
  std::size_t samples, hidden;
  const T *i, *f, *g, *o, *c;
  const T* c_before;
  const T *given_i, *given_f, *given_g, *given_o, *given_c;
  const T* given_h;
  T* carry;
  T* gates;
};
void lstm_step_adjoint(const LstmStepAdjoint<float>& s);
void lstm_step_adjoint(const LstmStepAdjoint<double>& s);

}  // namespace dtheta::simd
