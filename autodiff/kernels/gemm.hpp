#pragma once

#include <type_traits>

#include "autodiff/kernels/parallel.hpp"
#include "autodiff/scalar.hpp"
#include "autodiff/shape.hpp"

namespace dtheta::detail {

/// A row-major matrix product: C (m, n) = factor op(A) (m, k) . op(B) (k, n), added to C if
/// `accumulate`.
/// A transposed operand is stored as its transpose. C overlaps neither operand.
struct Gemm {
  Index m, n, k;
  bool transpose_a = false;
  bool transpose_b = false;
  bool accumulate = false;
};

/// float and double go to BLAS, the others to plain loops. If `parallel` is given, large products
/// are cut into parts that its threads share; the cut does not depend on their number.
template <Scalar T>
void gemm(const Gemm& g, std::type_identity_t<T> factor, const T* a, const T* b, T* c,
          const Parallel* parallel = nullptr);
template <Scalar T>
void gemm(const Gemm& g, const T* a, const T* b, T* c, const Parallel* parallel = nullptr) {
  gemm(g, T(1), a, b, c, parallel);
}

extern template void gemm(const Gemm&, float, const float*, const float*, float*, const Parallel*);
extern template void gemm(const Gemm&, double, const double*, const double*, double*,
                          const Parallel*);
extern template void gemm(const Gemm&, long double, const long double*, const long double*,
                          long double*, const Parallel*);
extern template void gemm(const Gemm&, Quad, const Quad*, const Quad*, Quad*, const Parallel*);
extern template void gemm(const Gemm&, Complex, const Complex*, const Complex*, Complex*,
                          const Parallel*);

}  // namespace dtheta::detail
