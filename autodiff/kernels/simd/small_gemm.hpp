#pragma once

#include <cstddef>

namespace dtheta::simd {

/// C (m, n) = factor * op(A) (m, k) . op(B) (k, n), added to C if `accumulate`; row-major, a
/// transposed operand stored as its transpose. For products so small that a call of BLAS costs more
/// than the work. Each sum runs along k in order, fused where the instruction set can.
struct SmallGemm {
  std::size_t m, n, k;
  bool transpose_a, transpose_b, accumulate;
};
void small_gemm(const SmallGemm& g, float factor, const float* a, const float* b, float* c);
void small_gemm(const SmallGemm& g, double factor, const double* a, const double* b, double* c);

}  // namespace dtheta::simd
