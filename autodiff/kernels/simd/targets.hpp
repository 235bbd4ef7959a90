#pragma once

/// Instruction sets that the kernels here are not compiled for. Include this before any Highway
/// header.
///
/// SSSE3 without SSE4 has died out, what is newer than AVX3 (the lower bits, of which each release of
/// Highway knows more) adds nothing for floating point, and the scalable sets are left out because the
/// reduction tree wants a vector length known when compiling.
#define HWY_DISABLED_TARGETS \
  (HWY_SSSE3 | (HWY_AVX3 - 1) | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
