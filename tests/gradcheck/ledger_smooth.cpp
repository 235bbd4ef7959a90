// Costs that are smooth, at every scale.

#include <algorithm>
#include <cmath>

#include "ledger_worlds.hpp"

namespace dtheta::test::ledger {
namespace {

World cubic(Draws& draws, double low, double high) {
  const Cubic f(draws);
  const double size = draws.order(low, high);
  const double x = draws.sign() * size;
  return one(x, f, f.slope(x));
}

/// J in units of its own, of a parameter in its own.
World scaled(Draws& draws, double low, double high, double length) {
  const Cubic f(draws);
  const double unit = draws.order(low, high);
  const double x = draws.plain() * length;
  return one(
      x, [=](double t) { return unit * f(t / length); }, unit / length * f.slope(x / length));
}

World runge(Draws& draws) {
  const double x = draws.between(-2.0, 2.0);
  const double q = 1.0 + 25.0 * x * x;
  return one(
      x, [](double t) { return 1.0 / (1.0 + 25.0 * t * t); }, -50.0 * x / (q * q));
}

World chebyshev(Draws& draws, int n) {
  const double x = draws.between(-0.9, 0.9);
  double u = 1.0, next = 2.0 * x;  // of the second kind
  for (int k = 1; k < n; ++k) {
    const double after = 2.0 * x * next - u;
    u = next;
    next = after;
  }
  const auto f = [n](double t) {
    double before = 1.0, here = t;
    for (int k = 1; k < n; ++k) {
      const double after = 2.0 * t * here - before;
      before = here;
      here = after;
    }
    return here;
  };
  return one(x, f, n * u);
}

World far_peak(Draws& draws) {
  const double x = 2458849.5 + draws.between(-2.0, 2.0);
  const double s = (x - 2458849.5) / 0.5, q = 1.0 + s * s;
  const auto f = [](double t) {
    const double u = (t - 2458849.5) / 0.5;
    return 1.0 / (1.0 + u * u);
  };
  return one(x, f, -4.0 * s / (q * q));
}

World power(Draws& draws) {
  const std::size_t n = 5 + draws.below(60);
  const double x = draws.between(0.5, 2.0);
  const auto f = [n](double t) {
    double product = 1.0;
    for (std::size_t k = 0; k < n; ++k) product *= t;
    return product;
  };
  return one(x, f, static_cast<double>(n) * f(x) / x);
}

World pole(Draws& draws) {
  const double at = draws.plain(), away = draws.order(1e-8, 1.0);
  const double x = at + draws.sign() * away;
  return one(
      x, [at](double t) { return 1.0 / (t - at); }, -1.0 / ((x - at) * (x - at)));
}

World parabola(Draws& draws) {
  const double d = draws.order(1e-13, 1e-1);
  const double x = 1.0 + draws.sign() * d;
  return one(
      x, [](double t) { return (t - 1.0) * (t - 1.0); }, 2.0 * (x - 1.0));
}

World lifted_parabola(Draws& draws) {
  const double d = draws.order(1e-13, 1e-1);
  const double x = 1.0 + draws.sign() * d;
  return one(
      x, [](double t) { return (t - 1.0) * (t - 1.0) + 0.7; }, 2.0 * (x - 1.0));
}

/// Next to a zero that says nothing of the unit, J varies at this scale.
World at_zero(Draws& draws, double low, double high) {
  const Cubic f(draws);
  const double length = draws.order(low, high);
  const double x = draws.below(2) == 0 ? 0.0 : 1e-3 * length * draws.unit();
  return one(
      x, [=](double t) { return f(t / length); }, f.slope(x / length) / length);
}

World saturated(Draws& draws) {
  const double x = draws.order(1e1, 1e10);
  const double q = 1.0 + x;
  return one(
      x, [](double t) { return t / (1.0 + std::fabs(t)) + 0.3; }, 1.0 / (q * q));
}

/// A slope, and a bump that is narrower than steps may be.
World bump(Draws& draws) {
  const double width = draws.order(1e-8, 1.0), height = draws.order(1e-8, 1e-1);
  const double x = draws.plain(), s = draws.between(-2.0, 2.0);
  const double middle = x - s * width;
  const auto f = [=](double t) {
    const double u = (t - middle) / width;
    return t * (1.0 + 0.1 * t) + height / (1.0 + u * u);
  };
  const double u = (x - middle) / width, q = 1.0 + u * u;
  return one(x, f, 1.0 + 0.2 * x - 2.0 * height * u / (width * q * q));
}

/// A slope, and waves of any length and height.
World waves(Draws& draws) {
  const double length = draws.order(1e-9, 1.0), height = draws.order(1e-9, 1e-1);
  const double x = draws.plain();
  const auto f = [=](double t) { return t * (1.0 + 0.1 * t) + height * wave(t / length); };
  return one(x, f, 1.0 + 0.2 * x + height / length * slope_of_wave(x / length));
}

/// The sum of two scales: a small term that bends fast beside a large one that is straight.
World two_scales(Draws& draws) {
  const Cubic f(draws);
  const double length = draws.order(1e-6, 1.0), small = draws.order(1e-12, 1e-2);
  const double x = draws.plain(), at = x - draws.between(-1.0, 1.0) * length;
  const auto g = [=](double t) { return t + small * f((t - at) / length); };
  return one(x, g, 1.0 + small / length * f.slope((x - at) / length));
}

World constant(Draws& draws) {
  const double x = draws.plain(), value = draws.below(2) == 0 ? 0.0 : draws.plain();
  return one(
      x, [value](double) { return value; }, draws.below(2) == 0 ? 0.0 : 1e-3);
}

World root(Draws& draws, double low, double high) {
  const double x = draws.order(low, high);
  return one(
      x, [](double t) { return std::sqrt(std::fabs(t)); }, 0.5 / std::sqrt(x));
}

}  // namespace

std::vector<Kind> smooth_kinds() {
  return {
      kind("cubic", 20, [](Draws& d) { return cubic(d, 1e-2, 1e2); }),
      kind("cubic at any size", 24, [](Draws& d) { return cubic(d, 1e-12, 1e12); }),
      kind("cubic of 1e170", 8, [](Draws& d) { return scaled(d, 1e165, 1e175, 1.0); }),
      kind("cubic of 1e-200", 8, [](Draws& d) { return scaled(d, 1e-205, 1e-195, 1.0); }),
      kind("cubic near 2^400", 8, [](Draws& d) { return scaled(d, 1e118, 1e123, 1.0); }),
      kind("cubic near 2^-400", 8, [](Draws& d) { return scaled(d, 1e-123, 1e-118, 1.0); }),
      kind("cubic of a large parameter", 8, [](Draws& d) { return scaled(d, 1e-3, 1e3, 2e11); }),
      kind("cubic of a tiny parameter", 8, [](Draws& d) { return scaled(d, 1e-3, 1e3, 1e-11); }),
      kind("cubic of a parameter near 1e-100", 8,
           [](Draws& d) {
             const double size = d.order(1e-102, 1e-98);
             return scaled(d, 1.0, 1e1, size);
           }),
      kind("cubic of a parameter of 1e-105", 4,
           [](Draws& d) { return scaled(d, 1.0, 1e1, 1e-105); }),
      kind("cubic at zero", 24, [](Draws& d) { return at_zero(d, 1e-8, 1e8); }),
      kind("Runge", 20, runge),
      kind("Chebyshev 200", 12, [](Draws& d) { return chebyshev(d, 200); }),
      kind("Chebyshev 17", 12, [](Draws& d) { return chebyshev(d, 17); }),
      kind("far peak", 16, far_peak),
      kind("power", 20, power),
      kind("pole", 24, pole),
      kind("parabola beside its foot", 24, parabola),
      kind("lifted parabola beside its foot", 24, lifted_parabola),
      kind("saturated", 20, saturated),
      kind("bump", 30, bump),
      kind("waves", 40, waves),
      kind("two scales", 30, two_scales),
      kind("constant", 8, constant),
      kind("root", 20, [](Draws& d) { return root(d, 1e-16, 1.0); }),
  };
}

}  // namespace dtheta::test::ledger
