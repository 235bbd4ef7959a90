// Domains that end near θ, where the cost throws or is NaN or infinite, and costs of extreme size.
#include <limits>
#include <stdexcept>

#include "benchmarks/families/model.hpp"

namespace families {
namespace {

/// What a cost does outside of its domain.
enum class Outside { throws, is_nan, is_infinite };

/// Near a bound: by 1e-6 of unit size, or far within.
double beside(Random& random) { return random.decade(-6, 0); }

/// sigma > 0.
Model normal_sigma(Random& random) {
  const double sigma = beside(random);
  const auto y = random.normals(6, sigma);
  return model("normal, sigma > 0", {sigma * random.normal(), sigma}, 2, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    T sum = 0.0;
    for (const double v : y) sum += 0.5 * square((v - mark(0, p[0])) / p[1]) + mark(1, log(p[1]));
    return sum;
  });
}

/// 0 < p < 1.
Model bernoulli(Random& random) {
  const double p0 = random.chance(0.5) ? beside(random) * 0.9 : 1.0 - beside(random) * 0.9;
  const double hits = 1.0 + static_cast<double>(random.below(5));
  return model("Bernoulli, 0 < p < 1", {p0}, 2, [=](auto p, auto mark) {
    return mark(0, -hits * log(p[0])) - mark(1, 6.0 * log(1.0 - p[0]));
  });
}

/// Barriers: the logarithms of the distances to walls.
Model barrier(Random& random) {
  const std::vector<double> theta = {beside(random), 2.0 + random.normal() * 0.1};
  const double t = random.decade(-3, 0);
  return model("logarithmic barrier", theta, 2, [=](auto p, auto mark) {
    return square(p[0] - 0.5) + square(p[1] - 1.0) - mark(0, t * log(p[0])) -
           mark(1, t * log(5.0 - p[0] - p[1]));
  });
}

/// Square roots and powers of what is positive.
Model roots(Random& random) {
  const std::vector<double> theta = {beside(random), beside(random)};
  return model("square roots", theta, 2, [=](auto p, auto mark) {
    return mark(0, sqrt(p[0])) + mark(1, p[1] * sqrt(p[1])) + 0.5 * square(p[0] - p[1]);
  });
}

/// A covariance that must stay positive definite.
Model covariance(Random& random) {
  const double a = random.uniform(0.5, 2.0), b = random.uniform(0.5, 2.0);
  const double c = std::sqrt(a * b) * (1.0 - beside(random) * 0.9) * random.sign();
  return model("covariance", {a, c, b}, 2, [=](auto p, auto mark) {
    const auto det = p[0] * p[2] - square(p[1]);
    return mark(0, log(det)) + mark(1, (p[0] + p[2] - p[1]) / det) * 0.01;
  });
}

template <class T>
bool inside(const std::string& kind, std::span<const T> p) {
  if (kind.starts_with("normal")) return p[1] > 0.0;
  if (kind.starts_with("Bernoulli")) return p[0] > 0.0 && p[0] < 1.0;
  if (kind.starts_with("logarithmic")) return p[0] > 0.0 && p[0] + p[1] < 5.0;
  if (kind.starts_with("square")) return p[0] > 0.0 && p[1] > 0.0;
  return p[0] > 0.0 && p[2] > 0.0 && p[0] * p[2] - p[1] * p[1] > 0.0;
}

double outside_value(Outside outside) {
  switch (outside) {
    case Outside::throws:
      throw std::domain_error("outside of the domain");
    case Outside::is_nan:
      return std::numeric_limits<double>::quiet_NaN();
    case Outside::is_infinite:
      break;
  }
  return std::numeric_limits<double>::infinity();
}

/// How far an entry may be moved to both sides.
double room(const Model& m, std::size_t i) {
  auto theta = m.theta;
  const auto within = [&](double move) {
    theta[i] = m.theta[i] + move;
    return inside<double>(m.kind, theta);
  };
  double length = std::max(std::abs(m.theta[i]), 1e-6);
  while (!within(length) || !within(-length)) length *= 0.5;
  return length;
}

World bounded(Random& random) {
  static const std::vector<DrawModel> kinds = {normal_sigma, bernoulli, barrier, roots, covariance};
  Model m = random.among(kinds)(random);
  const auto outside = static_cast<Outside>(random.below(3));
  const auto guard = [kind = m.kind, outside](auto f) {
    return [=](std::span<const double> theta) {
      using Value = decltype(f(theta));
      return inside(kind, theta) ? f(theta) : static_cast<Value>(outside_value(outside));
    };
  };
  m.cost = guard(m.cost);
  m.exact = guard(m.exact);
  World world = world_of(m);
  world.kind += outside == Outside::throws   ? ", throws"
                : outside == Outside::is_nan ? ", NaN"
                                             : ", inf";
  world.lengths.assign(m.theta.size(), 1.0);
  for (std::size_t i = 0; i < m.theta.size(); ++i) world.lengths[i] = room(m, i);
  plant_spoiled(world, random, 3);
  plant_at_marks(world, m, random, 2);
  return world;
}

/// J, and all derivatives, of an extreme size.
World extreme(Random& random) {
  const Model base = draw_smooth(random);
  const bool huge = random.chance(0.5);
  const double scale = huge ? random.decade(140, 300) : random.decade(-290, -140);
  Model m = base;
  m.kind = huge ? "J above 1e140" : "J below 1e-140";
  m.cost = [f = base.cost, scale](std::span<const double> at) { return scale * f(at); };
  m.exact = [f = base.exact, scale](std::span<const double> at) { return scale * f(at); };
  const auto scaled = [scale](auto gradient) {
    return [=](std::span<const double> at, std::span<double> g, int mark, double factor) {
      gradient(at, g, mark, factor);
      for (double& v : g) v *= scale;
    };
  };
  m.gradient = scaled(base.gradient);
  m.exact_gradient = scaled(base.exact_gradient);
  World world = world_of(m);
  plant_spoiled(world, random, 3);
  plant_at_marks(world, m, random, 1);
  return world;
}

}  // namespace

World draw_edge(Random& random) { return random.chance(0.7) ? bounded(random) : extreme(random); }

}  // namespace families
