#pragma once

/// What people with Eigen write: functions of vectors, matrices and sparse matrices, and the
/// functors of Eigen's own NumericalDiff and LevenbergMarquardt. Only who includes this needs
/// Eigen.

#include <Eigen/Core>
#include <Eigen/SparseCore>
#include <concepts>
#include <cstddef>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "gradcheck/check.hpp"
#include "gradcheck/jacobian.hpp"
#include "gradcheck/jacobian/shape.hpp"

namespace dtheta::gradcheck {

namespace detail {

using EigenVector = Eigen::VectorXd;
using EigenView = Eigen::Map<const Eigen::VectorXd>;

inline EigenView eigen_view(std::span<const double> x) {
  return {x.data(), static_cast<Eigen::Index>(x.size())};
}

/// Matrices and sparse matrices; asking those whether they can be called is an error of theirs.
template <class F>
concept EigenMatrix = requires(const F& f) {
  f.derived();
};

/// A function of a vector: of Eigen::VectorXd, of a Map or of a Ref.
template <class F>
concept OfEigenVector = !EigenMatrix<F> && std::invocable<const F&, const EigenVector&>;

/// What such a function returns, evaluated: an expression reads x, which ends here.
template <class F>
auto eigen_value(const F& f, std::span<const double> x) {
  const EigenVector at = eigen_view(x);
  if constexpr (EigenMatrix<std::invoke_result_t<const F&, const EigenVector&>>) {
    return f(at).eval();
  } else {
    return f(at);
  }
}

/// Any dense expression, or sparse matrix, as values, column by column.
template <class D>
std::vector<double> values_of(const Eigen::EigenBase<D>& expression) {
  const Eigen::MatrixXd m = Eigen::MatrixXd(expression.derived().template cast<double>());
  return {m.data(), m.data() + m.size()};
}

/// Functors of Eigen say by a negative number that they have no value.
inline void require_status(const char* function, int status) {
  if (status < 0) {
    throw std::runtime_error(std::string(function) + ": it returned " + std::to_string(status));
  }
}

/// require_jacobian_shape of a matrix, or of what a function returns at x.
template <class F, class J>
void require_shapes(const F& f, const J& jacobian, const ParameterVector& x,
                    const JacobianOptions& options) {
  const auto require = [&](const auto& matrix) {
    const auto outputs = values_of(EigenVector(eigen_value(f, x.values()))).size();
    require_jacobian_shape(static_cast<std::size_t>(matrix.rows()),
                           static_cast<std::size_t>(matrix.cols()), outputs, x, options);
  };
  if constexpr (EigenMatrix<J>) {
    require(jacobian);
  } else {
    require(eigen_value(jacobian, x.values()));
  }
}

}  // namespace detail

/// A named block of any vector or matrix; a matrix is laid out row by row, as ParameterVector has
/// it.
template <class D>
void add(ParameterVector& x, std::string name, const Eigen::DenseBase<D>& block,
         std::size_t layer = 0) {
  const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> m =
      block.derived().template cast<double>();
  const auto rows = static_cast<std::size_t>(m.rows()),
             columns = static_cast<std::size_t>(m.cols());
  std::vector<std::size_t> shape{rows, columns};
  if constexpr (D::IsVectorAtCompileTime) shape = {rows * columns};
  x.add(std::move(name), layer, std::move(shape),
        std::span(m.data(), static_cast<std::size_t>(m.size())));
}

/// f(x) of Eigen vectors as a VectorFunction.
template <detail::OfEigenVector F>
VectorFunction eigen_function(F f) {
  return VectorFunction([f = std::move(f)](std::span<const double> x) {
    return detail::values_of(detail::EigenVector(detail::eigen_value(f, x)));
  });
}

/// A dense Jacobian: a matrix, or a function of an Eigen vector that returns one.
class EigenJacobian : public ColumnMajor {
 public:
  template <detail::OfEigenVector F>
  explicit EigenJacobian(F f)
      : ColumnMajor([f = std::move(f)](std::span<const double> x) {
          return detail::values_of(detail::eigen_value(f, x));
        }) {}

  template <class D>
  explicit EigenJacobian(const Eigen::DenseBase<D>& matrix)
      : ColumnMajor(
            [values = detail::values_of(matrix)](std::span<const double>) { return values; }) {}
};

/// A sparse Jacobian: a matrix. Zeros that it stores belong to its pattern.
template <class Scalar, int Options, class Index>
Triplets eigen_jacobian(const Eigen::SparseMatrix<Scalar, Options, Index>& matrix) {
  using Matrix = Eigen::SparseMatrix<Scalar, Options, Index>;
  std::vector<std::size_t> rows, columns;
  std::vector<double> values;
  for (Eigen::Index k = 0; k < matrix.outerSize(); ++k) {
    for (typename Matrix::InnerIterator it(matrix, k); it; ++it) {
      rows.push_back(static_cast<std::size_t>(it.row()));
      columns.push_back(static_cast<std::size_t>(it.col()));
      values.push_back(static_cast<double>(it.value()));
    }
  }
  return {std::move(rows), std::move(columns),
          [values = std::move(values)](std::span<const double>) { return values; }};
}

template <class D>
EigenJacobian eigen_jacobian(const Eigen::DenseBase<D>& matrix) {
  return EigenJacobian(matrix);
}
template <detail::OfEigenVector F>
EigenJacobian eigen_jacobian(F f) {
  return EigenJacobian(std::move(f));
}

/// check_jacobian of f: VectorXd -> vector and a Jacobian that is a matrix, dense or sparse, or a
/// function VectorXd -> matrix.
template <detail::OfEigenVector F, class J>
JacobianResult check_jacobian(const F& f, const J& jacobian, const ParameterVector& x,
                              const JacobianOptions& options = {}) {
  if constexpr (std::derived_from<J, Jacobian>) {
    return check_jacobian(eigen_function(f), jacobian, x, options);
  } else {
    detail::require_shapes(f, jacobian, x, options);
    return check_jacobian(eigen_function(f), eigen_jacobian(jacobian), x, options);
  }
}
template <detail::OfEigenVector F, class J>
JacobianResult check_jacobian(const F& f, const J& jacobian, const Eigen::VectorXd& x,
                              const JacobianOptions& options = {}) {
  const std::span<const double> values(x.data(), static_cast<std::size_t>(x.size()));
  ParameterVector named;
  named.add("x", 0, {values.size()}, values);
  return check_jacobian(f, jacobian, named, options);
}

/// A functor as Eigen's LevenbergMarquardt takes it: operator()(x, fvec), df(x, fjac), values().
template <class Functor>
JacobianResult check_functor(const Functor& functor, const Eigen::VectorXd& x,
                             const JacobianOptions& options = {}) {
  using Matrix = typename Functor::JacobianType;
  const auto f = [&](const Eigen::VectorXd& at) {
    Eigen::VectorXd values(functor.values());
    detail::require_status("operator()", functor(at, values));
    return values;
  };
  const auto jacobian = [&](const Eigen::VectorXd& at) {
    Eigen::MatrixXd dense;
    // What df does not write is known, as elsewhere.
    Matrix matrix =
        Matrix::Constant(functor.values(), at.size(), std::numeric_limits<double>::quiet_NaN());
    detail::require_status("df", functor.df(at, matrix));
    dense = matrix.template cast<double>();
    return dense;
  };
  return check_jacobian(f, jacobian, x, options);
}

/// check() of a cost VectorXd -> double and a gradient that is a vector or a function VectorXd ->
/// vector.
template <detail::OfEigenVector F, class G>
requires std::convertible_to < std::invoke_result_t<const F&, const Eigen::VectorXd&>,
double > Result check(const F& cost, const G& gradient, const Eigen::VectorXd& theta,
                      const Options& options = {}) {
  const Cost scalar = [&](std::span<const double> at) -> double {
    return detail::eigen_value(cost, at);
  };
  const std::span<const double> values(theta.data(), static_cast<std::size_t>(theta.size()));
  if constexpr (detail::OfEigenVector<G>) {
    const auto function = [&](std::span<const double> at) {
      return detail::values_of(detail::eigen_value(gradient, at));
    };
    return check(scalar, Gradient(function), values, options);
  } else {
    const std::vector<double> given = detail::values_of(gradient);
    return check(scalar, Gradient(given), values, options);
  }
}

}  // namespace dtheta::gradcheck
