#include "autodiff/kernels/gemm.hpp"

#include <cblas.h>

#include <algorithm>

#include "autodiff/kernels/blas_setup.hpp"

namespace dtheta::detail {
namespace {

/// Below this many multiplications a BLAS call costs more than the loops.
constexpr Index small_work = 512;

template <Scalar T>
void plain_gemm(const Gemm& g, const T* a, const T* b, T* c) {
  const Index a_row = g.transpose_a ? 1 : g.k, a_col = g.transpose_a ? g.m : 1;
  if (!g.accumulate) std::fill_n(c, g.m * g.n, T(0));
  for (Index i = 0; i < g.m; ++i) {
    T* out = c + i * g.n;
    if (g.transpose_b) {
      for (Index j = 0; j < g.n; ++j) {
        T sum(0);
        for (Index p = 0; p < g.k; ++p) sum += a[i * a_row + p * a_col] * b[j * g.k + p];
        out[j] += sum;
      }
      continue;
    }
    for (Index p = 0; p < g.k; ++p) {
      const T factor = a[i * a_row + p * a_col];
      for (Index j = 0; j < g.n; ++j) out[j] += factor * b[p * g.n + j];
    }
  }
}

template <Vectorized T>
void blas_gemm(const Gemm& g, const T* a, const T* b, T* c) {
  prepare_blas();
  const auto m = static_cast<blasint>(g.m), n = static_cast<blasint>(g.n),
             k = static_cast<blasint>(g.k);
  const CBLAS_TRANSPOSE ta = g.transpose_a ? CblasTrans : CblasNoTrans;
  const CBLAS_TRANSPOSE tb = g.transpose_b ? CblasTrans : CblasNoTrans;
  const blasint lda = g.transpose_a ? m : k, ldb = g.transpose_b ? k : n;
  const T beta = g.accumulate ? T(1) : T(0);
  if constexpr (std::same_as<T, float>) {
    cblas_sgemm(CblasRowMajor, ta, tb, m, n, k, 1.0F, a, lda, b, ldb, beta, c, n);
  } else {
    cblas_dgemm(CblasRowMajor, ta, tb, m, n, k, 1.0, a, lda, b, ldb, beta, c, n);
  }
}

}  // namespace

template <Scalar T>
void gemm(const Gemm& g, const T* a, const T* b, T* c) {
  if (g.m == 0 || g.n == 0) return;
  if constexpr (Vectorized<T>) {
    if (g.k > 0 && g.m * g.n * g.k > small_work) return blas_gemm(g, a, b, c);
  }
  plain_gemm(g, a, b, c);
}

template void gemm(const Gemm&, const float*, const float*, float*);
template void gemm(const Gemm&, const double*, const double*, double*);
template void gemm(const Gemm&, const long double*, const long double*, long double*);
template void gemm(const Gemm&, const Quad*, const Quad*, Quad*);
template void gemm(const Gemm&, const Complex*, const Complex*, Complex*);

}  // namespace dtheta::detail
