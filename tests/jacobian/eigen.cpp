// Functions, matrices and functors of Eigen.
#include "gradcheck/eigen.hpp"

#include <Eigen/Geometry>

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "gradcheck/errors.hpp"
#include "gradcheck/manifold.hpp"

namespace gc = dtheta::gradcheck;

namespace {

Eigen::VectorXd f(const Eigen::VectorXd& x) {
  return Eigen::Vector2d(std::sin(x[0]) * x[1], x.squaredNorm());
}
Eigen::MatrixXd jacobian(const Eigen::VectorXd& x) {
  Eigen::MatrixXd j(2, 2);
  j << std::cos(x[0]) * x[1], std::sin(x[0]), 2 * x[0], 2 * x[1];
  return j;
}

struct Functor {
  using JacobianType = Eigen::MatrixXd;
  double extra = 0.0;
  int values() const { return 2; }
  int operator()(const Eigen::VectorXd& x, Eigen::VectorXd& fvec) const {
    fvec = f(x);
    return 0;
  }
  int df(const Eigen::VectorXd& x, Eigen::MatrixXd& fjac) const {
    fjac = jacobian(x);
    fjac(1, 0) += extra;
    return 0;
  }
};

const Eigen::VectorXd x = Eigen::Vector2d(0.4, -1.3);

}  // namespace

BOOST_AUTO_TEST_SUITE(with_eigen)

BOOST_AUTO_TEST_CASE(functions_and_matrices) {
  BOOST_TEST(bool(gc::check_jacobian(f, jacobian, x)));
  BOOST_TEST(bool(gc::check_jacobian(f, jacobian(x), x)));
  const auto by_ref = [](Eigen::Ref<const Eigen::VectorXd> at) -> Eigen::VectorXd { return f(at); };
  BOOST_TEST(bool(gc::check_jacobian(by_ref, jacobian(x), x)));
  Eigen::MatrixXd wrong = jacobian(x);
  wrong(0, 1) += 1e-4;
  const auto result = gc::check_jacobian(f, wrong, x);
  BOOST_TEST((result.verdict == gc::Verdict::fail));
  BOOST_TEST(gc::place_of(result.worst().front()) == "f[0] by x[1]");
}

BOOST_AUTO_TEST_CASE(sparse_matrices) {
  Eigen::SparseMatrix<double> sparse = jacobian(x).sparseView();
  BOOST_TEST(bool(gc::check_jacobian(f, sparse, x)));
  const Eigen::SparseMatrix<double, Eigen::RowMajor> by_rows = sparse;
  BOOST_TEST(bool(gc::check_jacobian(f, by_rows, x)));
  sparse.coeffRef(1, 1) *= -1;
  const auto result = gc::check_jacobian(f, sparse, x);
  BOOST_TEST(gc::place_of(result.worst().front()) == "f[1] by x[1]");
}

BOOST_AUTO_TEST_CASE(functors_of_levenberg_marquardt) {
  BOOST_TEST(bool(gc::check_functor(Functor{}, x)));
  const auto result = gc::check_functor(Functor{1e-3}, x);
  BOOST_TEST(gc::place_of(result.worst().front()) == "f[1] by x[0]");
}

BOOST_AUTO_TEST_CASE(costs_and_gradients) {
  const auto cost = [](const Eigen::VectorXd& at) { return std::exp(at[0]) * at[1]; };
  const auto gradient = [](const Eigen::VectorXd& at) -> Eigen::VectorXd {
    return Eigen::Vector2d(std::exp(at[0]) * at[1], std::exp(at[0]));
  };
  BOOST_TEST(bool(gc::check(cost, gradient, x)));
  const Eigen::VectorXd wrong = 2 * gradient(x);
  BOOST_TEST(!bool(gc::check(cost, wrong, x)));
}

// Functions that return expressions, which read an x that ends before them.
BOOST_AUTO_TEST_CASE(expressions) {
  const auto f = [](const Eigen::VectorXd& at) { return at.cwiseProduct(at); };
  const auto j = [](const Eigen::VectorXd& at) { return (2 * at).asDiagonal().toDenseMatrix(); };
  BOOST_TEST(bool(gc::check_jacobian(f, j, x)));
  const auto sums = [](const Eigen::VectorXd& at) { return (at.array() * at.array()).matrix(); };
  BOOST_TEST(bool(gc::check_jacobian(sums, j, x)));
  const auto cost = [](const Eigen::VectorXd& at) { return at.squaredNorm(); };
  const auto gradient = [](const Eigen::VectorXd& at) { return 2 * at; };
  BOOST_TEST(bool(gc::check(cost, gradient, x)));
  const auto sparse = [](const Eigen::VectorXd& at) -> Eigen::SparseMatrix<double> {
    return Eigen::MatrixXd((2 * at).asDiagonal()).sparseView();
  };
  BOOST_TEST(bool(gc::check_jacobian(f, sparse, x)));
}

BOOST_AUTO_TEST_CASE(shapes) {
  const auto f = [](const Eigen::VectorXd& at) -> Eigen::VectorXd {
    return Eigen::Vector3d(at[0], at[1], at[0] * at[1]);
  };
  const auto j = [](const Eigen::VectorXd& at) -> Eigen::MatrixXd {
    return Eigen::MatrixXd{{1, 0}, {0, 1}, {at[1], at[0]}};
  };
  BOOST_TEST(bool(gc::check_jacobian(f, j, x)));
  BOOST_TEST(bool(gc::check_jacobian(f, gc::EigenJacobian(j), x)));  // any Jacobian of ours, too
  const auto said = [&](const auto& jacobian) -> std::string {
    try {
      gc::check_jacobian(f, jacobian, x);
    } catch (const gc::ShapeError& e) {
      return e.what();
    }
    return {};
  };
  const Eigen::MatrixXd right = j(x);
  BOOST_TEST(said(Eigen::MatrixXd(right.transpose())) ==
             "jacobian: it is 2 x 3; f has 3 outputs and x moves by 2 numbers: 3 x 2 is needed (it "
             "is transposed)");
  BOOST_TEST(said(Eigen::VectorXd(right.reshaped())).find("it is 6 x 1") != std::string::npos);
  BOOST_TEST(said(Eigen::SparseMatrix<double>(5, 7)).find("it is 5 x 7") != std::string::npos);
}

struct Refusing : Functor {
  int df(const Eigen::VectorXd&, Eigen::MatrixXd&) const { return -1; }
};

BOOST_AUTO_TEST_CASE(functors_that_refuse) {
  BOOST_CHECK_EXCEPTION(gc::check_functor(Refusing{}, x), std::runtime_error, [](const auto& e) {
    return e.what() == std::string("df: it returned -1");
  });
}

// A residual on SO(3) as people write it, with a sign of one entry wrong.
BOOST_AUTO_TEST_CASE(a_residual_on_rotations) {
  using Matrix = Eigen::Matrix<double, 3, 3, Eigen::RowMajor>;
  const Eigen::Vector3d p(0.5, -0.2, 0.9);
  const Matrix r = Eigen::AngleAxisd(0.7, Eigen::Vector3d(1, 2, -1).normalized()).matrix();
  const auto residual = [&](const Eigen::VectorXd& at) -> Eigen::VectorXd {
    return Eigen::Map<const Matrix>(at.data()) * p;
  };
  Eigen::Matrix3d skew;
  skew << 0, -p[2], p[1], p[2], 0, -p[0], -p[1], p[0], 0;
  Eigen::MatrixXd j = -r * skew;
  gc::ParameterVector at;
  gc::add(at, "R", r);
  gc::JacobianOptions options;
  options.manifolds = {{"R", gc::rotation_matrix()}};
  BOOST_TEST(bool(gc::check_jacobian(residual, j, at, options)));
  j(2, 1) = -j(2, 1);
  const auto result = gc::check_jacobian(residual, j, at, options);
  BOOST_TEST(gc::place_of(result.worst().front()) == "f[2] by R[1]");
  BOOST_TEST((result.causes.front().pattern == gc::JacobianPattern::one_entry), result);
  BOOST_TEST(result.causes.front().sentence.find("its sign") != std::string::npos, result);
}

BOOST_AUTO_TEST_SUITE_END()
