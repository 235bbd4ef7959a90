// Sums of a slow and a quick sine, the quick one up to 10^4 times quicker.
#include "benchmarks/families/model.hpp"

namespace families {

namespace {

/// One quick wave of another kind: its rate grows, its height swings, or it is a power.
World draw_other_wave(Random& random) {
  const double rate = random.decade(0.5, 4.0), slow = random.decade(-1, 1), phase = random.normal();
  const double x = random.sign() * random.uniform(0.2, 3.0);
  const std::size_t kind = random.below(3);
  const Model m = model("", {x, random.normal()}, 2, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    const T inner = rate * p[0] + phase;
    const T wave = kind == 0   ? sin(0.5 * rate * square(p[0]) + phase)
                   : kind == 1 ? sin(inner) * cos(slow * p[0])
                               : square(sin(inner)) * sin(inner);
    return mark(0, wave) + mark(1, 0.5 * square(p[1] - 0.25 * p[0]));
  });
  World world = world_of(m);
  world.kind = kind == 0 ? "chirp" : kind == 1 ? "beat" : "cubed sine";
  world.lengths = {1.0 / (rate * (1.0 + std::abs(x))), 1.0};
  plant_spoiled(world, random, 2);
  plant_at_marks(world, m, random, 2);
  return world;
}

}  // namespace

World draw_oscillation(Random& random) {
  if (random.chance(0.25)) return draw_other_wave(random);
  const std::size_t many = random.chance(0.1) ? 40 : 6;
  const std::size_t n = random.chance(0.5) ? 1 : 1 + random.below(many);
  std::vector<double> slow(n), quick(n), small(n), lengths(n), theta(n);
  const auto phases = random.normals(2 * n, 3.0);
  // In one world all may be alike: a single quick sine, or sin x + a sin(W x).
  const bool alone = random.chance(0.3);
  for (std::size_t i = 0; i < n; ++i) {
    quick[i] = random.decade(0.0, 4.0);
    slow[i] = alone ? quick[i] : random.decade(-1.0, 2.0);
    small[i] = alone ? 0.0 : random.decade(-4.0, 0.0) * random.sign();
    theta[i] =
        random.chance(0.5) ? random.uniform(0.0, 2.0) : random.normal() * random.decade(-2, 2);
    lengths[i] = 1.0 / quick[i];
  }
  const Model m = model("sines", theta, 2, [=](auto p, auto mark) {
    using T = std::remove_cvref_t<decltype(p[0])>;
    T sum = T(0.0);
    for (std::size_t i = 0; i < p.size(); ++i) {
      sum += mark(0, sin(T(slow[i]) * p[i] + T(phases[i])));
      sum += mark(1, T(small[i]) * sin(T(quick[i]) * p[i] + T(phases[n + i])));
    }
    return sum;
  });
  World world = world_of(m);
  world.kind = alone ? "one sine" : n == 1 ? "two sines" : "sines of many parameters";
  world.lengths = lengths;
  plant_spoiled(world, random, 3);
  plant_at_marks(world, m, random, alone ? 0 : 1);
  return world;
}

}  // namespace families
