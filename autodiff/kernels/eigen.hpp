#pragma once

#include <Eigen/Core>

#include "autodiff/scalar/scalar.hpp"
#include "autodiff/shape.hpp"

/// Eigen's view of our scalars and matrices. Heavy: included by the sources of decompositions only.
namespace Eigen {

template <>
struct NumTraits<dtheta::Quad> : GenericNumTraits<dtheta::Quad> {
  enum {
    IsComplex = 0,
    IsInteger = 0,
    IsSigned = 1,
    RequireInitialization = 0,
    ReadCost = 2,
    AddCost = 50,
    MulCost = 60
  };
};

}  // namespace Eigen

namespace dtheta::detail {

/// Matrices as tensors store them.
template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using Vector = Eigen::Matrix<T, Eigen::Dynamic, 1>;
template <class T>
using MatrixView = Eigen::Map<Matrix<T>>;
template <class T>
using ConstMatrixView = Eigen::Map<const Matrix<T>>;
/// A block of columns of a wider matrix in memory.
template <class T>
using BlockView = Eigen::Map<Matrix<T>, Eigen::Unaligned, Eigen::OuterStride<>>;

/// The symmetric part of a square matrix.
template <class T>
Matrix<T> symmetric_part(const ConstMatrixView<T>& a) {
  return (a + a.transpose()) * T(0.5);
}

/// -1 for the columns whose element of largest size (the first of those that tie) is negative, else
/// 1: the signs that make a decomposition with free signs unique.
template <class T, class Columns>
Vector<T> signs_of_columns(const Columns& m) {
  Vector<T> signs(m.cols());
  for (Eigen::Index j = 0; j < m.cols(); ++j) {
    Eigen::Index largest = 0;
    m.col(j).cwiseAbs().maxCoeff(&largest);
    signs[j] = m(largest, j) < T(0) ? T(-1) : T(1);
  }
  return signs;
}

}  // namespace dtheta::detail
