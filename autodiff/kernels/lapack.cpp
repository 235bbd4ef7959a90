#include "autodiff/kernels/lapack.hpp"

#include <algorithm>
#include <cstddef>
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
void ssyevd_(const char* job, const char* uplo, const int* n, float* a, const int* lda, float* w,
             float* work, const int* lwork, int* iwork, const int* liwork, int* info);
void dsyevd_(const char* job, const char* uplo, const int* n, double* a, const int* lda, double* w,
             double* work, const int* lwork, int* iwork, const int* liwork, int* info);
void sgeqrf_(const int* m, const int* n, float* a, const int* lda, float* tau, float* work,
             const int* lwork, int* info);
void dgeqrf_(const int* m, const int* n, double* a, const int* lda, double* tau, double* work,
             const int* lwork, int* info);
void sorgqr_(const int* m, const int* n, const int* k, float* a, const int* lda, const float* tau,
             float* work, const int* lwork, int* info);
void dorgqr_(const int* m, const int* n, const int* k, double* a, const int* lda, const double* tau,
             double* work, const int* lwork, int* info);
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

void syevd(int n, float* a, float* w, float* work, int lwork, int* iwork, int liwork, int* info) {
  ssyevd_("V", "L", &n, a, &n, w, work, &lwork, iwork, &liwork, info);
}
void syevd(int n, double* a, double* w, double* work, int lwork, int* iwork, int liwork,
           int* info) {
  dsyevd_("V", "L", &n, a, &n, w, work, &lwork, iwork, &liwork, info);
}
void geqrf(int m, int n, float* a, float* tau, float* work, int lwork, int* info) {
  sgeqrf_(&m, &n, a, &m, tau, work, &lwork, info);
}
void geqrf(int m, int n, double* a, double* tau, double* work, int lwork, int* info) {
  dgeqrf_(&m, &n, a, &m, tau, work, &lwork, info);
}
void orgqr(int m, int k, float* a, const float* tau, float* work, int lwork, int* info) {
  sorgqr_(&m, &k, &k, a, &m, tau, work, &lwork, info);
}
void orgqr(int m, int k, double* a, const double* tau, double* work, int lwork, int* info) {
  dorgqr_(&m, &k, &k, a, &m, tau, work, &lwork, info);
}

constexpr Index most = std::numeric_limits<int>::max();

std::size_t size(Index count) { return static_cast<std::size_t>(count); }

/// Read by columns the matrix is its transpose, A^T = V S U^T: column i of V is written where it
/// belongs, and U^T comes by columns, to be copied into rows.
template <class T>
bool decompose(const T* a, Index m, Index n, T* out) {
  if (m > most || n > most) return false;
  prepare_blas();
  const Index k = std::min(m, n), width = m + 1 + n;
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

/// By columns a symmetric matrix is what it is; its eigenvectors come by columns, as rows for us.
template <class T>
bool symmetric(const T* a, Index n, T* out) {
  const Index least = 1 + 6 * n + 2 * n * n;  // work that it needs in any case
  if (n > 0x7FFF || least > most) return false;
  prepare_blas();
  std::vector<T> vectors(a, a + n * n), work(1);
  std::vector<int> iwork(1);
  int info = 0;
  const auto call = [&](int lwork, int liwork) {
    syevd(static_cast<int>(n), vectors.data(), out, work.data(), lwork, iwork.data(), liwork,
          &info);
  };
  call(-1, -1);  // asks how much memory it wants
  // A float may have lost the last digits of the number.
  work.resize(std::max(static_cast<std::size_t>(work[0]) + 1, size(least)));
  iwork.resize(static_cast<std::size_t>(iwork[0]));
  call(static_cast<int>(work.size()), static_cast<int>(iwork.size()));
  if (info != 0) return false;
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < n; ++j) out[(i + 1) * n + j] = vectors[size(j * n + i)];
  }
  return true;
}

template <class T>
bool orthogonal(const T* a, Index m, Index n, T* out) {
  if (m > most || n > most) return false;
  prepare_blas();
  const Index k = std::min(m, n);
  std::vector<T> columns(size(m * n)), tau(size(k)), work(1);
  for (Index i = 0; i < m; ++i) {
    for (Index j = 0; j < n; ++j) columns[size(j * m + i)] = a[i * n + j];
  }
  int info = 0;
  const auto rows = static_cast<int>(m), reflections = static_cast<int>(k);
  const auto factor = [&](int lwork) {
    geqrf(rows, static_cast<int>(n), columns.data(), tau.data(), work.data(), lwork, &info);
  };
  const auto multiply = [&](int lwork) {
    orgqr(rows, reflections, columns.data(), tau.data(), work.data(), lwork, &info);
  };
  factor(-1);  // asks how much memory it wants
  const T wanted = work[0];
  multiply(-1);
  work.resize(static_cast<std::size_t>(std::max(wanted, work[0])) + 1);
  factor(static_cast<int>(work.size()));
  std::vector<T> signs(size(k));
  for (Index i = 0; i < k; ++i) signs[size(i)] = columns[size(i * m + i)] < T(0) ? T(-1) : T(1);
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < k; ++i) {
      out[(m + j) * k + i] = i <= j ? signs[size(i)] * columns[size(j * m + i)] : T(0);
    }
  }
  multiply(static_cast<int>(work.size()));
  for (Index i = 0; i < m; ++i) {
    for (Index j = 0; j < k; ++j) out[i * k + j] = signs[size(j)] * columns[size(j * m + i)];
  }
  return info == 0;
}

}  // namespace

bool lapack_svd(const float* a, Index m, Index n, float* out) { return decompose(a, m, n, out); }
bool lapack_svd(const double* a, Index m, Index n, double* out) { return decompose(a, m, n, out); }

bool lapack_eigh(const float* a, Index n, float* out) { return symmetric(a, n, out); }
bool lapack_eigh(const double* a, Index n, double* out) { return symmetric(a, n, out); }

bool lapack_qr(const float* a, Index m, Index n, float* out) { return orthogonal(a, m, n, out); }
bool lapack_qr(const double* a, Index m, Index n, double* out) { return orthogonal(a, m, n, out); }

}  // namespace dtheta::detail
