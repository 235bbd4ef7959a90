#include <limits>

#include <Eigen/Eigenvalues>

#include "autodiff/kernels/eigen.hpp"
#include "autodiff/kernels/eigh.hpp"
#include "autodiff/kernels/lapack.hpp"

namespace dtheta::detail {

template <RealScalar T>
void eigh(const T* a, Index n, T* out) {
  MatrixView<T> result(out, n + 1, n);
  const Matrix<T> matrix = symmetric_part<T>(ConstMatrixView<T>(a, n, n));
  if constexpr (Vectorized<T>) {
    if (n >= lapack_eigh_from) {
      if (!matrix.allFinite()) {  // LAPACK may not end
        result.setConstant(std::numeric_limits<T>::quiet_NaN());
        return;
      }
      if (lapack_eigh(matrix.data(), n, out)) {
        const Vector<T> signs = signs_of_columns<T>(result.bottomRows(n));
        result.bottomRows(n) = result.bottomRows(n) * signs.asDiagonal();
        return;
      }
    }
  }
  const Eigen::SelfAdjointEigenSolver<Matrix<T>> solver(matrix);
  if (solver.info() != Eigen::Success) {
    result.setConstant(std::numeric_limits<T>::quiet_NaN());
    return;
  }
  const auto& v = solver.eigenvectors();
  result.row(0) = solver.eigenvalues().transpose();
  result.bottomRows(n) = v * signs_of_columns<T>(v).asDiagonal();
}

template void eigh(const float*, Index, float*);
template void eigh(const double*, Index, double*);
template void eigh(const long double*, Index, long double*);
template void eigh(const Quad*, Index, Quad*);

}  // namespace dtheta::detail
