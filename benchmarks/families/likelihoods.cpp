// Negative log-likelihoods.
#include <array>
#include <numbers>

#include "benchmarks/families/model.hpp"

namespace families {
namespace {

constexpr std::size_t samples = 8;

Model normal(Random& random) {
  const auto y = random.normals(samples, 2.0);
  return model("normal likelihood", {random.normal(), random.uniform(0.5, 3.0)}, 3,
               [=](auto p, auto mark) {
                 using T = Scalar<decltype(p)>;
                 T sum = 0.0;
                 for (const double v : y) {
                   const T z = (v - mark(0, p[0])) / mark(1, p[1]);
                   sum += 0.5 * square(z) + mark(2, log(p[1]));
                 }
                 return sum;
               });
}

Model poisson(Random& random) {
  const auto x = random.normals(samples, 0.7);
  std::vector<double> count(samples);
  for (double& c : count) c = static_cast<double>(random.below(9));
  return model("Poisson regression", random.normals(2, 0.5), 3, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    T sum = 0.0;
    for (std::size_t k = 0; k < samples; ++k) {
      const T eta = p[0] + mark(0, p[1] * x[k]);
      sum += mark(1, exp(eta)) - mark(2, count[k] * eta);
    }
    return sum;
  });
}

Model gamma(Random& random) {
  std::vector<double> y(samples);
  for (double& v : y) v = random.uniform(0.2, 4.0);
  return model("gamma likelihood", {random.uniform(0.8, 5.0), random.uniform(0.5, 3.0)}, 3,
               [=](auto p, auto mark) {
                 using T = Scalar<decltype(p)>;
                 T sum = 0.0;
                 for (const double v : y) {
                   sum += mark(0, lgamma(p[0])) - mark(1, p[0] * log(p[1])) + mark(2, p[1] * v) -
                          (p[0] - 1.0) * std::log(v);
                 }
                 return sum;
               });
}

Model student(Random& random) {
  const auto y = random.normals(samples, 2.0);
  const std::vector<double> theta = {random.normal(), random.uniform(0.5, 2.0),
                                     random.uniform(2.0, 9.0)};
  return model("Student t likelihood", theta, 4, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    T sum = 0.0;
    const T half = 0.5 * (p[2] + 1.0);
    for (const double v : y) {
      const T z = (v - p[0]) / mark(0, p[1]);
      sum += mark(1, half * log1p(square(z) / mark(2, p[2]))) + mark(3, log(p[1]));
      sum += lgamma(0.5 * p[2]) - lgamma(half) + 0.5 * log(p[2]);
    }
    return sum;
  });
}

Model negative_binomial(Random& random) {
  std::vector<double> count(samples);
  for (double& c : count) c = static_cast<double>(random.below(12));
  return model("negative binomial", {random.uniform(1.0, 6.0), random.uniform(1.0, 5.0)}, 3,
               [=](auto p, auto mark) {
                 using T = Scalar<decltype(p)>;
                 T sum = 0.0;
                 for (const double c : count) {
                   sum += mark(0, lgamma(p[0]) - lgamma(p[0] + c));
                   sum += mark(1, (p[0] + c) * log(p[0] + p[1]));
                   sum -= mark(2, p[0] * log(p[0])) + c * log(p[1]);
                 }
                 return sum;
               });
}

Model mixture(Random& random) {
  constexpr std::size_t parts = 3;
  const auto y = random.normals(samples, 2.0);
  auto theta = random.normals(2 * parts);
  for (std::size_t k = 0; k < parts; ++k) theta.push_back(random.uniform(0.5, 1.5));
  return model("Gaussian mixture", theta, 3, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    T total = 0.0, sum = 0.0;
    for (std::size_t k = 0; k < parts; ++k) total += exp(p[k]);
    for (const double v : y) {
      T density = 0.0;
      for (std::size_t k = 0; k < parts; ++k) {
        const T z = (v - p[parts + k]) / p[2 * parts + k];
        density += mark(0, exp(p[k])) * exp(-0.5 * square(z)) / mark(1, p[2 * parts + k]);
      }
      sum -= log(density) - mark(2, log(total));
    }
    return sum;
  });
}

/// Weibull, a part of the times censored.
Model survival(Random& random) {
  std::vector<double> time(samples), died(samples);
  for (double& t : time) t = random.uniform(0.2, 3.0);
  for (double& d : died) d = random.chance(0.6) ? 1.0 : 0.0;
  return model("Weibull survival", {random.uniform(0.7, 2.5), random.uniform(0.7, 2.0)}, 3,
               [=](auto p, auto mark) {
                 using T = Scalar<decltype(p)>;
                 T sum = 0.0;
                 for (std::size_t k = 0; k < samples; ++k) {
                   const T z = log(T(time[k])) - log(p[1]);
                   const T rate = mark(0, log(p[0])) + (p[0] - 1.0) * z - mark(1, log(p[1]));
                   sum += mark(2, exp(p[0] * z)) - died[k] * rate;
                 }
                 return sum;
               });
}

/// Cox's partial likelihood, without ties.
Model cox(Random& random) {
  constexpr std::size_t n = 2;
  const auto x = random.normals(samples * n);
  return model("Cox regression", random.normals(n, 0.7), 3, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    std::vector<T> eta(samples);
    for (std::size_t k = 0; k < samples; ++k) {
      eta[k] = p[0] * x[k * n] + mark(0, p[1] * x[k * n + 1]);
    }
    T sum = 0.0, risk = 0.0;
    for (std::size_t k = 0; k < samples; ++k) {
      risk += exp(eta[k]);
      if (k % 3 != 1) sum += mark(1, log(risk)) - mark(2, eta[k]);
    }
    return sum;
  });
}

/// Ordered answers with two thresholds.
Model ordinal(Random& random) {
  const auto x = random.normals(samples);
  std::vector<std::size_t> answer(samples);
  for (std::size_t& a : answer) a = random.below(3);
  return model(
      "ordinal regression", {random.normal(), -random.uniform(0.3, 2.0), random.normal()}, 3,
      [=](auto p, auto mark) {
        using T = Scalar<decltype(p)>;
        T sum = 0.0;
        const T low = p[1], high = mark(0, p[1]) + exp(mark(1, p[2]));
        for (std::size_t k = 0; k < samples; ++k) {
          const T eta = mark(2, p[0] * x[k]);
          const T up_to_low = sigmoid(low - eta), up_to_high = sigmoid(high - eta);
          const std::array<T, 3> chance = {up_to_low, up_to_high - up_to_low, 1.0 - up_to_high};
          sum -= log(chance[answer[k]]);
        }
        return sum;
      });
}

/// Two correlated normals.
Model correlated(Random& random) {
  const auto x = random.normals(samples), y = random.normals(samples);
  const std::vector<double> theta = {random.normal(), random.normal(), random.uniform(-0.8, 0.8)};
  return model("bivariate normal", theta, 3, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    T sum = 0.0;
    const T rest = 1.0 - square(p[2]);
    for (std::size_t k = 0; k < samples; ++k) {
      const T a = x[k] - p[0], b = y[k] - p[1];
      const T form = square(a) - mark(0, 2.0 * p[2] * a * b) + square(b);
      sum += 0.5 * form / mark(1, rest) + mark(2, 0.5 * log(rest));
    }
    return sum;
  });
}

/// Directions about a mean one, by a series for the normalisation.
Model von_mises(Random& random) {
  std::vector<double> angle(samples);
  for (double& a : angle) a = random.uniform(-std::numbers::pi, std::numbers::pi);
  return model("von Mises likelihood", {random.normal(), random.uniform(0.3, 4.0)}, 2,
               [=](auto p, auto mark) {
                 using T = Scalar<decltype(p)>;
                 T term = 1.0, bessel = 1.0, sum = 0.0;
                 for (int k = 1; k < 40; ++k) {
                   term = term * square(p[1]) / (4.0 * k * k);
                   bessel += term;
                 }
                 for (const double a : angle) {
                   sum += mark(0, log(bessel)) - mark(1, p[1]) * cos(a - p[0]);
                 }
                 return sum;
               });
}

}  // namespace

std::span<const DrawModel> likelihoods() {
  static constexpr std::array<DrawModel, 11> all = {
      normal,   poisson, gamma,   student,    negative_binomial, mixture,
      survival, cox,     ordinal, correlated, von_mises};
  return all;
}

}  // namespace families
