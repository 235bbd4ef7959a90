// Costs that have fewer digits than double: computed in float, printed, rounded, cancelled.
#include <fmt/format.h>

#include <cstdlib>

#include "benchmarks/families/model.hpp"

namespace families {
namespace {

using Coarsen = double (*)(double);

double printed(double x) { return std::strtod(fmt::format("{:g}", x).c_str(), nullptr); }

struct Way {
  std::string name;
  Coarsen coarsen;   ///< null: computed in float
  double tolerance;  ///< 0: the default
  bool gradient_printed;
};

const std::vector<Way>& ways() {
  static const std::vector<Way> all = {
      {"float arithmetic", nullptr, 0.0, false},
      {"float arithmetic, tolerance 1e-3", nullptr, 1e-3, false},
      {"rounded to float", [](double x) { return static_cast<double>(static_cast<float>(x)); }, 0.0,
       false},
      {"printed", printed, 0.0, false},
      {"printed, tolerance 1e-3", printed, 1e-3, true},
      {"rounded to 0.01", [](double x) { return std::round(100.0 * x) / 100.0; }, 0.0, false},
      {"rounded to 0.01, tolerance 0.1", [](double x) { return std::round(100.0 * x) / 100.0; },
       0.1, false},
      {"float(1e4 + f)", [](double x) { return static_cast<double>(static_cast<float>(1e4 + x)); },
       0.0, false},
      {"(1e13 + f) - 1e13",
       [](double x) {
         const volatile double sum = 1e13 + x;
         return sum - 1e13;
       },
       0.0, false},
      {"1e6 + f, nine digits",
       [](double x) { return std::strtod(fmt::format("{:.9g}", 1e6 + x).c_str(), nullptr); }, 0.0,
       false},
      {"mean over float sums",
       [](double x) { return static_cast<double>(static_cast<float>(64.0 * x)) / 64.0; }, 1e-2,
       false},
  };
  return all;
}

void print_gradient(Candidate& c) {
  for (double& v : c.values) v = printed(v);
  c.function = [f = c.function](std::span<const double> theta, std::span<double> g) {
    f(theta, g);
    for (double& v : g) v = printed(v);
  };
}

}  // namespace

World draw_coarse_cost(Random& random) {
  const Model m = draw_smooth(random);
  const Way& way = random.among(ways());
  World world = world_of(m);
  world.kind = way.name;
  if (way.coarsen == nullptr) {
    world.cost = m.single;
  } else {
    world.cost = [cost = m.cost, coarsen = way.coarsen](std::span<const double> theta) {
      return coarsen(cost(theta));
    };
  }
  // θ itself has float's digits where the cost is computed in float.
  if (way.tolerance > 0.0) world.options.tolerance = way.tolerance;
  plant_spoiled(world, random, 3);
  plant_at_marks(world, m, random, 1);
  if (way.gradient_printed) {
    print_gradient(world.right.front());
    for (Candidate& c : world.wrong) print_gradient(c);
  }
  return world;
}

}  // namespace families
