// θ on corners of several parts of J at once: penalties of absolute values at zeros, hinges whose
// margin is met exactly.
#include "benchmarks/families/corner.hpp"
#include "benchmarks/families/model.hpp"

namespace families {
namespace {

/// Sets what is right at θ and plants values beside it.
void lay_out(World& world, const std::vector<double>& below, const std::vector<double>& above,
             Random& random) {
  world.below = below;
  world.above = above;
  Candidate inside = world.right.front();
  inside.name = "right, inside";
  inside.function = nullptr;
  const double part = random.uniform(0.05, 0.95);
  for (std::size_t i = 0; i < below.size(); ++i) {
    inside.values[i] = below[i] + part * (above[i] - below[i]);
  }
  world.right = {inside};
  for (int k = 0; k < 3; ++k) {
    const std::size_t i = random.below(below.size());
    const double low = std::min(below[i], above[i]), high = std::max(below[i], above[i]);
    const double size = std::max(std::abs(low), std::abs(high));
    const double outside = size * (k == 2 ? 1.0 : random.decade(-4, -1));
    Candidate c = inside;
    c.name = k == 2 ? "far outside" : "outside";
    c.values[i] = random.chance(0.5) ? high + outside : low - outside;
    c.open_is_fair = below[i] != above[i];
    world.wrong.push_back(std::move(c));
  }
}

}  // namespace

World draw_lasso(Random& random) {
  const std::size_t n = 2 + random.below(random.chance(0.2) ? 16 : 3), samples = 2 * n;
  const double lambda = random.decade(-2, 1);
  const auto x = random.normals(samples * n), y = random.normals(samples);
  auto theta = random.normals(n);
  for (std::size_t i = 0; i < n; ++i) {
    if (i == 0 || random.chance(0.5)) theta[i] = 0.0;
  }
  const auto cost = [=](double weight) {
    return [=](auto p, auto) {
      using T = Scalar<decltype(p)>;
      T sum = 0.0, size = 0.0;
      for (std::size_t k = 0; k < samples; ++k) {
        T r = -y[k];
        for (std::size_t i = 0; i < n; ++i) r += x[k * n + i] * p[i];
        sum += 0.5 * square(r);
      }
      for (const T& v : p) size += fabs(v);
      return sum + weight * size;
    };
  };
  World world = world_of(model("absolute values at 0", theta, 0, cost(lambda)));
  std::vector<double> smooth(n), below, above;
  model("", theta, 0, cost(0.0)).exact_gradient(theta, smooth, -1, 1.0);
  for (std::size_t i = 0; i < n; ++i) {
    // Off its corner an entry has the derivative that it has.
    const double own = world.right.front().values[i];
    below.push_back(theta[i] == 0.0 ? smooth[i] - lambda : own);
    above.push_back(theta[i] == 0.0 ? smooth[i] + lambda : own);
  }
  world.lengths.assign(n, 1.0);
  for (std::size_t i = 0; i < n; ++i) {
    if (theta[i] != 0.0) world.lengths[i] = std::abs(theta[i]);
  }
  lay_out(world, below, above, random);
  return world;
}

World draw_hinge(Random& random) {
  const std::size_t n = 2 + random.below(3);
  // Eighths, so that the margin is met to the bit.
  const auto eighths = [&] {
    return (1.0 + static_cast<double>(random.below(16))) / 8.0 * random.sign();
  };
  std::vector<double> w(n), x(n);
  double dot = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    w[i] = eighths();
    x[i] = eighths();
    dot += w[i] * x[i];
  }
  const auto cost = [=](double weight) {
    return [=](auto p, auto) {
      using T = Scalar<decltype(p)>;
      T margin = dot, size = 0.0;
      for (std::size_t i = 0; i < n; ++i) margin -= x[i] * p[i];
      for (const T& v : p) size += square(v);
      return weight * (margin > T(0.0) ? margin : T(0.0)) + 0.25 * size;
    };
  };
  World world = world_of(model("hinge at its margin", w, 0, cost(1.0)));
  std::vector<double> below(n), above(n);
  for (std::size_t i = 0; i < n; ++i) {
    // A step up lowers the margin if x is positive: it is met from above.
    const double smooth = 0.5 * w[i], active = smooth - x[i];
    below[i] = x[i] > 0.0 ? active : smooth;
    above[i] = x[i] > 0.0 ? smooth : active;
  }
  world.lengths.assign(n, 1.0);
  lay_out(world, below, above, random);
  return world;
}

}  // namespace families
