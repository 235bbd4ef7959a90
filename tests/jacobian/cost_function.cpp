// Functions as Ceres has them, without Ceres.
#include "gradcheck/cost_function.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <stdexcept>

#include "gradcheck/errors.hpp"

namespace gc = dtheta::gradcheck;
using Vector = std::vector<double>;

namespace {

/// Residuals s R(q) p - z of a quaternion (w, x, y, z) and a scale s; Jacobians by the numbers
/// stored, of R(q) p = p + 2 w u x p + 2 u x (u x p).
struct Turned {
  double extra = 0.0;       ///< added to one entry
  bool other_path = false;  ///< other residuals where Jacobians are asked for
  bool writes_outside = false;

  bool Evaluate(double const* const* parameters, double* residuals, double** jacobians) const {
    const double* q = parameters[0];
    const double s = parameters[1][0];
    const double p[3] = {0.3, -1.1, 0.7};
    if (s < 0) return false;
    const auto turned = [&](double w, double x, double y, double z, double* out) {
      const double c[3] = {y * p[2] - z * p[1], z * p[0] - x * p[2], x * p[1] - y * p[0]};
      const double d[3] = {y * c[2] - z * c[1], z * c[0] - x * c[2], x * c[1] - y * c[0]};
      for (int i = 0; i < 3; ++i) out[i] = p[i] + 2 * w * c[i] + 2 * d[i];
    };
    double r[3];
    turned(q[0], q[1], q[2], q[3], r);
    for (int i = 0; i < 3; ++i) residuals[i] = s * r[i] - 0.1 * i;
    if (jacobians == nullptr) return true;
    if (other_path) residuals[0] += 1e-6;
    if (jacobians[1] != nullptr) {
      for (int i = 0; i < 3; ++i) jacobians[1][i] = r[i];
      if (writes_outside) jacobians[1][3] = 0;
    }
    if (jacobians[0] == nullptr) return true;
    for (int k = 0; k < 4; ++k) {
      // A quadratic function: its differences over 1 and -1 are exact.
      double a[4] = {q[0], q[1], q[2], q[3]}, b[4] = {q[0], q[1], q[2], q[3]}, up[3], down[3];
      a[k] += 1;
      b[k] -= 1;
      turned(a[0], a[1], a[2], a[3], up);
      turned(b[0], b[1], b[2], b[3], down);
      for (int i = 0; i < 3; ++i) jacobians[0][4 * i + k] = s * (up[i] - down[i]) / 2;
    }
    jacobians[0][6] += extra;
    return true;
  }
};

gc::ParameterVector point(double s = 1.5) {
  gc::ParameterVector x;
  const double n = std::sqrt(0.9 * 0.9 + 0.3 * 0.3 + 0.2 * 0.2 + 0.1 * 0.1);
  x.add("q", 0, {4}, Vector{0.9 / n, 0.3 / n, -0.2 / n, 0.1 / n});
  x.add("s", 0, {}, Vector{s});
  return x;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cost_functions)

BOOST_AUTO_TEST_CASE(jacobians_by_stored_numbers_and_along_tangents) {
  const Turned right{}, wrong{1e-3};
  gc::JacobianOptions tangent;
  tangent.manifolds = {{"q", gc::unit_quaternion(gc::QuaternionOrder::wxyz)}};
  for (const gc::JacobianOptions& options : {gc::JacobianOptions{}, tangent}) {
    const auto good = gc::check_evaluate(gc::evaluate_of(right), 3, point(), options);
    BOOST_TEST(bool(good), good);
    const auto bad = gc::check_evaluate(gc::evaluate_of(wrong), 3, point(), options);
    BOOST_TEST((bad.verdict == gc::Verdict::fail));
    BOOST_TEST(bad.worst().front().row == 1U);
    BOOST_TEST((bad.block("f", "s").verdict == gc::Verdict::pass));
  }
}

BOOST_AUTO_TEST_CASE(two_paths_must_give_the_same_residuals) {
  const Turned crooked{0.0, true};
  const auto result = gc::check_evaluate(gc::evaluate_of(crooked), 3, point());
  BOOST_TEST((result.verdict == gc::Verdict::inconclusive));
  BOOST_TEST(result.notes.back().find("two paths") != std::string::npos, result);
}

BOOST_AUTO_TEST_CASE(what_is_written_outside_is_caught) {
  const Turned outside{0.0, false, true};
  BOOST_CHECK_EXCEPTION(gc::check_evaluate(gc::evaluate_of(outside), 3, point()), gc::ShapeError,
                        [](const gc::ShapeError& e) {
                          return std::string(e.what()).find("jacobians[1], of s") !=
                                 std::string::npos;
                        });
}

BOOST_AUTO_TEST_CASE(no_values_at_x_is_an_error) {
  BOOST_CHECK_THROW(gc::check_evaluate(gc::evaluate_of(Turned{}), 3, point(-1.0)),
                    std::runtime_error);
}

BOOST_AUTO_TEST_SUITE_END()
