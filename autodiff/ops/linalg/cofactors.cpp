// The determinant, whose derivatives exist where there is no inverse.

#include <fmt/format.h>

#include <limits>
#include <vector>

#include <Eigen/LU>

#include "autodiff/errors.hpp"
#include "autodiff/grad.hpp"
#include "autodiff/kernels/eigen.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/broadcast.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/rounding.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/linalg/cofactors.hpp"
#include "autodiff/ops/linalg/linalg_rules.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/diagonal.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {
namespace {

using detail::ConstMatrixView, detail::Matrix, detail::MatrixView;

/// Whether every matrix is square, and the samples of such ops.
ValueType require_squares(std::string_view op, Types in) {
  detail::require_real(op, in);
  for (const ValueType& t : in) detail::require_square(op, t.shape);
  return in[0];
}

std::vector<std::vector<double>> singular_matrices() {
  return {{1, 2, 2, 4}, {0, 0, 0, 0}, {1, 1, 1, 1}, {0, 1, 0, 3}, {1, 1, 1, 1 + 0x1p-40}};
}

/// A = P^-1 L D U Q^-1 with unit triangular L and U, whose elements are at most 1, as every pivot
/// is the largest element of what is left: all that may be singular is the diagonal D. Cofactors of
/// a product are the product of cofactors, those of L and U are inverses, and those of D products
/// of its elements but one. Nothing is divided by a pivot.
template <class T>
class Factors {
 public:
  explicit Factors(const ConstMatrixView<T>& a)
      : lu_(a), n_(a.rows()), d_(lu_.matrixLU().diagonal()) {
    for (Eigen::Index i = 0; i < n_; ++i) {
      for (Eigen::Index j = 0; j < n_; ++j) has_nan_ = has_nan_ || a(i, j) != a(i, j);
    }
    sign_ =
        T(static_cast<double>(lu_.permutationP().determinant() * lu_.permutationQ().determinant()));
    lower_ = lu_.matrixLU().template triangularView<Eigen::UnitLower>();
    upper_ = Matrix<T>::Identity(n_, n_);
    for (Eigen::Index k = 0; k < n_; ++k) {
      if (d_(k) == T(0)) continue;  // then the rest of the row is 0 as well
      for (Eigen::Index j = k + 1; j < n_; ++j) upper_(k, j) = lu_.matrixLU()(k, j) / d_(k);
    }
  }

  /// NaN throughout where A has one: which elements it would reach depends on the pivots.
  [[nodiscard]] Matrix<T> cofactors() const {
    if (has_nan_) return nowhere();
    Matrix<T> m = Matrix<T>::Zero(n_, n_);
    const std::vector<T> others = products_without(-1);
    for (Eigen::Index i = 0; i < n_; ++i) m(i, i) = others[static_cast<std::size_t>(i)];
    return put_back(m);
  }

  /// The derivative of the cofactors along E. With B = L^-1 P E Q U^-1 that of D's cofactors is
  /// sum over k != i of b_kk pi_ik on the diagonal and -b_ji pi_ij beside it, where pi_ij is the
  /// product of the elements of D without i and j.
  [[nodiscard]] Matrix<T> along(const ConstMatrixView<T>& e) const {
    if (has_nan_) return nowhere();
    Matrix<T> b = lu_.permutationP() * e * lu_.permutationQ();
    lower_.template triangularView<Eigen::UnitLower>().solveInPlace(b);
    Matrix<T> bt = b.transpose();
    upper_.transpose().template triangularView<Eigen::UnitLower>().solveInPlace(bt);
    b = bt.transpose();
    Matrix<T> m = Matrix<T>::Zero(n_, n_);
    for (Eigen::Index i = 0; i < n_; ++i) {
      const std::vector<T> others = products_without(i);
      for (Eigen::Index j = 0; j < n_; ++j) {
        if (j == i) continue;
        const T product = others[static_cast<std::size_t>(j)];
        m(i, i) += b(j, j) * product;
        m(i, j) = -b(j, i) * product;
      }
    }
    return put_back(m);
  }

 private:
  [[nodiscard]] Matrix<T> nowhere() const {
    using Real = typename Eigen::NumTraits<T>::Real;
    return Matrix<T>::Constant(n_, n_, T(std::numeric_limits<Real>::quiet_NaN()));
  }
  /// For each k the product of D's elements without k and without `left_out`.
  [[nodiscard]] std::vector<T> products_without(Eigen::Index left_out) const {
    std::vector<T> products(static_cast<std::size_t>(n_));
    T before(1), behind(1);
    for (Eigen::Index k = 0; k < n_; ++k) {
      products[static_cast<std::size_t>(k)] = before;
      if (k != left_out) before *= d_(k);
    }
    for (Eigen::Index k = n_; k-- > 0;) {
      products[static_cast<std::size_t>(k)] *= behind;
      if (k != left_out) behind *= d_(k);
    }
    return products;
  }

  /// sign P^-1 L^-T m U^-T Q^-1
  [[nodiscard]] Matrix<T> put_back(Matrix<T> m) const {
    lower_.transpose().template triangularView<Eigen::UnitUpper>().solveInPlace(m);
    Matrix<T> mt = m.transpose();
    upper_.template triangularView<Eigen::UnitUpper>().solveInPlace(mt);
    const Matrix<T> back = mt.transpose();
    return sign_ * (lu_.permutationP().inverse() * back * lu_.permutationQ().inverse());
  }

  Eigen::FullPivLU<Matrix<T>> lu_;
  Eigen::Index n_;
  detail::Vector<T> d_;
  Matrix<T> lower_, upper_;
  T sign_;
  bool has_nan_ = false;
};

/// Symmetric as a bilinear form, in E and in the cotangent.
struct CofactorSlope {
  friend constexpr bool operator==(const CofactorSlope&, const CofactorSlope&) = default;

  static constexpr OpInfo info{.name = "cofactor_slope", .arity = 2, .analytic = true};
  static constexpr OpRule rule{
      "Y = the derivative of cofactor(A) along E",
      "dY = cofactor_slope(A, dE) + the second derivative of cofactor along E and dA"};
  [[nodiscard]] static ValueType infer(Types in) {
    const ValueType result = require_squares(info.name, in);
    if (in[0].shape == in[1].shape) return result;
    throw ShapeError(fmt::format("cofactor_slope: {} and {} differ", to_string(in[0].shape),
                                 to_string(in[1].shape)));
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const Shape& s = call.shape(0);
    const Index n = s[s.rank() - 1];
    if (s.size() == 0) return;
    for (Index b = 0; b < s.size() / (n * n); ++b) {
      const Factors<T> factors(ConstMatrixView<T>(call.input(0) + b * n * n, n, n));
      MatrixView<T>(call.output() + b * n * n, n, n) =
          factors.along(ConstMatrixView<T>(call.input(1) + b * n * n, n, n));
    }
  }
  [[nodiscard]] static Var vjp(int i, const Primal& p, Var c) {
    if (i == 1) return apply(CofactorSlope{}, {p[0], c});
    // By the inverse X, which must exist here:  det(A) (tr(XE) tr(XC) - tr(XEXC)).
    const Var a = scale_gradient(p[0], 1), x = detail::inverse_for("det", a);
    const Var e = matmul(x, p[1]), f = matmul(x, c);
    const Var h = det(a) * (trace(e) * trace(f) - trace(matmul(e, f)));
    const Var one = broadcast_to(h.tape().constant(1.0), h.shape());
    return dtheta::vjp(std::span(&h, 1), std::span(&one, 1), std::span(&a, 1)).front();
  }
  static std::vector<Sample<CofactorSlope>> samples() {
    std::vector<Sample<CofactorSlope>> list;
    int seed = 0;
    for (const Shape& s : {Shape{1, 1}, Shape{2, 2}, Shape{3, 3}, Shape{4, 4}, Shape{2, 2, 2}}) {
      list.push_back({{}, {given(s, detail::test_matrices(s, seed++)), real(s)}});
    }
    for (const auto& values : singular_matrices()) {
      list.push_back({{}, {fixed({2, 2}, values), real({2, 2})}});
    }
    list.push_back({{}, {real({0, 0}), real({0, 0})}});
    return list;
  }
};

struct Cofactor {
  friend constexpr bool operator==(const Cofactor&, const Cofactor&) = default;

  static constexpr OpInfo info{.name = "cofactor", .analytic = true};
  static constexpr OpRule rule{"Y = cof(A) = det(A) A^-T, its limit where A is singular",
                               "dY = cofactor_slope(A, dA)"};
  [[nodiscard]] static ValueType infer(Types in) { return require_squares(info.name, in); }
  template <class T>
  void forward(const Call<T>& call) const {
    const Shape& s = call.shape(0);
    const Index n = s[s.rank() - 1];
    if (s.size() == 0) return;
    for (Index b = 0; b < s.size() / (n * n); ++b) {
      const Factors<T> factors(ConstMatrixView<T>(call.input(0) + b * n * n, n, n));
      MatrixView<T>(call.output() + b * n * n, n, n) = factors.cofactors();
    }
  }
  [[nodiscard]] static Var vjp(int, const Primal& p, Var c) {
    return apply(CofactorSlope{}, {p[0], c});
  }
  static std::vector<Sample<Cofactor>> samples() {
    std::vector<Sample<Cofactor>> list;
    int seed = 0;
    for (const Shape& s :
         {Shape{1, 1}, Shape{2, 2}, Shape{3, 3}, Shape{4, 4}, Shape{2, 2, 2}, Shape{2, 1, 3, 3}}) {
      list.push_back({{}, {given(s, detail::test_matrices(s, seed++))}});
    }
    for (const auto& values : singular_matrices()) list.push_back({{}, {fixed({2, 2}, values)}});
    list.push_back({{}, {real({0, 0})}});
    list.push_back({{}, {real({0, 2, 2})}});
    return list;
  }
};

}  // namespace

namespace detail {

Var cofactors(Var a) { return apply(Cofactor{}, {a}); }

}  // namespace detail

std::span<const OpEntry> cofactor_ops() { return OpList<Cofactor, CofactorSlope>::entries; }

}  // namespace dtheta
