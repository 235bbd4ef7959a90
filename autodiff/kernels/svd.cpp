#include <algorithm>
#include <limits>

#include <Eigen/SVD>

#include "autodiff/kernels/eigen.hpp"
#include "autodiff/kernels/lapack.hpp"
#include "autodiff/kernels/svd.hpp"

namespace dtheta::detail {

template <RealScalar T>
void svd(const T* a, Index m, Index n, T* out) {
  MatrixView<T> result(out, std::min(m, n), m + 1 + n);
  const ConstMatrixView<T> matrix(a, m, n);
  if (!matrix.allFinite()) {
    result.setConstant(std::numeric_limits<T>::quiet_NaN());
    return;
  }
  if constexpr (Vectorized<T>) {
    if (std::min(m, n) >= lapack_from && lapack_svd(a, m, n, out)) {
      const Vector<T> signs = signs_of_columns<T>(result.leftCols(m).transpose());
      result.leftCols(m) = signs.asDiagonal() * result.leftCols(m);
      result.rightCols(n) = signs.asDiagonal() * result.rightCols(n);
      return;
    }
  }
  const Eigen::JacobiSVD<Matrix<T>> solver(matrix, Eigen::ComputeThinU | Eigen::ComputeThinV);
  if (solver.info() != Eigen::Success) {
    result.setConstant(std::numeric_limits<T>::quiet_NaN());
    return;
  }
  const Vector<T> signs = signs_of_columns<T>(solver.matrixU());
  result.leftCols(m) = signs.asDiagonal() * solver.matrixU().transpose();
  result.col(m) = solver.singularValues();
  result.rightCols(n) = signs.asDiagonal() * solver.matrixV().transpose();
}

template void svd(const float*, Index, Index, float*);
template void svd(const double*, Index, Index, double*);
template void svd(const long double*, Index, Index, long double*);
template void svd(const Quad*, Index, Index, Quad*);

}  // namespace dtheta::detail
