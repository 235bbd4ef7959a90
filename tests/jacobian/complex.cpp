#include "gradcheck/complex.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <string>

#include "gradcheck/errors.hpp"

namespace dtheta::gradcheck::test {
namespace {

using Complex = std::complex<double>;
using Vector = std::vector<Complex>;

const Vector z{{0.3, -0.7}, {1.1, 0.4}};

/// J = |z0|^2 + Re(z0 z1^2): dJ/dz* = z0 + conj(z1^2) / 2 and conj(z0 z1).
double cost(ComplexSpan at) { return std::norm(at[0]) + (at[0] * at[1] * at[1]).real(); }
Vector by_conjugate() { return {z[0] + 0.5 * std::conj(z[1] * z[1]), std::conj(z[0] * z[1])}; }
Vector times(Vector v, double factor, bool conjugate) {
  for (Complex& c : v) c = factor * (conjugate ? std::conj(c) : c);
  return v;
}

/// The right derivative under a convention.
Vector right(ComplexConvention convention) {
  if (convention == ComplexConvention::gradient) return times(by_conjugate(), 2, false);
  return times(by_conjugate(), 1, convention == ComplexConvention::d_dz);
}

const std::array conventions{ComplexConvention::gradient, ComplexConvention::d_dz,
                             ComplexConvention::d_dz_conj};

Vector squares(ComplexSpan at) { return {at[0] * at[1], std::exp(at[0])}; }
Vector squares_by_z() { return {z[1], z[0], std::exp(z[0]), 0}; }

}  // namespace

BOOST_AUTO_TEST_SUITE(complex_numbers)

BOOST_AUTO_TEST_CASE(each_convention_is_right_by_itself_and_named_for_another) {
  const std::array<std::string, 3> words{"they are the gradient dJ/dx + i dJ/dy",
                                         "they are dJ/dz, ", "they are dJ/dz*, "};
  for (const ComplexConvention as : conventions) {
    for (std::size_t meant = 0; meant < 3; ++meant) {
      const ComplexConvention is = conventions[meant];
      const Vector numbers = right(is);
      const Result result = check_complex(cost, numbers, z, as);
      BOOST_TEST_CONTEXT(to_string(as) << " said, " << to_string(is) << " meant\n" << result) {
        BOOST_TEST((result.verdict == (as == is ? Verdict::pass : Verdict::fail)));
        if (as == is) continue;
        BOOST_REQUIRE(!result.causes.empty());
        BOOST_TEST(result.causes[0].sentence.find(words[meant]) != std::string::npos);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_conjugate_gradient_and_a_wrong_one) {
  const Vector conjugate = times(right(ComplexConvention::gradient), 1, true);
  const Result result = check_complex(cost, conjugate, z, ComplexConvention::gradient);
  BOOST_TEST((result.verdict == Verdict::fail));
  BOOST_TEST(result.causes[0].sentence.find("they are the conjugate") != std::string::npos);
  Vector wrong = right(ComplexConvention::gradient);
  wrong[1] += Complex(0, 1e-3);
  const Result found = check_complex(cost, wrong, z, ComplexConvention::gradient);
  BOOST_TEST((found.verdict == Verdict::fail));
  BOOST_TEST(found.block("z.im").failed == 1U);
  BOOST_TEST(found.block("z.re").failed == 0U);
  for (const Cause& c : found.causes) BOOST_TEST(c.sentence.find("they are") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_holomorphic_function) {
  BOOST_TEST(static_cast<bool>(check_holomorphic(squares, squares_by_z(), z)));
  const JacobianResult conjugate = check_holomorphic(squares, times(squares_by_z(), 1, true), z);
  BOOST_TEST((conjugate.verdict == Verdict::fail));
  BOOST_TEST(conjugate.causes[0].sentence == "the numbers are the conjugate of df/dz");
  const auto with_conjugate = [](ComplexSpan at) { return Vector{at[0] * std::conj(at[1])}; };
  const JacobianResult none =
      check_holomorphic(with_conjugate, Vector{std::conj(z[1]), Complex(0)}, z);
  BOOST_TEST((none.verdict == Verdict::fail));
  BOOST_TEST(none.causes[0].sentence.starts_with("f is not holomorphic"));
  BOOST_TEST(none.causes[0].where == "f[0] by z[1]");
}

BOOST_AUTO_TEST_CASE(sizes_that_do_not_fit_are_told) {
  BOOST_CHECK_EXCEPTION(
      static_cast<void>(check_complex(cost, Vector(3), z, ComplexConvention::gradient)), ShapeError,
      [](const ShapeError& e) {
        return std::string(e.what()) == "complex: 3 derivatives for 2 numbers z";
      });
  BOOST_CHECK_THROW(static_cast<void>(check_holomorphic(squares, Vector(3), z)), ShapeError);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::gradcheck::test
