// The loops: how a function of vectors becomes one of ranges. Compiled once per instruction set,
// and with -ffp-contract=off: what is fused and what is not is decided in the source.

#include <cstddef>

#include "hwy/highway.h"

#if defined(DTHETA_SIMD_MAP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DTHETA_SIMD_MAP_INL_H_
#undef DTHETA_SIMD_MAP_INL_H_
#else
#define DTHETA_SIMD_MAP_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Whether a masked load or store of 4- and 8-byte lanes leaves the other lanes' memory untouched.
/// Highway promises less for AVX2 because of its 8- and 16-bit lanes, which do not matter here.
inline constexpr bool masks_are_safe = !HWY_MEM_OPS_MIGHT_FAULT || HWY_TARGET == HWY_AVX2;

/// Whether Min(a, b) and Max(a, b) are b where one of them is NaN, and where they are equal.
inline constexpr bool second_if_not_ordered =
    HWY_ARCH_X86 != 0 && HWY_TARGET != HWY_EMU128 && HWY_TARGET != HWY_SCALAR;

/// The first n < Lanes(d) elements from x, zero behind them. Reads nothing behind x + n.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> load_first(D d, const T* x, std::size_t n) {
  if constexpr (masks_are_safe) {
    return hn::MaskedLoad(hn::FirstN(d, n), d, x);
  } else {
    alignas(64) T padded[hn::MaxLanes(d)] = {};
    for (std::size_t i = 0; i < n; ++i) padded[i] = x[i];
    return hn::Load(d, padded);
  }
}

/// The first n < Lanes(d) elements of v to out. Writes nothing behind out + n.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE void store_first(D d, hn::Vec<D> v, T* out, std::size_t n) {
  if constexpr (masks_are_safe) {
    hn::BlendedStore(v, hn::FirstN(d, n), d, out);
  } else {
    alignas(64) T padded[hn::MaxLanes(d)];
    hn::Store(v, d, padded);
    for (std::size_t i = 0; i < n; ++i) out[i] = padded[i];
  }
}

/// out[i] = op(in[i]...). The remainder runs through the same vector code, so that a result depends
/// on the element's value and on nothing else. `out` may be any of the inputs.
template <class Op, class T, class... In>
HWY_INLINE void map(Op op, T* out, std::size_t n, const In*... in) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(op(d, hn::LoadU(d, in + i)...), d, out + i);
  if (i < n) store_first(d, op(d, load_first(d, in + i, n - i)...), out + i, n - i);
}

/// Rounds double lanes to float as hardware does: Highway's emulation saturates to the largest
/// finite float where the result is infinite.
template <class D, class V>
HWY_INLINE hn::Vec<D> narrow(D d, V x) {
  if constexpr (HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128) {
    const hn::Rebind<double, D> wide;
    double from[hn::MaxLanes(d)];
    float to[hn::MaxLanes(d)];
    hn::StoreU(x, wide, from);
    for (std::size_t i = 0; i < hn::MaxLanes(d); ++i) to[i] = static_cast<float>(from[i]);
    return hn::LoadU(d, to);
  } else {
    return hn::DemoteTo(d, x);
  }
}

/// Runs a function written for double lanes on float lanes: exact on the way in, rounded once on
/// the way out, hence within 0.5 ulp and a hair whenever Op is good to 2^-30.
template <class Op>
struct ThroughDouble {
  template <class D, class V = hn::Vec<D>>
  HWY_INLINE V operator()(D d, V x) const {
#if HWY_TARGET == HWY_SCALAR
    const hn::Rebind<double, D> wide;
    return narrow(d, Op{}(wide, hn::PromoteTo(wide, x)));
#else
    const hn::Half<D> half;
    const hn::Rebind<double, hn::Half<D>> wide;
    const auto lower = Op{}(wide, hn::PromoteTo(wide, hn::LowerHalf(half, x)));
    const auto upper = Op{}(wide, hn::PromoteTo(wide, hn::UpperHalf(half, x)));
    return hn::Combine(d, narrow(half, upper), narrow(half, lower));
#endif
  }
};

/// IEEE 754-2019 maximum: NaN from either side, and -0 < +0, so that the order does not matter.
template <class V>
HWY_INLINE V maximum_of(V a, V b) {
  const V larger = hn::IfThenElse(hn::Or(hn::Gt(a, b), hn::IsNaN(a)), a, b);
  return hn::IfThenElse(hn::Eq(a, b), hn::And(a, b), larger);
}

template <class V>
HWY_INLINE V minimum_of(V a, V b) {
  const V smaller = hn::IfThenElse(hn::Or(hn::Lt(a, b), hn::IsNaN(a)), a, b);
  return hn::IfThenElse(hn::Eq(a, b), hn::Or(a, b), smaller);
}

/// Calls visit(element, load, store) for each register of n elements; the last one may be short.
template <class D, class Visit>
HWY_INLINE void for_each_register(D d, std::size_t n, Visit visit) {
  using T = hn::TFromD<D>;
  using V = hn::Vec<D>;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t k = 0;
  for (; k + lanes <= n; k += lanes) {
    visit(
        k, [&](const T* p) HWY_ATTR { return hn::LoadU(d, p); },
        [&](V v, T* p) HWY_ATTR { hn::StoreU(v, d, p); });
  }
  if (k == n) return;
  visit(
      k, [&](const T* p) HWY_ATTR { return load_first(d, p, n - k); },
      [&](V v, T* p) HWY_ATTR { store_first(d, v, p, n - k); });
}

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
