#include "autodiff/kernels/lapack.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "autodiff/kernels/blas_setup.hpp"

// LAPACK's own interface, which OpenBLAS exports: matrices by columns, everything by address.
extern "C" {
void sgesdd_(const char* job, const int* m, const int* n, float* a, const int* lda, float* s,
             float* u, const int* ldu, float* vt, const int* ldvt, float* work, const int* lwork,
             int* iwork, int* info);
void dgesdd_(const char* job, const int* m, const int* n, double* a, const int* lda, double* s,
             double* u, const int* ldu, double* vt, const int* ldvt, double* work, const int* lwork,
             int* iwork, int* info);
}

namespace dtheta::detail {
namespace {

void gesdd(int m, int n, float* a, float* s, float* u, int ldu, float* vt, int ldvt, float* work,
           int lwork, int* iwork, int* info) {
  sgesdd_("S", &m, &n, a, &m, s, u, &ldu, vt, &ldvt, work, &lwork, iwork, info);
}
void gesdd(int m, int n, double* a, double* s, double* u, int ldu, double* vt, int ldvt,
           double* work, int lwork, int* iwork, int* info) {
  dgesdd_("S", &m, &n, a, &m, s, u, &ldu, vt, &ldvt, work, &lwork, iwork, info);
}

/// Read by columns the matrix is its transpose, A^T = V S U^T: column i of V is written where it
/// belongs, and U^T comes by columns, to be copied into rows.
template <class T>
bool decompose(const T* a, Index m, Index n, T* out) {
  constexpr Index most = std::numeric_limits<int>::max();
  if (m > most || n > most) return false;
  prepare_blas();
  const Index k = std::min(m, n), width = m + 1 + n;
  const auto size = [](Index count) { return static_cast<std::size_t>(count); };
  std::vector<T> copy(a, a + m * n), values(size(k)), ut(size(k * m)), work(1);
  std::vector<int> iwork(size(8 * k));
  int info = 0;
  const auto call = [&](int lwork) {
    gesdd(static_cast<int>(n), static_cast<int>(m), copy.data(), values.data(), out + m + 1,
          static_cast<int>(width), ut.data(), static_cast<int>(k), work.data(), lwork, iwork.data(),
          &info);
  };
  call(-1);  // asks how much memory it wants
  work.resize(static_cast<std::size_t>(work[0]) + 1);
  call(static_cast<int>(work.size()));
  if (info != 0) return false;
  for (Index i = 0; i < k; ++i) {
    T* row = out + i * width;
    for (Index j = 0; j < m; ++j) row[j] = ut[size(j * k + i)];
    row[m] = values[size(i)];
  }
  return true;
}

}  // namespace

bool lapack_svd(const float* a, Index m, Index n, float* out) { return decompose(a, m, n, out); }
bool lapack_svd(const double* a, Index m, Index n, double* out) { return decompose(a, m, n, out); }

}  // namespace dtheta::detail
