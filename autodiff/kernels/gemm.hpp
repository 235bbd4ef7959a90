#pragma once

#include "autodiff/scalar.hpp"
#include "autodiff/shape.hpp"

namespace dtheta::detail {

/// A row-major matrix product: C (m, n) = op(A) (m, k) . op(B) (k, n), added to C if `accumulate`.
/// A transposed operand is stored as its transpose. C overlaps neither operand.
struct Gemm {
  Index m, n, k;
  bool transpose_a = false;
  bool transpose_b = false;
  bool accumulate = false;
};

/// float and double go to BLAS, on the calling thread alone; the others to plain loops.
template <Scalar T>
void gemm(const Gemm& g, const T* a, const T* b, T* c);

extern template void gemm(const Gemm&, const float*, const float*, float*);
extern template void gemm(const Gemm&, const double*, const double*, double*);
extern template void gemm(const Gemm&, const long double*, const long double*, long double*);
extern template void gemm(const Gemm&, const Quad*, const Quad*, Quad*);
extern template void gemm(const Gemm&, const Complex*, const Complex*, Complex*);

}  // namespace dtheta::detail
