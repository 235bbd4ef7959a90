#include "benchmarks/families/model.hpp"

namespace families {
namespace {

Model waves(Random& random, std::size_t n) {
  const auto weights = random.normals(n), phases = random.normals(n), theta = random.normals(n);
  return model_also_in_float("waves", theta, 2, [=](auto p, auto mark) {
    using T = std::remove_cvref_t<decltype(p[0])>;
    T sum = T(0.0);
    for (std::size_t i = 0; i < p.size(); ++i) {
      sum += mark(0, T(weights[i]) * sin(p[i] + T(phases[i])));
      sum += mark(1, T(0.25) * square(p[i] - p[(i + 1) % p.size()] - T(0.5)));
    }
    return sum;
  });
}

Model regression(Random& random, std::size_t n) {
  const std::size_t m = 3 * n;
  const auto x = random.normals(m * n), y = random.normals(m), theta = random.normals(n);
  return model_also_in_float("least squares", theta, 2, [=](auto p, auto mark) {
    using T = std::remove_cvref_t<decltype(p[0])>;
    T sum = T(0.0), size = T(0.0);
    for (std::size_t k = 0; k < m; ++k) {
      T r = T(-y[k]);
      for (std::size_t i = 0; i < n; ++i) r += T(x[k * n + i]) * p[i];
      sum += square(r) / T(static_cast<double>(m));
    }
    for (std::size_t i = 0; i < n; ++i) size += square(p[i]);
    return mark(0, sum) + mark(1, T(0.125) * size);
  });
}

Model logistic(Random& random, std::size_t n) {
  const std::size_t m = 4 * n;
  const auto x = random.normals(m * n), theta = random.normals(n);
  std::vector<double> label(m);
  for (double& v : label) v = random.sign();
  return model_also_in_float("logistic", theta, 2, [=](auto p, auto mark) {
    using T = std::remove_cvref_t<decltype(p[0])>;
    T sum = T(0.0), size = T(0.0);
    for (std::size_t k = 0; k < m; ++k) {
      T s = T(0.0);
      for (std::size_t i = 0; i < n; ++i) s += T(x[k * n + i]) * p[i];
      sum += softplus(T(-label[k]) * s) / T(static_cast<double>(m));
    }
    for (std::size_t i = 0; i < n; ++i) size += square(p[i]);
    return mark(0, sum) + mark(1, T(0.05) * size);
  });
}

Model net(Random& random, std::size_t hidden) {
  const std::size_t m = 4, n = 3 * hidden + 1;
  const auto x = random.normals(m), y = random.normals(m), theta = random.normals(n);
  return model_also_in_float("tanh net", theta, 3, [=](auto p, auto mark) {
    using T = std::remove_cvref_t<decltype(p[0])>;
    T sum = T(0.0);
    for (std::size_t k = 0; k < m; ++k) {
      T out = mark(0, p[3 * hidden]);
      for (std::size_t j = 0; j < hidden; ++j) {
        out += p[2 * hidden + j] * mark(1, tanh(p[j] * T(x[k]) + mark(2, p[hidden + j])));
      }
      sum += T(0.5) * square(out - T(y[k]));
    }
    return sum;
  });
}

Model rosenbrock(Random& random, std::size_t n) {
  const auto theta = random.normals(n + 1);
  return model_also_in_float("Rosenbrock", theta, 2, [=](auto p, auto mark) {
    using T = std::remove_cvref_t<decltype(p[0])>;
    T sum = T(0.0);
    for (std::size_t i = 0; i + 1 < p.size(); ++i) {
      sum += mark(0, T(10.0) * square(p[i + 1] - square(p[i])));
      sum += mark(1, square(T(1.0) - p[i]));
    }
    return sum;
  });
}

Model peaks(Random& random, std::size_t n) {
  const auto where = random.normals(n), theta = random.normals(n);
  return model_also_in_float("peaks", theta, 2, [=](auto p, auto mark) {
    using T = std::remove_cvref_t<decltype(p[0])>;
    T sum = T(0.0);
    for (std::size_t i = 0; i < p.size(); ++i) {
      sum += mark(0, T(1.0) - exp(-square(p[i] - T(where[i]))));
      sum += mark(1, T(0.5) * log1p(square(p[i] + p[(i + 1) % p.size()])));
    }
    return sum;
  });
}

}  // namespace

Model draw_smooth(Random& random) {
  const std::size_t n = 1 + random.below(5);
  switch (random.below(6)) {
    case 0:
      return waves(random, n);
    case 1:
      return regression(random, n);
    case 2:
      return logistic(random, n);
    case 3:
      return net(random, n);
    case 4:
      return rosenbrock(random, n);
    default:
      return peaks(random, n);
  }
}

}  // namespace families
