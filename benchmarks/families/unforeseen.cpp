// Costs of other kinds: numbers of money, tables, solvers that stop, counts of steps, ripples.
#include <fmt/format.h>

#include <array>
#include <numbers>

#include "benchmarks/families/model.hpp"

namespace families {
namespace {

/// What is drawn here: a model and the length over which its first entry bends.
struct Drawn {
  Model model;
  double length = 1.0;  ///< of all entries
};

/// Money: amounts of thousands, the sum rounded to a cent.
Drawn cents(Random& random) {
  const double rate = random.uniform(0.01, 0.1), years = random.uniform(1.0, 20.0);
  Model m = model("money in cents", {random.uniform(1e3, 1e5), random.uniform(1e3, 1e5)}, 2,
                  [=](auto p, auto mark) {
                    return mark(0, p[0] * std::exp(rate * years)) -
                           mark(1, 0.3 * sqrt(p[1]) * sqrt(p[0]));
                  });
  m.cost = [f = m.cost](std::span<const double> at) { return std::round(100.0 * f(at)) / 100.0; };
  return {m, 1e4};
}

/// A table with linear interpolation between its entries.
Drawn table(Random& random) {
  constexpr std::size_t n = 16;
  const auto heights = random.normals(n);
  const double cell = static_cast<double>(1 + random.below(n - 3));
  const double inside = random.chance(0.5) ? random.uniform(0.1, 0.9) : random.decade(-7, -1);
  return {model("linear table", {cell + inside, random.normal()}, 2,
                [=](auto p, auto mark) {
                  const double x = std::clamp(plain(p[0]), 0.0, n - 1.5);
                  const auto j = static_cast<std::size_t>(x);
                  const auto t = p[0] - static_cast<double>(j);
                  const auto y = heights[j] + mark(0, t * (heights[j + 1] - heights[j]));
                  return square(y - p[1]) + mark(1, 0.1 * square(p[1]));
                }),
          std::min(inside, 1.0 - inside)};
}

/// A clamp, beside its limit on either side.
Drawn clamped(Random& random) {
  const double limit = random.normal(), away = random.sign() * random.decade(-7, 0);
  return {model("clamp", {limit + away, random.normal()}, 2,
                [=](auto p, auto mark) {
                  using T = Scalar<decltype(p)>;
                  const T x = p[0] > T(limit) ? T(limit) : p[0];
                  return mark(0, square(x - p[1] - 1.0)) + mark(1, 0.05 * square(p[0]));
                }),
          std::abs(away)};
}

/// Simpson's rule.
Drawn quadrature(Random& random) {
  const int pieces = 32;
  return {model("quadrature", {random.normal(), random.uniform(0.3, 2.0)}, 2,
                [=](auto p, auto mark) {
                  using T = Scalar<decltype(p)>;
                  T sum = 0.0;
                  for (int k = 0; k <= pieces; ++k) {
                    const double x = 2.0 * k / pieces - 1.0;
                    const double w = k == 0 || k == pieces ? 1.0 : k % 2 == 1 ? 4.0 : 2.0;
                    sum += w * exp(-square(mark(0, (x - p[0]) / p[1])));
                  }
                  return sum / (1.5 * pieces) + mark(1, 0.1 * log(p[1]));
                }),
          0.3};
}

/// The root of x + a x³ = b, by Newton's method to the last digit. The cost's own solver halves an
/// interval until it is as short as a tolerance.
Drawn bisection(Random& random) {
  const double a = random.uniform(0.3, 2.0), tolerance = random.decade(-12, -4);
  Model m = model("solver that stops", {a, random.normal()}, 2, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    T x = 0.0;
    for (int k = 0; k < 60; ++k) {
      x -= (x + mark(0, p[0]) * x * x * x - mark(1, p[1])) / (1.0 + 3.0 * p[0] * x * x);
    }
    return square(x - 0.5) + x;
  });
  m.cost = [tolerance](std::span<const double> p) {
    double low = -10.0, high = 10.0;
    while (high - low > tolerance) {
      const double x = 0.5 * (low + high);
      (x + p[0] * x * x * x < p[1] ? low : high) = x;
    }
    const double x = 0.5 * (low + high);
    return (x - 0.5) * (x - 0.5) + x;
  };
  m.kind += fmt::format(", 1e{:.0f}", std::floor(std::log10(tolerance) / 4.0) * 4.0);
  return {m, 1.0};
}

/// Steps of Euler's method whose number depends on θ: J jumps here and there.
Drawn counted_steps(Random& random) {
  return {model("counted steps", {random.uniform(0.5, 2.0), random.uniform(1.0, 3.0)}, 2,
                [=](auto p, auto mark) {
                  using T = Scalar<decltype(p)>;
                  const int steps = static_cast<int>(std::ceil(20.0 * plain(p[1])));
                  const T h = mark(0, p[1]) / static_cast<double>(steps);
                  T x = 1.0;
                  for (int k = 0; k < steps; ++k) x -= h * mark(1, p[0]) * x;
                  return square(x - 0.25);
                }),
          0.05};
}

/// Expectation over draws that are the same at every θ.
Drawn common_seed(Random& random) {
  const auto z = random.normals(64);
  return {model("common random numbers", {random.normal(), random.uniform(0.3, 2.0)}, 2,
                [=](auto p, auto mark) {
                  using T = Scalar<decltype(p)>;
                  T sum = 0.0;
                  for (const double v : z) {
                    sum += softplus(mark(0, p[0]) + mark(1, p[1] * v)) / 64.0;
                  }
                  return sum - 0.5 * p[0];
                }),
          0.5};
}

/// The magnitude of a response over frequencies.
Drawn response(Random& random) {
  const auto seen = random.normals(5);
  return {model("complex magnitude", {random.uniform(0.5, 2.0), random.uniform(0.05, 0.5)}, 2,
                [=](auto p, auto mark) {
                  using T = Scalar<decltype(p)>;
                  T sum = 0.0;
                  for (std::size_t k = 0; k < seen.size(); ++k) {
                    const double w = 0.5 + 0.3 * static_cast<double>(k);
                    const T re = square(p[0]) - w * w, im = mark(0, 2.0 * p[0] * p[1] * w);
                    sum += square(1.0 / sqrt(square(re) + square(im)) - mark(1, p[1]) - seen[k]);
                  }
                  return sum;
                }),
          0.02};
}

/// Residuals of angles, wrapped into one turn; θ may be next to the place where they jump.
Drawn wrapped(Random& random) {
  const double away = random.sign() * random.decade(-7, 0);
  return {model("wrapped angle", {std::numbers::pi + away, random.normal()}, 2,
                [=](auto p, auto mark) {
                  constexpr double turn = 2.0 * std::numbers::pi;
                  const auto first = p[0] - std::round(plain(p[0]) / turn) * turn;
                  return mark(0, square(first)) + mark(1, 1.0 - cos(p[1] - p[0]));
                }),
          std::abs(away)};
}

/// Intermediate results of 16 binary digits after the point.
Drawn fixed_point(Random& random) {
  const auto x = random.normals(6), y = random.normals(6);
  Model m = model("fixed point", random.normals(2), 2, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    T sum = 0.0;
    for (std::size_t k = 0; k < 6; ++k) sum += square(mark(0, p[0] * x[k]) + mark(1, p[1]) - y[k]);
    return sum;
  });
  m.cost = [=](std::span<const double> p) {
    const auto cut = [](double v) { return std::round(v * 0x1p16) * 0x1p-16; };
    double sum = 0.0;
    for (std::size_t k = 0; k < 6; ++k) {
      const double r = cut(cut(p[0] * x[k]) + p[1] - y[k]);
      sum += cut(r * r);
    }
    return sum;
  };
  return {m, 1.0};
}

/// A ripple of small height and period on a smooth bowl. The period may divide a power of two.
Drawn ripple(Random& random) {
  const bool binary = random.chance(0.5);
  const double rate =
      binary ? 2.0 * std::numbers::pi * std::exp2(static_cast<double>(random.below(24)))
             : random.decade(0, 7);
  const double height = random.decade(-3, 0) / rate;
  return {model(binary ? "binary ripple" : "ripple", {random.normal(), random.normal()}, 2,
                [=](auto p, auto mark) {
                  return 0.5 * square(p[0] - p[1]) + mark(0, height * sin(rate * p[0])) +
                         mark(1, 0.1 * square(p[1]));
                }),
          0.3 / rate};
}

/// Parameters at exactly 0 whose units nobody knows.
Drawn at_zero(Random& random) {
  const double unit = random.decade(-9, 9), phase = random.uniform(0.2, 1.2);
  return {model("zero, any unit", {0.0, 0.0}, 2,
                [=](auto p, auto mark) {
                  return mark(0, sin(p[0] / unit + phase)) + mark(1, square(p[1] / unit - phase));
                }),
          unit};
}

/// Flat ground with a steep wall at some distance.
Drawn wall(Random& random) {
  const double steep = random.decade(1, 5), away = random.decade(-3, 0) * random.sign();
  return {model("wall", {away, random.normal()}, 2,
                [=](auto p, auto mark) {
                  return mark(0, tanh(steep * p[0])) + mark(1, 0.05 * square(p[0] - p[1]));
                }),
          std::min(1.0, std::abs(away) + 1.0 / steep)};
}

/// A polynomial with its roots at 1, 2, ..., summed in powers: many digits cancel.
Drawn cancelling(Random& random) {
  const std::size_t degree = 6 + random.below(7);
  std::vector<double> c = {1.0};
  for (std::size_t r = 1; r <= degree; ++r) {
    c.push_back(0.0);
    for (std::size_t k = c.size() - 1; k > 0; --k) c[k] -= static_cast<double>(r) * c[k - 1];
  }
  return {model("cancelling powers", {random.uniform(1.0, static_cast<double>(degree))}, 0,
                [=](auto p, auto) {
                  using T = Scalar<decltype(p)>;
                  T sum = 0.0;
                  for (const double v : c) sum = sum * p[0] + v;
                  return sum;
                }),
          0.3};
}

/// The upper envelope of many tangents of a parabola: a corner every hundredth.
Drawn envelope(Random& random) {
  constexpr double apart = 0.01;
  const double cell = std::floor(random.uniform(-200.0, 200.0));
  const double inside = random.uniform(0.05, 0.95);
  return {model("envelope of tangents", {(cell + inside) * apart, random.normal()}, 1,
                [=](auto p, auto mark) {
                  // The tangent at the middle of each cell.
                  const double at = (std::floor(plain(p[0]) / apart) + 0.5) * apart;
                  return at * at + 2.0 * at * (p[0] - at) + mark(0, 0.5 * square(p[0] - p[1]));
                }),
          apart * std::min(inside, 1.0 - inside)};
}

using Draw = Drawn (*)(Random&);

}  // namespace

World draw_unforeseen(Random& random) {
  static constexpr std::array<Draw, 15> kinds = {
      cents,   table,       clamped, quadrature, bisection, counted_steps, common_seed, response,
      wrapped, fixed_point, ripple,  at_zero,    wall,      cancelling,    envelope};
  const Drawn drawn = kinds[random.below(kinds.size())](random);
  const Model& m = drawn.model;
  World world = world_of(m);
  world.lengths.assign(m.theta.size(), drawn.length);
  plant_spoiled(world, random, 3);
  plant_at_marks(world, m, random, 2);
  return world;
}

}  // namespace families
