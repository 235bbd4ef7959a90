// How work is cut into tiles of accumulators that fit the register file.

#include <cstddef>
#include <type_traits>

#include "autodiff/kernels/simd/map-inl.h"
#include "autodiff/kernels/simd/parts.hpp"

#if defined(DTHETA_SIMD_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DTHETA_SIMD_TILE_INL_H_
#undef DTHETA_SIMD_TILE_INL_H_
#else
#define DTHETA_SIMD_TILE_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

/// Whether there are 32 registers, not 16.
inline constexpr bool many_registers = HWY_TARGET == HWY_AVX3 || HWY_ARCH_ARM_A64 != 0;

/// Registers of sums in a tile: the others hold what is multiplied.
inline constexpr std::size_t accumulators = many_registers ? 24 : 12;
/// Of a tile that is `width` registers wide, how many rows there are sums for, up to `most`.
template <std::size_t most, std::size_t width>
inline constexpr std::size_t tile_rows = most < accumulators / width ? most : accumulators / width;

/// A sum that the compiler takes as it is. What is read at many places from there would else have each of
/// them added up anew, in registers that are needed.
template <class T>
HWY_INLINE const T* settled(const T* x) {
#if HWY_COMPILER_GCC || HWY_COMPILER_CLANG
  asm("" : "+r"(x));
#endif
  return x;
}

/// Calls visit with n as a constant, for n in [1, most].
template <std::size_t most, class Visit>
HWY_INLINE void with_constant(std::size_t n, Visit visit) {
  if constexpr (most > 1) {
    if (n < most) return with_constant<most - 1>(n, visit);
  }
  visit(std::integral_constant<std::size_t, most>{});
}

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
