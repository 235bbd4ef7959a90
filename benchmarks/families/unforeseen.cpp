// Costs of other kinds: numbers of money, tables, solvers that stop, counts of steps, ripples.
#include <fmt/format.h>

#include <array>
#include <numbers>

#include "benchmarks/families/unforeseen.hpp"

namespace families {
namespace {

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

/// Parameters at 0, or at next to nothing, whose units nobody knows.
Drawn at_zero(Random& random) {
  const double unit = random.decade(-9, 9), phase = random.uniform(0.2, 1.2);
  const double x = random.among(std::vector<double>{0.0, 0.0, -0.0, 1e-12 * unit, 1e-300, 5e-324});
  return {model(x == 0.0 ? "zero, any unit" : "next to zero, any unit", {x, 0.0}, 2,
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

}  // namespace

World draw_unforeseen(Random& random) {
  static const std::vector<DrawKind> kinds = [] {
    std::vector<DrawKind> all = {cents,       quadrature, bisection, common_seed, response,
                                 fixed_point, ripple,     at_zero,   wall,        cancelling};
    all.insert(all.end(), pieces().begin(), pieces().end());
    return all;
  }();
  const Drawn drawn = random.among(kinds)(random);
  const Model& m = drawn.model;
  World world = world_of(m);
  world.lengths.assign(m.theta.size(), drawn.length);
  world.rough = drawn.rough;
  plant_spoiled(world, random, 3);
  plant_at_marks(world, m, random, 2);
  return world;
}

}  // namespace families
