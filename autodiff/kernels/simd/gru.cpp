// The elementwise part of one step of a GRU and its adjoint, each in one pass.
#include "autodiff/kernels/simd/gru.hpp"

#include "autodiff/kernels/simd/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autodiff/kernels/simd/gru.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "autodiff/kernels/simd/gates-inl.h"
#include "autodiff/kernels/simd/map-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

template <class T>
HWY_INLINE void gru_step_any(const GruStep<T>& s) {
  const hn::ScalableTag<T> d;
  for (std::size_t row = 0; row < s.samples; ++row) {
    const T *x = s.x + row * 3 * s.hidden, *product = s.product + row * 3 * s.hidden;
    for_each_register(d, s.hidden, [&](std::size_t k, auto load, auto store) HWY_ATTR {
      const std::size_t at = row * s.hidden + k, for_z = s.hidden + k, for_n = 2 * s.hidden + k;
      const auto r = Sigmoid{}(d, load(x + k) + load(product + k));
      const auto z = Sigmoid{}(d, load(x + for_z) + load(product + for_z));
      const auto q = load(product + for_n);
      const auto n = Tanh{}(d, load(x + for_n) + r * q);
      store(r, s.r + at);
      store(z, s.z + at);
      store(n, s.n + at);
      store(q, s.q + at);
      store(n + z * (load(s.h_before + at) - n), s.h + at);
    });
  }
}

template <class T>
HWY_INLINE void gru_step_adjoint_any(const GruStepAdjoint<T>& s) {
  const hn::ScalableTag<T> d;
  const auto one = hn::Set(d, T(1));
  for_each_register(d, s.count, [&](std::size_t k, auto load, auto store) HWY_ATTR {
    const auto plus_given = [&](auto v, const T* given)
                                HWY_ATTR { return given != nullptr ? v + load(given + k) : v; };
    const auto r = load(s.r + k), z = load(s.z + k), n = load(s.n + k), dh = load(s.dh + k);
    const auto dz = plus_given(dh * (load(s.h_before + k) - n), s.given_z);
    const auto dn = plus_given(dh * (one - z), s.given_n) * (one - n * n);
    const auto dr = plus_given(dn * load(s.q + k), s.given_r);
    store(dr * r * (one - r), s.d_r + k);
    store(dz * z * (one - z), s.d_z + k);
    store(dn, s.d_n + k);
    store(plus_given(dn * r, s.given_q), s.d_q + k);
    store(dh * z, s.dh + k);
  });
}

void gru_step_f32(const GruStep<float>& s) { gru_step_any(s); }
void gru_step_f64(const GruStep<double>& s) { gru_step_any(s); }
void gru_step_adjoint_f32(const GruStepAdjoint<float>& s) { gru_step_adjoint_any(s); }
void gru_step_adjoint_f64(const GruStepAdjoint<double>& s) { gru_step_adjoint_any(s); }

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dtheta::simd {

HWY_EXPORT(gru_step_f32);
HWY_EXPORT(gru_step_f64);
HWY_EXPORT(gru_step_adjoint_f32);
HWY_EXPORT(gru_step_adjoint_f64);

void gru_step(const GruStep<float>& s) { HWY_DYNAMIC_DISPATCH(gru_step_f32)(s); }
void gru_step(const GruStep<double>& s) { HWY_DYNAMIC_DISPATCH(gru_step_f64)(s); }
void gru_step_adjoint(const GruStepAdjoint<float>& s) {
  HWY_DYNAMIC_DISPATCH(gru_step_adjoint_f32)(s);
}
void gru_step_adjoint(const GruStepAdjoint<double>& s) {
  HWY_DYNAMIC_DISPATCH(gru_step_adjoint_f64)(s);
}

}  // namespace dtheta::simd
#endif
