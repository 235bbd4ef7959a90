// Second opinions: of a scalar of twice the digits, of complex steps, of who knows where J's
// corners are and what is rounded on the way.

#include <cmath>
#include <complex>
#include <optional>

#include "gradcheck/oracle.hpp"
#include "ledger_worlds.hpp"

namespace dtheta::test::ledger {
namespace {

namespace gc = dtheta::gradcheck;

/// A number of some 104 bits: the sum of two. Dekker, "A floating-point technique for extending the
/// available precision", Numer. Math. 18 (1971).
struct Wide {
  double high = 0.0, low = 0.0;

  Wide() = default;
  explicit Wide(double value) : high(value) {}
  explicit Wide(int value) : high(value) {}
  explicit operator double() const { return high + low; }

  static Wide sum(double a, double b) {
    Wide s(a + b);
    const double part = s.high - a;
    s.low = (a - (s.high - part)) + (b - part);
    return s;
  }
  static Wide product(double a, double b) {
    Wide p(a * b);
    p.low = std::fma(a, b, -p.high);
    return p;
  }

  friend Wide operator+(Wide a, Wide b) {
    const Wide s = sum(a.high, b.high);
    return sum(s.high, s.low + (a.low + b.low));
  }
  friend Wide operator-(Wide a) {
    a.high = -a.high, a.low = -a.low;
    return a;
  }
  friend Wide operator-(Wide a, Wide b) { return a + (-b); }
  friend Wide operator*(Wide a, Wide b) {
    const Wide p = product(a.high, b.high);
    return sum(p.high, p.low + (a.high * b.low + a.low * b.high));
  }
  friend Wide operator/(Wide a, Wide b) {
    const double first = a.high / b.high;
    const Wide rest = a - b * Wide(first);
    return sum(first, rest.high / b.high);
  }
  friend bool operator<(Wide a, Wide b) {
    return a.high < b.high || (a.high == b.high && a.low < b.low);
  }
};

/// An oracle in such a scalar; `roundoff` may be said to be more than it is.
template <class F>
gc::Oracle wide_oracle(const F& f, const Values& x, double roundoff) {
  return {"wide", roundoff, false, 7, [=](std::size_t entry, double step) {
            std::vector<Wide> at;
            for (const double v : x) at.emplace_back(v);
            const auto along = [&](Wide value) {
              at[entry] = value;
              return f(std::span<const Wide>(at));
            };
            return gc::wide_slope<Wide>(along, x[entry], step);
          }};
}

/// What two entries make of J beside a large number: noise in double, of which the wider scalar
/// knows nothing.
struct Drowned {
  double large, a, b, corner, gap;

  template <class T>
  T operator()(std::span<const T> t) const {
    const T u = t[0] - T(corner);
    const T bent = u < T(0) ? -u : u;
    return (T(large) + T(a) * t[0] * t[0] * t[1] + T(b) * t[1] + T(gap) * bent) - T(1.0);
  }
  Values gradient(Span t) const {
    const double side = t[0] < corner ? -gap : t[0] > corner ? gap : 0.0;
    return {2.0 * a * t[0] * t[1] + side, a * t[0] * t[0] + b};
  }
};

Drowned drowned(Draws& draws, const Values& x, double gap) {
  Drowned f{};
  f.large = draws.order(1.0, 1e13);
  f.a = draws.plain(), f.b = draws.plain();
  f.gap = gap;
  const double away = draws.below(3) == 0 ? 0.0 : draws.order(1e-12, 1.0);
  f.corner = x[0] + draws.sign() * away;
  return f;
}

World second_opinion(Draws& draws, bool has_corner, bool knows_corner) {
  const Values x = draws.plain(2);
  const Drowned f = drowned(draws, x, has_corner ? draws.plain() : 0.0);
  World world = block(
      x, [f](Span t) { return f(t); }, f.gradient(x));
  const double roundoff = draws.below(2) == 0 ? 0x1p-64 : 0x1p-100;
  world.options.oracles = {wide_oracle(f, x, roundoff)};
  if (!knows_corner) return world;
  world.options.corner = [f, x](std::size_t entry, double reach) -> std::optional<gc::Corner> {
    if (entry != 0 || std::fabs(f.corner - x[0]) > reach) return {};
    return gc::Corner{f.corner - x[0], "abs"};
  };
  return world;
}

/// Only the finder of corners is asked.
World explained_corner(Draws& draws) {
  World world = second_opinion(draws, true, true);
  world.options.oracles.clear();
  return world;
}

World complex_opinion(Draws& draws) {
  const double large = draws.order(1.0, 1e16), a = draws.plain();
  const Values x = draws.plain(2);
  const auto f = [=](auto t) {
    using T = std::remove_cvref_t<decltype(t[0])>;
    return T(large) + T(a) * t[0] * t[1] + t[1] * t[1] * t[1];
  };
  World world = block(x, [f](Span t) { return f(t); }, {a * x[1], a * x[0] + 3.0 * x[1] * x[1]});
  world.options.oracles = {gc::complex_step_oracle(f, x)};
  return world;
}

/// A gradient that has lost digits, and what they were is known.
World rounded_gradient(Draws& draws, bool complex) {
  World world = complex ? complex_opinion(draws) : second_opinion(draws, false, false);
  const double lost = draws.order(1e-14, 1e-2), told = lost * draws.order(1e-1, 1e1);
  for (double& g : world.right) g += lost * draws.plain();
  world.options.gradient_rounding = [told] { return Values(2, told); };
  return world;
}

/// Roundings on the way to J that its values do not show.
World hidden_rounding(Draws& draws) {
  World world = second_opinion(draws, false, false);
  const double noise = draws.order(1e-16, 1e-1);
  world.options.cost_rounding = [noise] { return noise; };
  if (draws.below(2) == 0) return world;
  world.options.oracles.clear();
  world.options.corner = [](std::size_t, double) { return std::optional<gc::Corner>{}; };
  return world;
}

}  // namespace

std::vector<Kind> opinion_kinds() {
  return {
      kind("second opinion", 24, [](Draws& d) { return second_opinion(d, false, false); }),
      kind("second opinion on corners", 30,
           [](Draws& d) { return second_opinion(d, true, false); }),
      kind("second opinion on known corners", 30,
           [](Draws& d) { return second_opinion(d, true, true); }),
      kind("explained corner", 20, explained_corner),
      kind("complex step", 12, complex_opinion),
      kind("rounded gradient", 30, [](Draws& d) { return rounded_gradient(d, false); }),
      kind("rounded gradient, complex step", 12,
           [](Draws& d) { return rounded_gradient(d, true); }),
      kind("hidden rounding", 40, hidden_rounding),
  };
}

}  // namespace dtheta::test::ledger
