// Smooth costs from other fields: spectra, lenses, circuits, orbits, options, iterated maps.
#include <fmt/format.h>

#include <array>
#include <numbers>

#include "benchmarks/families/strange.hpp"
#include "benchmarks/families/unforeseen.hpp"

namespace families {
namespace {

constexpr double turn = 2.0 * std::numbers::pi;

/// Sum of cosines of 1, 2, ..., n times the angle.
Drawn kernel(Random& random) {
  const std::size_t n = 10 + random.below(290);
  const double x = random.sign() * random.decade(-2, 0.4), y = random.normal();
  return {model("Dirichlet kernel", {x, y}, 2,
                [=](auto p, auto mark) {
                  using T = Scalar<decltype(p)>;
                  T sum = 0.0;
                  for (std::size_t k = 1; k <= n; ++k) {
                    sum += cos(static_cast<double>(k) * p[0]) / static_cast<double>(n);
                  }
                  return mark(0, sum) + mark(1, 0.5 * square(p[1] - p[0]));
                }),
          1.0 / static_cast<double>(n)};
}

/// Weierstrass's sum, to where it has a derivative.
Drawn rough_sum(Random& random) {
  const double a = random.uniform(0.4, 0.9);
  const int b = 3 + 2 * static_cast<int>(random.below(3)),
            terms = 3 + static_cast<int>(random.below(5));
  return {model("Weierstrass", {random.normal(), random.normal()}, 2,
                [=](auto p, auto mark) {
                  using T = Scalar<decltype(p)>;
                  T sum = 0.0;
                  double height = 1.0, rate = std::numbers::pi;
                  for (int k = 0; k < terms; ++k) {
                    sum += height * cos(rate * p[0]);
                    height *= a;
                    rate *= b;
                  }
                  return mark(0, sum) + mark(1, 0.5 * square(p[1] - 0.3));
                }),
          std::pow(b, -terms)};
}

/// A tone whose phase another tone moves.
Drawn modulated(Random& random) {
  const double rate = random.decade(0.5, 3.5), depth = random.decade(-2, 0.7);
  return {model("frequency modulation", {random.normal(), random.normal()}, 2,
                [=](auto p, auto mark) {
                  return mark(0, sin(p[0] + depth * sin(rate * p[0]))) +
                         mark(1, square(p[1] - p[0])) * 0.1;
                }),
          1.0 / (rate * (1.0 + depth))};
}

/// The frequency of a long record.
Drawn long_record(Random& random) {
  const double span = random.decade(1, 5);
  std::vector<double> at(24), y(24);
  for (std::size_t k = 0; k < at.size(); ++k) {
    at[k] = random.uniform(0.0, span);
    y[k] = random.normal();
  }
  return {model("frequency of a long record",
                {random.normal(), random.uniform(0.5, 5.0), random.normal()}, 3,
                [=](auto p, auto mark) {
                  using T = Scalar<decltype(p)>;
                  T sum = 0.0;
                  for (std::size_t k = 0; k < at.size(); ++k) {
                    sum +=
                        square(mark(0, p[0]) * sin(mark(1, p[1]) * at[k] + mark(2, p[2])) - y[k]);
                  }
                  return sum / 24.0;
                }),
          1.0 / span};
}

/// A square wave with round corners; a resonator's comb.
Drawn comb(Random& random) {
  const bool square_wave = random.chance(0.5);
  const double rate = random.decade(0, 2.5), sharp = random.decade(0, square_wave ? 1.5 : 3);
  return {
      model(square_wave ? "soft square wave" : "Fabry-Perot", {random.normal(), random.normal()}, 2,
            [=](auto p, auto mark) {
              const auto s = sin(rate * p[0]);
              const auto wave = square_wave ? tanh(sharp * s) : 1.0 / (1.0 + sharp * square(s));
              return mark(0, wave) + mark(1, 0.5 * square(p[1] - p[0]));
            }),
      1.0 / rate / sharp};
}

/// A line of a spectrum at a frequency in hertz.
Drawn line(Random& random) {
  const double at = random.among(std::vector<double>{1.420405751e9, 4.3e14, 440.0, 2.4e6});
  const double width = at * random.decade(-8, -3);
  std::vector<double> f(10), y(10);
  for (std::size_t k = 0; k < f.size(); ++k) {
    f[k] = at + width * random.uniform(-4.0, 4.0);
    y[k] = random.uniform(0.0, 1.0);
  }
  return {
      model("spectral line",
            {at + width * random.normal(), width * random.uniform(0.6, 1.5),
             random.uniform(0.5, 2.0)},
            3,
            [=](auto p, auto mark) {
              using T = Scalar<decltype(p)>;
              T sum = 0.0;
              for (std::size_t k = 0; k < f.size(); ++k) {
                sum += square(
                    mark(0, p[2]) / (1.0 + square((f[k] - mark(1, p[0])) / mark(2, p[1]))) - y[k]);
              }
              return sum;
            }),
      width};
}

/// When did it begin? A step in time, soft.
Drawn change_point(Random& random) {
  const double at = random.among(std::vector<double>{1969.5, 86400.0, 5.1e5, 7.3e8});
  const double width = random.decade(-2, 0);
  std::vector<double> t(12), y(12);
  for (std::size_t k = 0; k < t.size(); ++k) {
    t[k] = at + 4.0 * width * random.normal();
    y[k] = random.normal();
  }
  return {model("change point", {at, random.normal(), random.normal()}, 3,
                [=](auto p, auto mark) {
                  using T = Scalar<decltype(p)>;
                  T sum = 0.0;
                  for (std::size_t k = 0; k < t.size(); ++k) {
                    sum += square(mark(1, p[1]) +
                                  mark(2, p[2]) * sigmoid((t[k] - mark(0, p[0])) / width) - y[k]);
                  }
                  return sum;
                }),
          width};
}

/// A star on a detector: its place in pixels.
Drawn star(Random& random) {
  const double x = random.uniform(100.0, 4000.0), y = random.uniform(100.0, 4000.0),
               s = random.uniform(0.5, 2.0);
  const auto noise = random.normals(25, 0.05);
  return {model("star on a detector", {x, y, s, random.uniform(100.0, 5e4)}, 3,
                [=](auto p, auto mark) {
                  using T = Scalar<decltype(p)>;
                  T sum = 0.0;
                  for (int k = 0; k < 25; ++k) {
                    const double u = std::round(x) + k % 5 - 2, v = std::round(y) + k / 5 - 2;
                    const T r = (square(u - mark(0, p[0])) + square(v - mark(1, p[1]))) /
                                square(mark(2, p[2]));
                    sum += square(p[3] * exp(-0.5 * r) / 1e4 - noise[static_cast<std::size_t>(k)] -
                                  1.0);
                  }
                  return sum;
                }),
          0.1};
}

/// Atoms at distances in metres, energies in joule.
Drawn atoms(Random& random) {
  const double eps = 1.65e-21, sigma = 3.4e-10;
  std::vector<double> x;
  for (int k = 0; k < 3; ++k) x.push_back(sigma * (1.15 * k + 0.1 * random.normal()));
  return {model("Lennard-Jones in SI", x, 2,
                [=](auto p, auto mark) {
                  using T = Scalar<decltype(p)>;
                  T sum = 0.0;
                  for (int i = 0; i < 3; ++i) {
                    for (int j = 0; j < i; ++j) {
                      const T q =
                          sigma / (p[static_cast<std::size_t>(i)] - p[static_cast<std::size_t>(j)]);
                      const T six = q * q * q * q * q * q;
                      sum += 4.0 * eps * (mark(0, square(six)) - mark(1, six));
                    }
                  }
                  return sum;
                }),
          1e-10};
}

/// A filter of a resistor, a coil and a condenser in one block.
Drawn circuit(Random& random) {
  const double r = random.decade(1, 4), l = random.decade(-7, -3), c = random.decade(-12, -6);
  const double w0 = 1.0 / std::sqrt(l * c);
  return {model("circuit", {r, l, c}, 3,
                [=](auto p, auto mark) {
                  using T = Scalar<decltype(p)>;
                  T sum = 0.0;
                  for (const double part : {0.3, 0.8, 1.1, 2.0}) {
                    const double w = part * w0;
                    const T reactance = mark(0, w * p[1]) - 1.0 / mark(1, w * p[2]);
                    sum += square(mark(2, p[0]) / sqrt(square(p[0]) + square(reactance)) - 0.4);
                  }
                  return sum;
                }),
          -1.0};
}

/// Antoine's vapour pressure: three constants of three sizes.
Drawn vapour(Random& random) {
  return {
      model("vapour pressure",
            {8.07131 * random.uniform(0.9, 1.1), 1730.63 * random.uniform(0.9, 1.1), 233.426}, 3,
            [=](auto p, auto mark) {
              using T = Scalar<decltype(p)>;
              T sum = 0.0;
              for (const double t : {20.0, 50.0, 80.0}) {
                const T log_p =
                    std::log(10.0) * (mark(0, p[0]) - mark(1, p[1]) / (mark(2, p[2]) + t));
                sum += square(exp(log_p) - 100.0);
              }
              return sum;
            }),
      -1.0};
}

/// A planet's place from Kepler's equation: metres, and numbers below 1.
Drawn orbit(Random& random) {
  const double seen = random.normal();
  return {model("orbit", {1.496e11, random.uniform(0.01, 0.6), random.normal()}, 3,
                [=](auto p, auto mark) {
                  using T = Scalar<decltype(p)>;
                  T e = p[2];
                  for (int k = 0; k < 30; ++k) {
                    e -= (e - mark(0, p[1]) * sin(e) - p[2]) / (1.0 - p[1] * cos(e));
                  }
                  const T x = mark(1, p[0]) * (cos(e) - mark(2, p[1]));
                  return square(x / 1.496e11 - seen) + square(sin(e));
                }),
          -1.0};
}

/// Black and Scholes.
Drawn option(Random& random) {
  const double k = 100.0, seen = random.uniform(1.0, 20.0);
  return {model("option",
                {100.0 * random.uniform(0.7, 1.4), random.uniform(0.05, 0.6),
                 random.uniform(0.001, 0.05)},
                3,
                [=](auto p, auto mark) {
                  using T = Scalar<decltype(p)>;
                  const double years = 0.5;
                  const T s = p[1] * std::sqrt(years);
                  const T d1 =
                      (log(p[0] / k) + (mark(0, p[2]) + 0.5 * mark(1, square(p[1]))) * years) / s;
                  const auto phi = [](T x) { return 0.5 * (1.0 + erf(x * std::sqrt(0.5))); };
                  const T price = p[0] * phi(d1) - k * mark(2, exp(-p[2] * years)) * phi(d1 - s);
                  return square(price - seen);
                }),
          -1.0};
}

/// A likelihood, not its logarithm: far below 1, or a factorial far above.
Drawn likelihood(Random& random) {
  const bool small = random.chance(0.5);
  const std::size_t n = 20 + random.below(small ? 180 : 100);
  const auto y = random.normals(n);
  return {model(small ? "likelihood, not its logarithm" : "factorial",
                {small ? random.normal() * 0.1 : 90.0 + 70.0 * random.uniform(0, 1),
                 random.uniform(0.8, 1.5)},
                2,
                [=](auto p, auto mark) {
                  using T = Scalar<decltype(p)>;
                  if (!small) return exp(mark(0, lgamma(p[0]))) * mark(1, square(p[1]));
                  T product = 1.0;
                  for (const double v : y) {
                    product = product * exp(-0.5 * square((v - mark(0, p[0])) / p[1])) /
                              mark(1, p[1]) * 0.39894;
                  }
                  return product;
                }),
          0.1};
}

/// A map that is iterated: chaos after some twenty rounds.
Drawn map(Random& random) {
  const int rounds = 3 + static_cast<int>(random.below(20));
  return {model("logistic map", {random.uniform(3.2, 3.95), random.uniform(0.1, 0.9)}, 2,
                [=](auto p, auto mark) {
                  using T = Scalar<decltype(p)>;
                  T x = p[1];
                  for (int k = 0; k < rounds; ++k) x = mark(0, p[0]) * x * (1.0 - mark(1, x));
                  return square(x - 0.5);
                }),
          0.1 * std::exp2(-rounds)};
}

/// Chebyshev's polynomials of high degree.
Drawn chebyshev(Random& random) {
  const int n = 5 + static_cast<int>(random.below(60));
  return {model("Chebyshev", {random.uniform(-1.1, 1.1), random.normal()}, 2,
                [=](auto p, auto mark) {
                  using T = Scalar<decltype(p)>;
                  T before = 1.0, now = p[0];
                  for (int k = 1; k < n; ++k) {
                    const T next = mark(0, 2.0 * p[0] * now) - before;
                    before = now;
                    now = next;
                  }
                  return now + mark(1, square(p[1]) * 0.1);
                }),
          0.5 / (n * n)};
}

/// A product of many, a tower of exponentials, powers.
Drawn tower(Random& random) {
  const std::size_t kind = random.below(3), n = kind == 0 ? 30 : 2;
  std::vector<double> theta(n);
  for (double& v : theta) v = random.sign() * random.uniform(kind == 0 ? 0.5 : 0.1, 2.0);
  static const std::array<std::string, 3> names = {
      "product of thirty", "exponential of an exponential", "twelfth power"};
  return {model(names[kind], theta, 2,
                [=](auto p, auto mark) {
                  using T = Scalar<decltype(p)>;
                  T product = 1.0;
                  if (kind == 0) {
                    for (const T& v : p) product = product * mark(0, v);
                    return square(product - 0.5) + mark(1, 0.01 * square(p[0]));
                  }
                  if (kind == 1)
                    return exp(mark(0, exp(p[0]))) + mark(1, 0.3 * square(p[1] - p[0]));
                  for (int k = 0; k < 12; ++k) product = product * p[0];
                  return mark(0, product) + mark(1, 0.3 * square(p[1] - p[0]));
                }),
          0.1};
}

/// A softmax that is cold, a pole that is near.
Drawn pole(Random& random) {
  const bool cold = random.chance(0.5);
  const double close = random.decade(-4, 0);
  const double x = close * random.sign();
  return {model(cold ? "cold softmax" : "pole",
                cold ? random.normals(3, close) : std::vector<double>{x, random.normal()}, 2,
                [=](auto p, auto mark) {
                  using T = Scalar<decltype(p)>;
                  if (!cold)
                    return mark(0, 1.0 / p[0]) + mark(1, close * close / square(p[0])) +
                           square(p[1]) / close;
                  T total = 0.0, value = 0.0;
                  for (std::size_t k = 0; k < 3; ++k) {
                    const T e = exp(mark(0, p[k] / close));
                    total += e;
                    value += e * (static_cast<double>(k) - 0.7);
                  }
                  return mark(1, value / total) + 0.1 * square(p[0] / close);
                }),
          0.3 * close};
}

/// Steps of a chaotic flow.
Drawn flow(Random& random) {
  const int steps = 20 + static_cast<int>(random.below(400));
  return {model("Lorenz", {10.0, 28.0, 8.0 / 3.0, random.normal(), random.normal(), 20.0}, 3,
                [=](auto p, auto mark) {
                  using T = Scalar<decltype(p)>;
                  T x = p[3], y = p[4], z = p[5];
                  for (int k = 0; k < steps; ++k) {
                    const T dx = mark(0, p[0]) * (y - x), dy = x * (mark(1, p[1]) - z) - y,
                            dz = x * y - mark(2, p[2]) * z;
                    x += 0.01 * dx;
                    y += 0.01 * dy;
                    z += 0.01 * dz;
                  }
                  return 0.01 * (square(x) + square(z - 20.0));
                }),
          0.3 * std::exp(-0.009 * steps)};
}

}  // namespace

World draw_strange_smooth(Random& random) {
  static constexpr std::array kinds = {kernel,    rough_sum,    modulated, long_record, comb,
                                       line,      change_point, star,      atoms,       circuit,
                                       vapour,    orbit,        option,    likelihood,  map,
                                       chebyshev, tower,        pole,      flow};
  const Drawn drawn = kinds[random.below(kinds.size())](random);
  const Model& m = drawn.model;
  World world = random.chance(0.3) && m.theta.size() == 2 ? world_of(m, {1, 1}) : world_of(m);
  world.lengths.resize(m.theta.size());
  for (std::size_t i = 0; i < m.theta.size(); ++i) {
    world.lengths[i] =
        drawn.length > 0.0
            ? (drawn.length < 1.0 && i > 0 && m.theta.size() == 2 ? 1.0 : drawn.length)
            : std::abs(m.theta[i]);
  }
  plant_spoiled(world, random, 3);
  plant_at_marks(world, m, random, 2);
  const std::size_t i = random.below(m.theta.size());
  const double g = world.right.front().values[i];
  plant_value(world, i, random.chance(0.5) ? -g : 0.0, "any one, sign or zero");
  return world;
}

}  // namespace families
