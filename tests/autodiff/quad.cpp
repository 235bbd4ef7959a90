#include "autodiff/scalar/quad.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <ostream>
#include <string>

#include "autodiff/numbers.hpp"
#include "autodiff/scalar/digits.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"

namespace dtheta {
namespace {

namespace data = boost::unit_test::data;

const Quad epsilon = std::numeric_limits<Quad>::epsilon();

/// A decimal number such as "0.0123", to a rounding or two: its digits are two whole numbers below
/// 10^18, and powers of ten up to 10^48 have no rounding.
Quad parse(const std::string& text) {
  Quad high = 0, low = 0, scale = 1;
  int digits = 0;
  bool fraction = false;
  for (const char c : text) {
    if (c == '-') continue;
    if (c == '.') {
      fraction = true;
      continue;
    }
    if (digits == 0 && c == '0' && !fraction) continue;
    if (digits < 18)
      high = high * 10 + (c - '0');
    else
      low = low * 10 + (c - '0');
    if (digits > 0 || c != '0') ++digits;
    if (fraction) scale *= 10;
  }
  Quad shift = 1;
  for (int i = 18; i < digits; ++i) shift *= 10;
  const Quad value = (high * shift + low) / scale;
  return text[0] == '-' ? -value : value;
}

/// |a - b| in units of the last place of b, nearly.
double ulps(Quad a, Quad b) { return static_cast<double>(abs((a - b) / (b * epsilon))); }

struct Known {
  const char* name;
  Quad (*f)(Quad);
  double x;  // exact
  const char* value;
};
std::ostream& operator<<(std::ostream& out, const Known& k) {
  return out << k.name << "(" << k.x << ")";
}

// 36 digits each, computed with 60 by mpmath 1.3.
const std::vector<Known> known{
    {"sqrt", sqrt, 2, "1.41421356237309504880168872420969808"},
    {"sqrt", sqrt, 0.0625, "0.25"},
    {"cbrt", cbrt, 2, "1.25992104989487316476721060727822835"},
    {"exp", exp, 1, "2.71828182845904523536028747135266250"},
    {"exp", exp, -2.5, "0.0820849986238987951695286744671598078"},
    {"exp2", exp2, 0.75, "1.68179283050742908606225095246642979"},
    {"expm1", expm1, 0x1p-20, "0.000000953674771153745446788249556874283652"},
    {"log", log, 2, "0.693147180559945309417232121458176568"},
    {"log", log, 10, "2.30258509299404568401799145468436421"},
    {"log2", log2, 10, "3.32192809488736234787031942948939018"},
    {"log10", log10, 2, "0.301029995663981195213738894724493027"},
    {"log1p", log1p, 0x1p-20, "0.000000953673861659188233908415514963336144"},
    {"sin", sin, 1, "0.841470984807896506652502321630299000"},
    {"sin", sin, 1000, "0.826879540532002560255887429109218141"},
    {"cos", cos, 1, "0.540302305868139717400936607442976604"},
    {"tan", tan, 1, "1.55740772465490223050697480745836017"},
    {"asin", asin, 0.75, "0.848062078981481008052944338998418080"},
    {"acos", acos, 0.75, "0.722734247813415611178377352641333362"},
    {"atan", atan, 1, "0.785398163397448309615660845819875721"},
    {"sinh", sinh, 1.5, "2.12927945509481749683438749467763165"},
    {"cosh", cosh, 1.5, "2.35240961524324732576766796544164417"},
    {"tanh", tanh, 0.5, "0.462117157260009758502318483643672549"},
    {"asinh", asinh, 2, "1.44363547517881034249327674027310527"},
    {"acosh", acosh, 2, "1.31695789692481670862504634730796844"},
    {"atanh", atanh, 0.5, "0.549306144334054845697622618461262852"},
    {"erf", erf, 0.5, "0.520499877813046537682746653891964529"},
    {"erfc", erfc, 3, "0.0000220904969985854413727761295823203798"},
    {"lgamma", lgamma, 0.5, "0.572364942924700087071713675676529356"},
    {"lgamma", lgamma, 10.5, "13.9406252194037636331612378879718495"},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(quad_suite)

BOOST_DATA_TEST_CASE(functions_have_all_34_digits, data::make(known), k) {
  // Two units for the function, as libquadmath claims of its own, and one for reading the decimals.
  BOOST_TEST(ulps(k.f(k.x), parse(k.value)) <= 3);
}

BOOST_AUTO_TEST_CASE(functions_of_two_numbers) {
  BOOST_TEST(ulps(pow(Quad(2), Quad(0.5)), parse("1.41421356237309504880168872420969808")) <= 3);
  BOOST_TEST(ulps(hypot(Quad(2), Quad(1)), parse("2.23606797749978969640917366873127624")) <= 3);
  BOOST_TEST(ulps(atan2(Quad(-1), Quad(2)), parse("-0.463647609000806116214256231461214402")) <= 3);
  BOOST_TEST((fmod(Quad(7.5), Quad(2)) == Quad(1.5)));
  BOOST_TEST((copysign(Quad(3), Quad(-0.0)) == Quad(-3)));
  BOOST_TEST((ldexp(Quad(3), -2) == Quad(0.75)));
}

BOOST_AUTO_TEST_CASE(rounding_to_whole_numbers) {
  const Quad x = 2.5;
  BOOST_TEST((floor(x) == 2 && ceil(x) == 3 && trunc(-x) == -2));
  BOOST_TEST((rint(x) == 2 && nearbyint(Quad(3.5)) == 4));  // halves to even
  BOOST_TEST((floor(-x) == -3 && fabs(-x) == x && abs(-x) == x));
}

BOOST_AUTO_TEST_CASE(arithmetic_rounds_at_113_bits) {
  const Quad one = 1, half_unit = epsilon / 2;
  BOOST_TEST((one + epsilon != one));
  BOOST_TEST((one + half_unit == one));  // a tie goes to the even neighbour
  BOOST_TEST((one + half_unit * (one + epsilon) != one));
  BOOST_TEST(ulps(one / 3, parse("0.333333333333333333333333333333333333")) <= 1);
  // (2^56 + 1)^2 needs 113 bits; (2^57 + 1)^2 needs 115 and loses its last.
  const Quad a = ldexp(one, 56) + 1, b = ldexp(one, 57) + 1;
  BOOST_TEST((a * a - ldexp(one, 112) == ldexp(one, 57) + 1));
  BOOST_TEST((b * b - ldexp(one, 114) != ldexp(one, 58) + 1));
}

BOOST_AUTO_TEST_CASE(limits_are_those_of_binary128) {
  using Limits = std::numeric_limits<Quad>;
  BOOST_TEST((Limits::epsilon() == ldexp(Quad(1), -112)));
  BOOST_TEST((Limits::min() == ldexp(Quad(1), -16382)));
  BOOST_TEST(isfinite(Limits::max()));
  BOOST_TEST(isinf(Limits::max() * (Quad(1) + Limits::epsilon())));
  BOOST_TEST((Limits::lowest() == -Limits::max()));
  BOOST_TEST((isinf(Limits::infinity()) && isnan(Limits::quiet_NaN())));
  BOOST_TEST(!(Limits::quiet_NaN() == Limits::quiet_NaN()));
  BOOST_TEST((signbit(Quad(-0.0)) && !signbit(Quad(0))));
}

BOOST_AUTO_TEST_CASE(conversions_are_exact_inwards_and_round_once_outwards) {
  for (const double x : {0.1, -3.7e300, 5e-324, 1.0, 0x1.fffffffffffffp1023}) {
    BOOST_TEST(static_cast<double>(Quad(x)) == x);
  }
  BOOST_TEST(static_cast<float>(Quad(0.1f)) == 0.1f);
  constexpr long double wide = 0.1L;
  BOOST_TEST(static_cast<long double>(Quad(wide)) == wide);
  constexpr auto whole = std::numeric_limits<std::int64_t>::max();
  BOOST_TEST(static_cast<std::int64_t>(Quad(whole)) == whole);
  BOOST_TEST(static_cast<int>(Quad(-2.75)) == -2);
  // Just above a tie of doubles: rounding twice, through long double, would go down.
  const Quad above = Quad(1) + ldexp(Quad(1), -53) + ldexp(Quad(1), -100);
  BOOST_TEST(static_cast<double>(above) == 1 + 0x1p-52);
  BOOST_TEST(std::isinf(static_cast<double>(ldexp(Quad(1), 1024))));
  BOOST_TEST(std::isnan(static_cast<double>(std::numeric_limits<Quad>::quiet_NaN())));
}

BOOST_AUTO_TEST_CASE(comparisons_follow_order_and_know_nan) {
  const Quad a = 1, b = Quad(1) + epsilon, nan = std::numeric_limits<Quad>::quiet_NaN();
  BOOST_TEST((a < b && b > a && a <= b && b >= a && a != b && !(a == b)));
  BOOST_TEST((!(nan < a) && !(nan > a) && !(nan <= a) && nan != a));
}

BOOST_AUTO_TEST_CASE(constants_of_a_tape_have_all_digits_in_a_quad_replay) {
  Tape tape;
  const Var x = tape.leaf(Tensor(1.0));
  struct {
    Var (*on_tape)(Tape&);
    const char* value;
  } const constants[]{{numbers::ln2, "0.693147180559945309417232121458176568"},
                      {numbers::ln10, "2.30258509299404568401799145468436421"},
                      {numbers::pi, "3.14159265358979323846264338327950288"},
                      {numbers::sqrt2, "1.41421356237309504880168872420969808"}};
  for (const auto& c : constants) {
    const Var y = c.on_tape(tape) * x;
    Workspace<Quad> ws(Plan{y});
    ws.run();
    BOOST_TEST(ulps(ws[y][0], parse(c.value)) <= 3);
  }
  BOOST_TEST(ulps(digits::pi.in<Quad>(), parse("3.14159265358979323846264338327950288")) <= 3);
  BOOST_TEST(ulps(digits::ln2.in<Quad>(), parse("0.693147180559945309417232121458176568")) <= 3);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
