// Parameters of very different units in one block: 1e-12 to 1e12.
#include <fmt/format.h>

#include "benchmarks/families/model.hpp"

namespace families {
namespace {

/// Terms in x / unit, each of its own kind, and a product that couples neighbours.
Model in_units(Random& random, const std::vector<double>& units) {
  const std::size_t n = units.size();
  std::vector<double> theta(n), phases = random.normals(n);
  for (std::size_t i = 0; i < n; ++i)
    theta[i] = units[i] * (random.sign() * random.uniform(0.3, 2.0));
  // At 0 an entry says nothing of its unit.
  const bool zeros = random.chance(0.2);
  if (zeros) theta[random.below(n)] = 0.0;
  const bool coupled = random.chance(0.5);
  const double weight = coupled ? 0.3 : 0.0;
  return model(zeros     ? "one at 0"
               : coupled ? "coupled"
                         : "separate",
               theta, 2, [=](auto p, auto mark) {
                 using T = std::remove_cvref_t<decltype(p[0])>;
                 T sum = T(0.0);
                 for (std::size_t i = 0; i < n; ++i) {
                   const T z = p[i] / T(units[i]), next = p[(i + 1) % n] / T(units[(i + 1) % n]);
                   sum += mark(
                       0, i % 2 == 0 ? sin(z + T(phases[i])) : T(0.5) * square(z - T(phases[i])));
                   sum += mark(1, T(weight) * z * next);
                 }
                 return sum;
               });
}

/// A logistic regression on features that nobody has scaled.
Model features(Random& random, const std::vector<double>& units) {
  const std::size_t n = units.size(), examples = 3 * n;
  auto x = random.normals(examples * n);
  std::vector<double> theta(n), label(examples);
  for (std::size_t i = 0; i < n; ++i) {
    theta[i] = units[i] * random.normal();
    for (std::size_t k = 0; k < examples; ++k) x[k * n + i] /= units[i];
  }
  for (double& v : label) v = random.sign();
  return model("features unscaled", theta, 1, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    T sum = 0.0;
    for (std::size_t k = 0; k < examples; ++k) {
      T score = 0.0;
      for (std::size_t i = 0; i < n; ++i) score += x[k * n + i] * (i == 0 ? mark(0, p[i]) : p[i]);
      sum += softplus(-label[k] * score);
    }
    return sum;
  });
}

/// A beam: stiffness, thickness, load.
Model beam(Random& random) {
  const double e = 2e11 * random.uniform(0.5, 2.0), t = 1e-3 * random.uniform(0.5, 2.0),
               load = 5e3 * random.uniform(0.5, 2.0), seen = random.uniform(0.1, 5.0);
  return model("beam", {e, t, load}, 1, [=](auto p, auto mark) {
    using T = std::remove_cvref_t<decltype(p[0])>;
    const T second = T(0.25) * p[1] * p[1] * p[1] / T(12.0);
    const T bend = mark(0, p[2]) * T(0.001) / (T(48.0) * p[0] * second);
    return square(bend - T(seen));
  });
}

/// A rate with an activation energy: A exp(-E / RT), with A about 1e10.
Model arrhenius(Random& random) {
  const double a = random.decade(8, 12), e = random.uniform(4e4, 8e4);
  std::vector<double> at, y;
  for (int k = 0; k < 5; ++k) {
    at.push_back(random.uniform(280.0, 400.0));
    y.push_back(a * std::exp(-e / (8.314 * at.back())) * random.uniform(0.5, 2.0));
  }
  return model("Arrhenius", {a, e}, 1, [=](auto p, auto mark) {
    using T = std::remove_cvref_t<decltype(p[0])>;
    T sum = T(0.0);
    for (std::size_t k = 0; k < at.size(); ++k) {
      const T rate = p[0] * exp(-mark(0, p[1]) / T(8.314 * at[k]));
      sum += square(rate / T(y[k]) - T(1.0));
    }
    return sum;
  });
}

}  // namespace

World draw_mixed_units(Random& random) {
  const std::size_t kind = random.below(6);
  const std::size_t n = 2 + random.below(random.chance(0.1) ? 30 : 5);
  std::vector<double> units(n);
  const double range = random.among(std::vector<double>{3.0, 6.0, 12.0});
  for (double& u : units) u = random.decade(-range, range);
  if (kind == 0) units = {100.0, 0.01};
  const bool by_unit = kind != 1 && kind != 2 && kind != 3;
  const Model m = kind == 1   ? beam(random)
                  : kind == 2 ? arrhenius(random)
                  : kind == 3 ? features(random, units)
                              : in_units(random, units);
  World world = world_of(m);
  if (by_unit) world.kind += fmt::format(", 1e-{0:g} to 1e{0:g}", range);
  world.lengths.resize(m.theta.size());
  for (std::size_t i = 0; i < m.theta.size(); ++i) {
    world.lengths[i] = by_unit ? units[i] : std::abs(m.theta[i]);
  }
  // Every entry may be the wrong one, however small its derivative beside the block's largest.
  const std::size_t i = random.below(m.theta.size()), j = random.below(m.theta.size());
  const auto& g = world.right.front().values;
  plant_value(world, i, -g[i], "sign of any one");
  plant_value(world, j, 2.0 * g[j], "any one times 2");
  plant_value(world, random.below(m.theta.size()), 0.0, "any one zero");
  plant_at_marks(world, m, random, 1);
  return world;
}

}  // namespace families
