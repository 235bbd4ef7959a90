// Sums of a slow and a quick sine, the quick one up to 10^4 times quicker.
#include "benchmarks/families/model.hpp"

namespace families {

World draw_oscillation(Random& random) {
  constexpr std::size_t many = 6;
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
