#pragma once

#include "autodiff/kernels/parallel.hpp"
#include "autodiff/scalar/scalar.hpp"
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

/// What becomes of a product op(A) . op(B) on its way into C.
template <class T>
struct Finish {
  T factor = T(1);          // it is multiplied by this,
  const T* bias = nullptr;  // this row is added to each of its rows,
  bool rectified = false;   // then it goes through relu,
  const T* gate = nullptr;  // and through relu_grad: 0 where this (m, n) is not positive
};

/// Products of float and double are computed by the kernels of simd/product.hpp, with few rows or columns
/// and, without AVX2, large ones by BLAS, and those of other scalars by plain loops. If `parallel`
/// is given, large products are cut into parts that its threads share; the cut does not depend on
/// their number.
template <Scalar T>
void gemm(const Gemm& g, const Finish<T>& finish, const T* a, const T* b, T* c,
          const Parallel* parallel = nullptr);
template <Scalar T>
void gemm(const Gemm& g, const T* a, const T* b, T* c, const Parallel* parallel = nullptr) {
  gemm(g, Finish<T>{}, a, b, c, parallel);
}

extern template void gemm(const Gemm&, const Finish<float>&, const float*, const float*, float*,
                          const Parallel*);
extern template void gemm(const Gemm&, const Finish<double>&, const double*, const double*, double*,
                          const Parallel*);
extern template void gemm(const Gemm&, const Finish<long double>&, const long double*,
                          const long double*, long double*, const Parallel*);
extern template void gemm(const Gemm&, const Finish<Quad>&, const Quad*, const Quad*, Quad*,
                          const Parallel*);
extern template void gemm(const Gemm&, const Finish<Complex>&, const Complex*, const Complex*,
                          Complex*, const Parallel*);

}  // namespace dtheta::detail
