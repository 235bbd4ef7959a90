// Filters, autoregressions, hidden states.
#include <array>

#include "benchmarks/families/model.hpp"

namespace families {
namespace {

constexpr std::size_t steps = 12;

/// A local level seen through noise; both deviations as logarithms.
Model kalman(Random& random) {
  const auto y = random.normals(steps, 1.5);
  return model("Kalman filter", random.normals(3, 0.6), 4, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    const T q = exp(p[0]), r = exp(p[1]);
    T level = p[2], variance = 1.0, sum = 0.0;
    for (const double v : y) {
      variance += mark(0, q);
      const T innovation = v - mark(1, level), s = variance + r;
      const T gain = mark(2, variance / s);
      sum += 0.5 * (mark(3, log(s)) + square(innovation) / s);
      level += gain * innovation;
      variance = (1.0 - gain) * variance;
    }
    return sum;
  });
}

Model autoregression(Random& random) {
  const auto y = random.normals(steps);
  const std::vector<double> theta = {random.uniform(-0.6, 0.6), random.uniform(-0.3, 0.3),
                                     random.uniform(0.5, 1.5)};
  return model("AR(2)", theta, 3, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    T sum = 0.0;
    for (std::size_t t = 2; t < steps; ++t) {
      const T z = (y[t] - p[0] * y[t - 1] - mark(0, p[1] * y[t - 2])) / mark(1, p[2]);
      sum += 0.5 * square(z) + mark(2, log(p[2]));
    }
    return sum;
  });
}

/// A moving average, whose shocks depend on all shocks before.
Model moving_average(Random& random) {
  const auto y = random.normals(steps);
  return model("ARMA(1, 1)", {random.uniform(-0.7, 0.7), random.uniform(-0.7, 0.7)}, 2,
               [=](auto p, auto mark) {
                 using T = Scalar<decltype(p)>;
                 T sum = 0.0, shock = 0.0;
                 for (std::size_t t = 1; t < steps; ++t) {
                   shock = y[t] - p[0] * y[t - 1] - p[1] * mark(0, shock);
                   sum += mark(1, 0.5 * square(shock));
                 }
                 return sum;
               });
}

Model garch(Random& random) {
  const auto y = random.normals(steps);
  const std::vector<double> theta = {random.uniform(0.1, 0.5), random.uniform(0.05, 0.3),
                                     random.uniform(0.3, 0.7)};
  return model("GARCH(1, 1)", theta, 3, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    T sum = 0.0, variance = 1.0;
    for (std::size_t t = 1; t < steps; ++t) {
      variance = p[0] + mark(0, p[1] * y[t - 1] * y[t - 1]) + p[2] * mark(1, variance);
      sum += 0.5 * (mark(2, log(variance)) + y[t] * y[t] / variance);
    }
    return sum;
  });
}

Model smoothing(Random& random) {
  const auto y = random.normals(steps);
  return model("exponential smoothing", {random.normal(), random.normal()}, 3,
               [=](auto p, auto mark) {
                 using T = Scalar<decltype(p)>;
                 const T a = sigmoid(p[0]), b = sigmoid(p[1]);
                 T level = y[0], trend = 0.0, sum = 0.0;
                 for (std::size_t t = 1; t < steps; ++t) {
                   const T forecast = level + mark(0, trend);
                   sum += square(y[t] - forecast);
                   const T before = level;
                   level = a * y[t] + (1.0 - mark(1, a)) * forecast;
                   trend = b * (level - before) + (1.0 - b) * mark(2, trend);
                 }
                 return sum;
               });
}

/// The forward algorithm for two states and normal observations, scaled at every step.
Model hidden_markov(Random& random) {
  const auto y = random.normals(steps, 1.5);
  return model("hidden Markov model", random.normals(4), 3, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    const T stay0 = sigmoid(p[0]), stay1 = sigmoid(p[1]);
    T a0 = 0.5, a1 = 0.5, sum = 0.0;
    for (const double v : y) {
      const T b0 = (a0 * stay0 + a1 * (1.0 - mark(0, stay1))) * exp(-0.5 * square(v - p[2]));
      const T b1 = (a0 * (1.0 - stay0) + a1 * stay1) * exp(-0.5 * square(v - mark(1, p[3])));
      const T scale = b0 + b1;
      sum -= log(scale);
      a0 = b0 / mark(2, scale);
      a1 = b1 / mark(2, scale);
    }
    return sum;
  });
}

/// Volatility that is a path of its own: the parameters are the path.
Model stochastic_volatility(Random& random) {
  const auto y = random.normals(steps);
  return model("stochastic volatility", random.normals(steps, 0.5), 2, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    T sum = 0.0;
    for (std::size_t t = 0; t < steps; ++t) {
      sum += 0.5 * (p[t] + mark(0, y[t] * y[t] * exp(-p[t])));
      if (t > 0) sum += 2.0 * square(p[t] - mark(1, 0.9 * p[t - 1]));
    }
    return sum;
  });
}

/// A point process that excites itself.
Model hawkes(Random& random) {
  std::vector<double> at(steps);
  double now = 0.0;
  for (double& t : at) t = now += random.uniform(0.05, 1.0);
  const double end = now + 0.5;
  const std::vector<double> theta = {random.uniform(0.5, 2.0), random.uniform(0.1, 0.8),
                                     random.uniform(0.5, 3.0)};
  return model("Hawkes process", theta, 3, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    T sum = p[0] * end, excited = 0.0;
    for (std::size_t k = 0; k < steps; ++k) {
      if (k > 0) excited = mark(0, exp(-p[2] * (at[k] - at[k - 1]))) * (excited + 1.0);
      sum -= log(mark(1, p[0]) + p[1] * p[2] * excited);
      sum += mark(2, p[1] * (1.0 - exp(-p[2] * (end - at[k]))));
    }
    return sum;
  });
}

}  // namespace

std::span<const DrawModel> time_series() {
  static constexpr std::array<DrawModel, 8> all = {
      kalman,    autoregression, moving_average,        garch,
      smoothing, hidden_markov,  stochastic_volatility, hawkes};
  return all;
}

}  // namespace families
