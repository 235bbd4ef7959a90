#include "autodiff/ops/linalg/matrix_exp.hpp"

#include <cmath>

#include <Eigen/LU>

#include "autodiff/kernels/eigen.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/linalg/linalg_rules.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/shape/concat.hpp"
#include "autodiff/ops/shape/slice.hpp"

namespace dtheta {
namespace {

/// The degree at which the diagonal Pade approximant of exp is exact to rounding for |A| <= 1/2:
/// its relative error is below 2^(3 - 2q) q!^2 / ((2q)! (2q + 1)!) (Golub and Van Loan, Matrix
/// Computations, 4th edition, section 9.3).
template <class Real>
int pade_degree() {
  Real bound(8);
  int q = 0;
  while (bound > std::numeric_limits<Real>::epsilon() / Real(4)) {
    ++q;
    bound *= Real(q) * Real(q) /
             (Real(4) * Real(2 * q - 1) * Real(2 * q) * Real(2 * q) * Real(2 * q + 1));
  }
  return q;
}

/// exp(A) by scaling A by 2^-s below 1/2, the Pade approximant, and squaring s times.
template <class T>
detail::Matrix<T> exponential(detail::Matrix<T> a) {
  using Real = typename Eigen::NumTraits<T>::Real;
  const Real norm = a.cwiseAbs().colwise().sum().maxCoeff();
  int squarings = 0;
  for (Real left = norm; left > Real(0.5) && squarings < 20000; left *= Real(0.5)) ++squarings;
  for (int i = 0; i < squarings; ++i) a *= T(0.5);

  const int q = pade_degree<Real>();
  detail::Matrix<T> power = detail::Matrix<T>::Identity(a.rows(), a.cols());
  detail::Matrix<T> numerator = power, denominator = power;
  Real c(1);
  for (int k = 1; k <= q; ++k) {
    c *= Real(q - k + 1) / (Real(k) * Real(2 * q - k + 1));
    power = (a * power).eval();
    numerator += T(c) * power;
    denominator += T(k % 2 == 0 ? c : -c) * power;
  }
  detail::Matrix<T> result = denominator.partialPivLu().solve(numerator);
  for (int i = 0; i < squarings; ++i) result = (result * result).eval();
  return result;
}

/// Van Loan, Computing integrals involving the matrix exponential, 1978. The adjoint has A^T for A.
struct MatrixExp {
  friend constexpr bool operator==(const MatrixExp&, const MatrixExp&) = default;

  static constexpr OpInfo info{.name = "matrix_exp", .analytic = true};
  static constexpr OpRule rule{"Y = e^A", "dY = the corner block of exp([[A, dA], [0, A]])"};
  [[nodiscard]] ValueType infer(Types in) const {
    detail::require_real(info.name, in);
    detail::require_square(info.name, in[0].shape);
    return in[0];
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const Shape& s = call.shape(0);
    const Index n = s[s.rank() - 1];
    if (s.size() == 0) return;
    for (Index b = 0; b < s.size() / (n * n); ++b) {
      const detail::ConstMatrixView<T> a(call.input(0) + b * n * n, n, n);
      detail::MatrixView<T>(call.output() + b * n * n, n, n) = exponential<T>(a);
    }
  }
  [[nodiscard]] static Var vjp(int, const Primal& p, Var c) {
    return derivative(detail::transposed(p[0]), c);
  }
  [[nodiscard]] static Var jvp(const Primal& p, std::span<const Var> t) {
    return derivative(p[0], t[0]);
  }
  static std::vector<Sample<MatrixExp>> samples() {
    return {{{}, {real({1, 1})}},
            {{}, {real({2, 2})}},
            {{}, {real({2, 2}, {-4, 4})}},
            {{}, {real({3, 3})}},
            {{}, {real({3, 3}, {-2, 2})}},
            {{}, {real({2, 2, 2})}},
            {{}, {real({1, 2, 2})}},
            {{}, {given({2, 2}, {0, 0, 0, 0})}},
            {{}, {given({2, 2}, {0, 1, 0, 0})}},   // not diagonalizable
            {{}, {given({2, 2}, {0, -3, 3, 0})}},  // a rotation
            {{}, {given({2, 2}, {1e-30, 1, -1, 1e-30})}},
            {{}, {real({0, 0})}},
            {{}, {real({0, 2, 2})}}};
  }

 private:
  static Var derivative(Var a, Var e) {
    const Index n = a.shape()[a.rank() - 1];
    const Var zero = detail::zeros(a.tape(), a.shape());
    const std::array upper{a, e}, lower{zero, a};
    const std::array rows{concat(upper, -1), concat(lower, -1)};
    return slice(slice(matrix_exp(concat(rows, -2)), -2, {0, n}), -1, {n});
  }
};

}  // namespace

Var matrix_exp(Arg a) { return apply(MatrixExp{}, {a}); }

std::span<const OpEntry> matrix_exp_ops() { return OpList<MatrixExp>::entries; }

}  // namespace dtheta
