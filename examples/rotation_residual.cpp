// A residual on SO(3), written with Eigen: r(R) = Log(M^T R), how far an attitude R is from a measured
// one M. Its Jacobian by a turn of R in the body's frame is the inverse of the right Jacobian at r; one
// of its nine entries has the wrong sign here. The check needs Eigen, fmt and the checker alone.

#include <Eigen/Geometry>
#include <cmath>
#include <iostream>

#include "gradcheck/eigen.hpp"
#include "gradcheck/manifold.hpp"

namespace gc = dtheta::gradcheck;
using Eigen::Matrix3d, Eigen::Vector3d, Eigen::VectorXd;

namespace {

const Matrix3d measured = Eigen::AngleAxisd(0.4, Vector3d(1, -1, 2).normalized()).matrix();

Vector3d residual(const VectorXd& x) {
  const Matrix3d attitude = Eigen::Map<const Matrix3d>(x.data());
  const Eigen::AngleAxisd turn(measured.transpose() * attitude);
  return turn.angle() * turn.axis();
}

Matrix3d skew(const Vector3d& v) {
  return Matrix3d{{0, -v[2], v[1]}, {v[2], 0, -v[0]}, {-v[1], v[0], 0}};
}

/// I + K / 2 + (1 / t^2 - (1 + cos t) / (2 t sin t)) K^2, K = [r]x, t = |r|.
Matrix3d jacobian(const VectorXd& x) {
  const Vector3d r = residual(x);
  const double t = r.norm();
  const Matrix3d k = skew(r);
  Matrix3d j = Matrix3d::Identity() + 0.5 * k +
               (1 / (t * t) - (1 + std::cos(t)) / (2 * t * std::sin(t))) * k * k;
  j(2, 0) = -j(2, 0);  // the mistake
  return j;
}

}  // namespace

int main() {
  const Matrix3d attitude = Eigen::AngleAxisd(0.9, Vector3d(2, 1, 0.5).normalized()).matrix();
  gc::ParameterVector x;
  x.add("attitude", 0, {3, 3}, {attitude.data(), 9});
  gc::JacobianOptions options;
  options.manifolds = {
      {"attitude", gc::rotation_matrix(gc::Frame::body, gc::MatrixOrder::columns)}};
  std::cout << gc::check_jacobian(residual, jacobian, x, options);
}
