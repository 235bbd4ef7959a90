// Costs of few digits: rounded, cancelled, noisy, in stairs; and costs that jump.

#include <algorithm>
#include <cmath>

#include "ledger_worlds.hpp"

namespace dtheta::test::ledger {
namespace {

World in_float(Draws& draws, double size) {
  const Cubic f(draws);
  const double x = draws.plain() * size;
  return one(
      x, [=](double t) { return static_cast<double>(static_cast<float>(f(t / size))); },
      f.slope(x / size) / size);
}

/// Every step of it is rounded to float, the parameter, too.
World all_in_float(Draws& draws) {
  const auto a = static_cast<float>(draws.plain()), b = static_cast<float>(draws.plain());
  const auto x = static_cast<float>(draws.plain());
  const auto f = [=](double t) {
    const auto s = static_cast<float>(t);
    const float square = s * s, product = a * square;
    return static_cast<double>(product + b * s);
  };
  const double at = x;
  return one(at, f, 2.0 * a * at + b);
}

World rounded(Draws& draws, double unit) {
  const Cubic f(draws);
  const double x = draws.plain();
  return one(
      x, [=](double t) { return std::nearbyint(f(t) / unit) * unit; }, f.slope(x));
}

World cancelled(Draws& draws, double large) {
  const Cubic f(draws);
  const double x = draws.plain();
  return one(
      x, [=](double t) { return (large + f(t)) - large; }, f.slope(x));
}

World beside_large(Draws& draws) {
  const Cubic f(draws);
  const double large = draws.order(1e2, 1e16), x = draws.plain();
  return one(
      x, [=](double t) { return large + f(t); }, f.slope(x));
}

World difference_of_squares(Draws& draws) {
  const double x = draws.plain();
  return one(
      x, [](double t) { return (1e6 + t) * (1e6 + t) - 1e12; }, 2.0 * (1e6 + x));
}

World cancelled_root(Draws& draws) {
  const double x = draws.order(1e-9, 1e-1), m = draws.order(1.0, 1e16);
  return one(
      x, [m](double t) { return (std::sqrt(1.0 + t * t) - 1.0) * m; },
      m * x / std::sqrt(1.0 + x * x));
}

/// (sqrt(1 + x) - 1) / x: stairs that are higher the nearer x is to 0, about a slope of -1/8.
World quotient(Draws& draws) {
  const double x = draws.order(1e-15, 1e-2), root = std::sqrt(1.0 + x);
  return one(
      x, [](double t) { return (std::sqrt(1.0 + t) - 1.0) / t; },
      -0.5 / (root * (1.0 + root) * (1.0 + root)));
}

World noisy(Draws& draws, double low, double high) {
  const Cubic f(draws);
  const double x = draws.plain(), noise = draws.order(low, high);
  return one(
      x, [=](double t) { return f(t) * (1.0 + noise * noise_of(t)); }, f.slope(x));
}

/// Noise to which only steps beyond a distance are subject.
World noisy_further_out(Draws& draws) {
  const Cubic f(draws);
  const double x = draws.plain(), noise = draws.order(1e-13, 1e-5), quiet = draws.order(1e-8, 1e-2);
  const auto g = [=](double t) {
    return f(t) + (std::fabs(t - x) > quiet ? noise * noise_of(t) : 0.0);
  };
  return one(x, g, f.slope(x));
}

/// Noise that stands still over cells of a length.
World noisy_cells(Draws& draws) {
  const Cubic f(draws);
  const double x = draws.plain(), noise = draws.order(1e-12, 1e-3), cell = draws.order(1e-12, 1e-2);
  const auto g = [=](double t) { return f(t) + noise * noise_of(std::floor(t / cell)); };
  return one(x, g, f.slope(x));
}

World stairs(Draws& draws, double low, double high) {
  const double n = draws.order(low, high), x = draws.plain();
  return one(
      x, [n](double t) { return std::floor(t * n) / n; }, draws.below(2) == 0 ? 1.0 : 0.0);
}

World stairs_and_slope(Draws& draws, double low, double high) {
  const double n = draws.order(low, high), x = draws.plain();
  const Cubic f(draws);
  const auto g = [=](double t) { return f(t) + std::floor(t * n) / n; };
  return one(x, g, f.slope(x) + (draws.below(2) == 0 ? 1.0 : 0.0));
}

/// The same, and what is claimed is next to nothing beside the slope.
World stairs_and_little(Draws& draws) {
  World world = stairs_and_slope(draws, 1e0, 1e10);
  const double size = draws.order(1e-5, 1.0);
  world.right[0] = draws.sign() * size;
  return world;
}

/// Stairs alone, of which next to nothing is claimed.
World bare_stairs_and_little(Draws& draws) {
  World world = stairs(draws, 1e0, 1e10);
  const double size = draws.order(1e-6, 1.0);
  world.right[0] = draws.sign() * size;
  return world;
}

/// Beside waves so short that they call for tiny steps, stairs that climb by little, and a claim of
/// a part of that.
World stairs_beside_waves(Draws& draws) {
  const double length = draws.order(1e-7, 1e-4), n = draws.order(1e3, 1e8);
  const double little = draws.order(1e-9, 1e-3), part = draws.order(1e-6, 1.0);
  const Values x = draws.plain(2);
  const auto f = [=](Span t) {
    return length * wave(t[0] / length) + little * std::floor(t[1] * n) / n + 0.3;
  };
  return block(x, f, {slope_of_wave(x[0] / length), little * part});
}

/// The parameter is stored in cells: J stands still within them and follows a parabola over many.
World stored_coarsely(Draws& draws) {
  const double n = draws.order(1e1, 1e12), x = draws.plain();
  const Cubic f(draws);
  return one(
      x, [=](double t) { return f(std::floor(t * n) / n); }, f.slope(x));
}

World series(Draws& draws) {
  Values a = draws.plain(1000);
  const double x = draws.between(-0.9, 0.9);
  double slope = 0.0;
  for (const double c : a) slope += c * c * 2.0 * (x - c);
  const auto f = [a](double t) {
    double sum = 0.0;
    for (const double c : a) sum += c * c * (t - c) * (t - c);
    return sum;
  };
  return one(x, f, slope);
}

}  // namespace

std::vector<Kind> coarse_kinds() {
  return {
      kind("in float", 20, [](Draws& d) { return in_float(d, 1.0); }),
      kind("in float, large parameter", 6, [](Draws& d) { return in_float(d, 1e6); }),
      kind("all in float", 16, all_in_float),
      kind("rounded to 0.01", 12, [](Draws& d) { return rounded(d, 0.01); }),
      kind("rounded to 1e-6", 12, [](Draws& d) { return rounded(d, 1e-6); }),
      kind("rounded to 1e-11", 8, [](Draws& d) { return rounded(d, 1e-11); }),
      kind("rounded to 1e-12", 8, [](Draws& d) { return rounded(d, 1e-12); }),
      kind("rounded to 1e-13", 8, [](Draws& d) { return rounded(d, 1e-13); }),
      kind("rounded to 1e-10", 12, [](Draws& d) { return rounded(d, 1e-10); }),
      kind("cancelled by 1e13", 10, [](Draws& d) { return cancelled(d, 1e13); }),
      kind("cancelled by 1e8", 10, [](Draws& d) { return cancelled(d, 1e8); }),
      kind("beside a large term", 28, beside_large),
      kind("difference of squares", 8, difference_of_squares),
      kind("cancelled root", 24, cancelled_root),
      kind("quotient", 24, quotient),
      kind("noisy", 40, [](Draws& d) { return noisy(d, 1e-14, 1e-3); }),
      kind("noisy further out", 30, noisy_further_out),
      kind("noisy cells", 40, noisy_cells),
      kind("stairs", 30, [](Draws& d) { return stairs(d, 1e1, 1e10); }),
      kind("stairs and slope", 30, [](Draws& d) { return stairs_and_slope(d, 1e1, 1e10); }),
      kind("stairs and little", 60, stairs_and_little),
      kind("bare stairs and little", 60, bare_stairs_and_little),
      kind("stairs beside waves", 40, stairs_beside_waves),
      kind("stored coarsely", 30, stored_coarsely),
      kind("sum of 1,000 terms", 4, series),
  };
}

}  // namespace dtheta::test::ledger
