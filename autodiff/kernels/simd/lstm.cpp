// The elementwise part of one step of an LSTM and its adjoint, each in one pass.
#include "autodiff/kernels/simd/lstm.hpp"

#include "autodiff/kernels/simd/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autodiff/kernels/simd/lstm.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "autodiff/kernels/simd/gates-inl.h"
#include "autodiff/kernels/simd/map-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

template <class T>
HWY_INLINE void step_any(const LstmStep<T>& s) {
  const hn::ScalableTag<T> d;
  for (std::size_t n = 0; n < s.samples; ++n) {
    const T* gates = s.gates + n * 4 * s.hidden;
    for_each_register(d, s.hidden, [&](std::size_t k, auto load, auto store) HWY_ATTR {
      const std::size_t at = n * s.hidden + k;
      const auto i = Sigmoid{}(d, load(gates + k));
      const auto f = Sigmoid{}(d, load(gates + s.hidden + k));
      const auto g = Tanh{}(d, load(gates + 2 * s.hidden + k));
      const auto o = Sigmoid{}(d, load(gates + 3 * s.hidden + k));
      const auto c = f * load(s.c_before + at) + i * g;
      store(i, s.i + at);
      store(f, s.f + at);
      store(g, s.g + at);
      store(o, s.o + at);
      store(c, s.c + at);
      store(o * Tanh{}(d, c), s.h + at);
    });
  }
}

template <class T>
HWY_INLINE void step_adjoint_any(const LstmStepAdjoint<T>& s) {
  const hn::ScalableTag<T> d;
  const auto one = hn::Set(d, T(1));
  for (std::size_t n = 0; n < s.samples; ++n) {
    T* gates = s.gates + n * 4 * s.hidden;
    for_each_register(d, s.hidden, [&](std::size_t k, auto load, auto store) HWY_ATTR {
      const std::size_t at = n * s.hidden + k;
      const auto plus_given = [&](auto v, const T* given)
                                  HWY_ATTR { return given != nullptr ? v + load(given + at) : v; };
      const auto i = load(s.i + at), f = load(s.f + at), g = load(s.g + at), o = load(s.o + at);
      const auto tanh_c = Tanh{}(d, load(s.c + at));
      const auto dh = load(s.given_h + at);
      const auto dc = plus_given(load(s.carry + at) + dh * o * (one - tanh_c * tanh_c), s.given_c);
      const auto di = plus_given(dc * g, s.given_i);
      const auto df = plus_given(dc * load(s.c_before + at), s.given_f);
      const auto dg = plus_given(dc * i, s.given_g);
      const auto d_o = plus_given(dh * tanh_c, s.given_o);
      store(di * i * (one - i), gates + k);
      store(df * f * (one - f), gates + s.hidden + k);
      store(dg * (one - g * g), gates + 2 * s.hidden + k);
      store(d_o * o * (one - o), gates + 3 * s.hidden + k);
      store(dc * f, s.carry + at);
    });
  }
}

void lstm_step_f32(const LstmStep<float>& s) { step_any(s); }
void lstm_step_f64(const LstmStep<double>& s) { step_any(s); }
void lstm_step_adjoint_f32(const LstmStepAdjoint<float>& s) { step_adjoint_any(s); }
void lstm_step_adjoint_f64(const LstmStepAdjoint<double>& s) { step_adjoint_any(s); }

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dtheta::simd {

HWY_EXPORT(lstm_step_f32);
HWY_EXPORT(lstm_step_f64);
HWY_EXPORT(lstm_step_adjoint_f32);
HWY_EXPORT(lstm_step_adjoint_f64);

void lstm_step(const LstmStep<float>& s) { HWY_DYNAMIC_DISPATCH(lstm_step_f32)(s); }
void lstm_step(const LstmStep<double>& s) { HWY_DYNAMIC_DISPATCH(lstm_step_f64)(s); }
void lstm_step_adjoint(const LstmStepAdjoint<float>& s) {
  HWY_DYNAMIC_DISPATCH(lstm_step_adjoint_f32)(s);
}
void lstm_step_adjoint(const LstmStepAdjoint<double>& s) {
  HWY_DYNAMIC_DISPATCH(lstm_step_adjoint_f64)(s);
}

}  // namespace dtheta::simd
#endif
