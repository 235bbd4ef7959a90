#include "gradcheck/numeric/quantum.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace dtheta::gradcheck::detail {
namespace {

// Four values that are round by chance to six bits: once in 2^24; to four places of ten: rarer.
constexpr std::size_t fewest_values = 4;
constexpr double fewest_places = 64.0;
constexpr double fewest_decimal_places = 1e4;
constexpr double printing_error = 4.0;  // last places: of a decimal number as a double holds it

std::vector<double> distinct(std::span<const double> values) {
  std::vector<double> some;
  for (const double v : values) {
    if (std::isfinite(v)) some.push_back(v);
  }
  std::ranges::sort(some);
  some.erase(std::unique(some.begin(), some.end()), some.end());
  return some;
}

/// The weight of the lowest bit that is set; infinite for zero.
double lowest_bit(double value) {
  if (value == 0.0) return std::numeric_limits<double>::infinity();
  int exponent = 0;
  const double mantissa = std::frexp(std::abs(value), &exponent);
  const auto bits = static_cast<std::uint64_t>(std::ldexp(mantissa, 53));
  return std::ldexp(1.0, exponent - 53 + std::countr_zero(bits));
}

double last_place(double size) {
  return std::nextafter(size, std::numeric_limits<double>::infinity()) - size;
}

/// All are multiples of a unit, and of several numbers of it. `values` ascend.
bool are_multiples(std::span<const double> values, double unit) {
  std::size_t different = 0;
  double before = std::numeric_limits<double>::quiet_NaN();
  for (const double v : values) {
    const double number = std::round(v / unit);
    if (std::abs(v - unit * number) > printing_error * last_place(std::abs(v))) return false;
    if (number != before) ++different;
    before = number;
  }
  return different >= fewest_values;
}

}  // namespace

double quantum_of(std::span<const double> values) {
  const std::vector<double> some = distinct(values);
  if (some.size() < fewest_values) return 0.0;
  const double size = std::max(std::abs(some.front()), std::abs(some.back()));
  const double place = last_place(size);
  double binary = std::numeric_limits<double>::infinity();
  for (const double v : some) binary = std::min(binary, lowest_bit(v));
  if (binary < fewest_places * place) binary = 0.0;
  const int highest = static_cast<int>(std::floor(std::log10(size)));
  constexpr int digits = 12;  // more than these are within fewest_decimal_places of the last one
  for (int k = 0; k < digits; ++k) {
    const double unit = std::pow(10.0, highest - k);
    if (unit < std::max(fewest_decimal_places * place, binary)) break;
    if (are_multiples(some, unit)) return unit;
  }
  return binary;
}

std::optional<Jump> find_jump(const std::function<double(double)>& f, double a, double b,
                              double slope, double least) {
  double ya = f(a), yb = f(b);
  const auto moved = [&](double from, double yfrom, double to, double yto) {
    return yto - yfrom - slope * (to - from);
  };
  const auto deviation = [&](double from, double yfrom, double to, double yto) {
    return std::abs(moved(from, yfrom, to, yto));
  };
  constexpr int halvings = 58;
  const double size = std::max(std::abs(a), std::abs(b));
  const double narrowest = std::max(std::abs(b - a) * 1e-12, 4.0 * last_place(size));
  constexpr std::size_t late = 6;  // halvings over which a jump keeps its size, a slope 1/64 of it
  std::vector<double> kept;
  for (int k = 0; k < halvings && std::abs(b - a) > narrowest; ++k) {
    const double middle = a + 0.5 * (b - a);
    const double y = f(middle);
    if (deviation(a, ya, middle, y) >= deviation(middle, y, b, yb)) {
      b = middle;
      yb = y;
    } else {
      a = middle;
      ya = y;
    }
    kept.push_back(deviation(a, ya, b, yb));
    if (kept.back() < least) return {};
  }
  const double jump = moved(a, ya, b, yb);
  if (kept.size() <= late || !(std::abs(jump) > 0.5 * kept[kept.size() - 1 - late])) return {};
  return Jump{a, jump};
}

double lasting_jump(const std::function<double(double)>& f, double a, double b, double slope,
                    double least) {
  const auto jump = find_jump(f, a, b, slope, least);
  return jump ? std::abs(jump->size) : 0.0;
}

}  // namespace dtheta::gradcheck::detail
