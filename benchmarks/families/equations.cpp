// Solvers, splines, factorisations, and other models that are written as equations.
#include <array>

#include "benchmarks/families/model.hpp"

namespace families {
namespace {

/// x' = r x (1 - x / k), stepped by Euler, held against samples.
Model logistic_growth(Random& random) {
  constexpr std::size_t steps = 20;
  const auto y = random.normals(steps);
  const std::vector<double> theta = {random.uniform(0.5, 2.0), random.uniform(1.0, 4.0),
                                     random.uniform(0.1, 0.5)};
  return model("Euler's method", theta, 3, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    T x = p[2], sum = 0.0;
    for (const double v : y) {
      x += 0.125 * mark(0, p[0]) * x * (1.0 - mark(1, x) / p[1]);
      sum += square(x - v) / static_cast<double>(steps);
    }
    return sum + mark(2, 0.1 * square(p[0]));
  });
}

/// Prey and predator by the classical Runge-Kutta method.
Model predator(Random& random) {
  std::vector<double> theta(4);
  for (double& v : theta) v = random.uniform(0.4, 1.5);
  const double seen = random.uniform(0.5, 2.0);
  return model("Runge-Kutta", theta, 3, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    using Pair = std::array<T, 2>;
    const auto rate = [&](const Pair& s) {
      return Pair{p[0] * s[0] - mark(0, p[1] * s[0] * s[1]),
                  p[2] * s[0] * s[1] - mark(1, p[3] * s[1])};
    };
    const auto moved = [](const Pair& s, const Pair& k, double h) {
      return Pair{s[0] + h * k[0], s[1] + h * k[1]};
    };
    Pair s = {T(1.0), T(0.5)};
    constexpr double h = 0.25;
    T sum = 0.0;
    for (int step = 0; step < 6; ++step) {
      const Pair a = rate(s), b = rate(moved(s, a, 0.5 * h)), c = rate(moved(s, b, 0.5 * h)),
                 d = rate(moved(s, c, h));
      for (std::size_t i = 0; i < 2; ++i) {
        s[i] += h / 6.0 * (a[i] + 2.0 * b[i] + mark(2, 2.0 * c[i]) + d[i]);
      }
      sum += square(s[0] - seen);
    }
    return sum;
  });
}

/// A rod that conducts heat: implicit steps, by elimination in a tridiagonal system.
Model heat(Random& random) {
  constexpr std::size_t n = 6;
  const auto start = random.normals(n), seen = random.normals(n);
  return model("implicit heat equation", {random.uniform(0.1, 1.0), random.normal()}, 3,
               [=](auto p, auto mark) {
                 using T = Scalar<decltype(p)>;
                 std::vector<T> u(n), c(n), d(n);
                 for (std::size_t i = 0; i < n; ++i) u[i] = start[i] * p[1];
                 for (int step = 0; step < 3; ++step) {
                   const T off = -mark(0, p[0]), middle = 1.0 + 2.0 * mark(1, p[0]);
                   for (std::size_t i = 0; i < n; ++i) {
                     const T pivot = i == 0 ? middle : middle - off * c[i - 1];
                     c[i] = off / pivot;
                     d[i] = (i == 0 ? u[i] : u[i] - off * mark(2, d[i - 1])) / pivot;
                   }
                   for (std::size_t i = n; i-- > 0;)
                     u[i] = i + 1 == n ? d[i] : d[i] - c[i] * u[i + 1];
                 }
                 T sum = 0.0;
                 for (std::size_t i = 0; i < n; ++i) sum += square(u[i] - seen[i]);
                 return sum;
               });
}

/// A natural cubic spline through heights that are the parameters.
Model natural_spline(Random& random) {
  constexpr std::size_t n = 6;
  std::vector<double> at(5);
  const auto y = random.normals(at.size());
  for (double& t : at) t = random.uniform(0.0, n - 1.0);
  return model("natural spline", random.normals(n), 2, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    std::vector<T> bend(n, T(0.0)), c(n, T(0.0));
    for (std::size_t i = 1; i + 1 < n; ++i) {
      const T right = 6.0 * (p[i + 1] - 2.0 * p[i] + p[i - 1]), pivot = 4.0 - c[i - 1];
      c[i] = 1.0 / pivot;
      bend[i] = (right - bend[i - 1]) / pivot;
    }
    for (std::size_t i = n - 2; i > 0; --i) bend[i] -= c[i] * bend[i + 1];
    T sum = 0.0;
    for (std::size_t k = 0; k < at.size(); ++k) {
      const auto j = std::min(static_cast<std::size_t>(at[k]), n - 2);
      const double t = at[k] - static_cast<double>(j), s = 1.0 - t;
      const T curve = s * p[j] + mark(0, t * p[j + 1]) +
                      mark(1, ((s * s * s - s) * bend[j] + (t * t * t - t) * bend[j + 1]) / 6.0);
      sum += square(curve - y[k]);
    }
    return sum;
  });
}

Model factorisation(Random& random) {
  constexpr std::size_t rows = 3, columns = 3, rank = 2;
  const auto seen = random.normals(rows * columns);
  return model("matrix factorisation", random.normals((rows + columns) * rank), 2,
               [=](auto p, auto mark) {
                 using T = Scalar<decltype(p)>;
                 T sum = 0.0, size = 0.0;
                 for (std::size_t i = 0; i < rows; ++i) {
                   for (std::size_t j = 0; j < columns; ++j) {
                     const auto v = p.subspan((rows + j) * rank);
                     sum += square(p[i * rank] * v[0] + mark(0, p[i * rank + 1] * v[1]) -
                                   seen[i * columns + j]);
                   }
                 }
                 for (const T& v : p) size += square(v);
                 return sum + mark(1, 0.05 * size);
               });
}

/// The evidence of a Gaussian process by Cholesky's factor.
Model gaussian_process(Random& random) {
  constexpr std::size_t n = 5;
  std::vector<double> x(n);
  for (double& v : x) v = random.uniform(0.0, 4.0);
  const auto y = random.normals(n);
  return model("Gaussian process", random.normals(3, 0.5), 3, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    const T length = exp(p[0]), height = exp(p[1]), noise = mark(0, exp(p[2]));
    std::array<std::array<T, n>, n> l{};
    std::array<T, n> z{};
    T sum = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        T k = height * exp(-0.5 * square((x[i] - x[j]) / mark(1, length)));
        if (i == j) k += noise + 0.01;
        for (std::size_t m = 0; m < j; ++m) k -= l[i][m] * l[j][m];
        l[i][j] = i == j ? sqrt(k) : k / l[j][j];
      }
      z[i] = y[i];
      for (std::size_t j = 0; j < i; ++j) z[i] -= l[i][j] * z[j];
      z[i] /= l[i][i];
      sum += 0.5 * square(z[i]) + mark(2, log(l[i][i]));
    }
    return sum;
  });
}

/// A camera with radial distortion: focal length, distortion, a turn about one axis, a shift.
Model camera(Random& random) {
  constexpr std::size_t points = 4;
  const auto x = random.normals(points), y = random.normals(points),
             seen = random.normals(2 * points);
  const std::vector<double> theta = {random.uniform(0.8, 2.0), 0.1 * random.normal(),
                                     0.1 * random.normal(), random.normal(), random.normal()};
  return model("bundle adjustment", theta, 4, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    T sum = 0.0;
    const T c = cos(p[2]), s = sin(p[2]);
    for (std::size_t k = 0; k < points; ++k) {
      const T depth = 5.0 - mark(0, s * x[k]) + c * 0.5;
      const T u = (c * x[k] + s * 0.5 + mark(1, p[3])) / depth, v = (y[k] + p[4]) / depth;
      const T radius = square(u) + square(v);
      const T bent = p[0] * (1.0 + mark(2, p[1] * radius));
      sum += square(bent * u - seen[2 * k]) + mark(3, square(bent * v - seen[2 * k + 1]));
    }
    return sum;
  });
}

/// Pseudo-likelihood of spins on a ring.
Model ising(Random& random) {
  constexpr std::size_t n = 8;
  std::vector<double> spin(n);
  for (double& s : spin) s = random.sign();
  return model("Ising model", random.normals(2, 0.7), 2, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    T sum = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      const double around = spin[(i + 1) % n] + spin[(i + n - 1) % n];
      const T field = mark(0, p[0]) + p[1] * around;
      sum += softplus(-2.0 * spin[i] * field) + mark(1, 0.05 * square(p[1]));
    }
    return sum;
  });
}

/// Ranks after some rounds over links whose weights are the parameters.
Model page_rank(Random& random) {
  constexpr std::size_t n = 4;
  return model("PageRank", random.normals(n * n), 2, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    std::array<std::array<T, n>, n> link{};
    for (std::size_t i = 0; i < n; ++i) {
      T total = 0.0;
      for (std::size_t j = 0; j < n; ++j) total += link[i][j] = exp(p[i * n + j]);
      for (std::size_t j = 0; j < n; ++j) link[i][j] /= mark(0, total);
    }
    std::array<T, n> rank;
    rank.fill(T(0.25));
    for (int round = 0; round < 8; ++round) {
      std::array<T, n> next;
      next.fill(T(0.15 * 0.25));
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < n; ++j) next[j] += 0.85 * mark(1, rank[i]) * link[i][j];
      }
      rank = next;
    }
    return rank[0] - 2.0 * rank[1] + square(3.0 * rank[2]);
  });
}

/// A portfolio's variance less its mean, with costs of trading and weights by softmax.
Model portfolio(Random& random) {
  constexpr std::size_t n = 4;
  const auto mean = random.normals(n), factor = random.normals(n), before = random.normals(n);
  return model("portfolio", random.normals(n), 3, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    T total = 0.0, gain = 0.0, exposure = 0.0, own = 0.0, cost = 0.0;
    for (const T& v : p) total += exp(v);
    for (std::size_t i = 0; i < n; ++i) {
      const T w = exp(p[i]) / mark(0, total);
      gain += w * mean[i];
      exposure += w * factor[i];
      own += 0.3 * square(w);
      cost += sqrt(square(w - 0.1 * before[i]) + 0.01);
    }
    return mark(1, square(exposure)) + own - gain + mark(2, 0.2 * cost);
  });
}

/// Balls on springs: potential energy of a bent chain.
Model molecule(Random& random) {
  constexpr std::size_t atoms = 4;
  auto theta = random.normals(2 * atoms, 0.2);
  for (std::size_t i = 0; i < atoms; ++i) theta[2 * i] += 1.2 * static_cast<double>(i);
  return model("molecular energy", theta, 2, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    T sum = 0.0;
    for (std::size_t i = 0; i < atoms; ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        const T r2 = square(p[2 * i] - p[2 * j]) + square(p[2 * i + 1] - p[2 * j + 1]);
        const T r6 = r2 * r2 * r2;
        sum += mark(0, 1.0 / (r6 * r6)) - 2.0 / r6;
        if (i == j + 1) sum += mark(1, 5.0 * square(sqrt(r2) - 1.1));
      }
    }
    return sum;
  });
}

}  // namespace

std::span<const DrawModel> equations() {
  static constexpr std::array<DrawModel, 11> all = {
      logistic_growth, predator, heat,      natural_spline, factorisation, gaussian_process,
      camera,          ising,    page_rank, portfolio,      molecule};
  return all;
}

}  // namespace families
