// Special functions in the complex plane: known values, and steps along the imaginary axis, which
// find derivatives without cancellation.

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <complex>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/special_functions.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"

namespace dtheta {
namespace {

namespace data = boost::unit_test::data;

struct Special {
  std::string name;
  std::function<Var(Var)> f;
  std::vector<double> points;
  Complex at;     // a point off the axis
  Complex value;  // and the value there: Abramowitz and Stegun's tables 6.7, 6.8 and 7.9, and
                  // elementary functions
  friend std::ostream& operator<<(std::ostream& out, const Special& s) { return out << s.name; }
};

const std::vector<Special> functions{
    {"erf",
     [](Var x) { return erf(x); },
     {-3, -0.5, 0, 1e-30, 0.75, 2, 5},
     {1, 1},
     {1.3161512816979477, 0.19045346923783469}},
    {"erfc",
     [](Var x) { return erfc(x); },
     {-3, -0.5, 0, 0.75, 2, 5, 10},
     {0, 1},
     {1, -1.6504257587975429}},
    {"lgamma",
     [](Var x) { return lgamma(x); },
     {-2.625, -0.5, 0.25, 1, 3.5, 40},
     {1, 1},
     {-0.65092319930185633, -0.30164032046753319}},
    {"digamma",
     [](Var x) { return digamma(x); },
     {-2.625, -0.5, 0.25, 1, 3.5, 40},
     {1, 1},
     {0.094650320622476977, 1.0766740474685812}},
    {"polygamma",
     [](Var x) { return polygamma(2, x); },
     {-2.625, -0.5, 0.25, 1, 3.5, 40},
     {0.5, 0},
     {-16.828796644234320, 0}},  // -14 zeta(3)
    {"sinc",
     [](Var x) { return sinc(x); },
     {-2.5, -1, 0, 1e-8, 0.25, 3},
     {0, 1},
     {3.6760779103749777, 0}},  // sinh(pi) / pi
};

Complex at(const Special& s, Complex z) {
  Tape tape;
  const Var x = tape.leaf(Tensor(0.75)), y = s.f(x);
  Workspace<Complex> ws{Plan({y})};
  ws.leaf(x)[0] = z;
  ws.run();
  return ws[y][0];
}

}  // namespace

BOOST_AUTO_TEST_SUITE(complex_step_suite)

// Some tens of roundings.
BOOST_DATA_TEST_CASE(known_values, data::make(functions), s) {
  const Complex found = at(s, s.at);
  BOOST_TEST_INFO(found << " for " << s.value);
  BOOST_TEST(std::abs(found - s.value) <= 64 * 0x1p-53 * std::abs(s.value));
}

// The axis itself has the real function's values, and Im f(x + i h) / h its derivative.
BOOST_DATA_TEST_CASE(steps_along_the_imaginary_axis, data::make(functions), s) {
  constexpr double h = 0x1p-400;
  for (const double point : s.points) {
    Tape tape;
    const Var x = tape.leaf(Tensor(point)), y = s.f(x), slope = grad(y, x);
    const Complex found = at(s, {point, h});
    BOOST_TEST_CONTEXT(s.name << " at " << point << ": " << found << ", " << y.item() << " with "
                              << slope.item()) {
      const double size = std::abs(y.item()) + std::abs(point * slope.item());
      BOOST_TEST(std::abs(found.real() - y.item()) <= 64 * 0x1p-53 * size);
      const double derivative = found.imag() / h;
      // Of the derivative of sinc at its extremum nothing is left but the rounding of its terms.
      BOOST_TEST(std::abs(derivative - slope.item()) <=
                 1024 * 0x1p-53 * (std::abs(slope.item()) + 0x1p-20));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
