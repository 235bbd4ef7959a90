// Costs that have fewer digits than double: computed in float, printed, rounded, cancelled.
#include <fmt/format.h>

#include <array>
#include <bit>
#include <cstdlib>
#include <functional>

#include "benchmarks/families/model.hpp"

namespace families {
namespace {

using Coarsen = std::function<double(double)>;

double as_float(double x) { return static_cast<double>(static_cast<float>(x)); }
double read(const std::string& text) { return std::strtod(text.c_str(), nullptr); }
double printed(double x) { return read(fmt::format("{:g}", x)); }

/// How a cost loses its digits. Everything has one that does not depend on a draw, too.
struct Way {
  std::string name;
  Coarsen coarsen;         ///< null: computed in float
  double tolerance = 0.0;  ///< 0: the default
  enum class Gradient { as_is, printed, single } gradient = Gradient::as_is;
};

/// The last 16 bits of a float cut off.
double as_bfloat(double x) {
  const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(x));
  return static_cast<double>(std::bit_cast<float>((bits + 0x8000U) & 0xFFFF0000U));
}

/// Between -1 and 1, another one for every x, and the same one whenever x comes back: what is left
/// over in a simulation.
double left_over(double x) {
  constexpr std::uint64_t a = 0x9e3779b97f4a7c15, b = 0xbf58476d1ce4e5b9;
  std::uint64_t bits = std::bit_cast<std::uint64_t>(x) * a;
  bits = (bits ^ (bits >> 31U)) * b;
  bits ^= bits >> 29U;
  return static_cast<double>(bits >> 11U) * 0x1p-52 - 1.0;
}

Way in_float(Random& random) {
  switch (random.below(4)) {
    case 0:
      return {"float arithmetic", nullptr};
    case 1:
      return {"float arithmetic, tolerance 1e-3", nullptr, 1e-3};
    case 2:
      return {"rounded to float", as_float};
    default:
      return {"float arithmetic, float gradient", nullptr, 0.0, Way::Gradient::single};
  }
}

Way in_decimals(Random& random) {
  const int digits = 3 + static_cast<int>(random.below(10));
  switch (random.below(6)) {
    case 0:
      return {"printed", printed};
    case 1:
      return {"printed, tolerance 1e-3", printed, 1e-3, Way::Gradient::printed};
    case 2:
      return {"some digits", [=](double x) { return read(fmt::format("{:.{}g}", x, digits)); }};
    case 3:
      return {"some decimals", [=](double x) { return read(fmt::format("{:.{}f}", x, digits)); }};
    case 4:
      return {"rounded to 0.01", [](double x) { return std::round(100.0 * x) / 100.0; }};
    default:
      return {"rounded to 0.01, tolerance 0.1",
              [](double x) { return std::round(100.0 * x) / 100.0; }, 0.1};
  }
}

Way cancelled(Random& random) {
  const double offset = random.decade(2, 14);
  switch (random.below(4)) {
    case 0:
      return {"float(1e4 + f)", [](double x) { return as_float(1e4 + x); }};
    case 1:
      return {"(1e13 + f) - 1e13", [](double x) {
                const volatile double sum = 1e13 + x;
                return sum - 1e13;
              }};
    case 2:
      return {"offset + f", [=](double x) { return offset + x; }};
    default:
      return {"(offset + f) - offset", [=](double x) {
                const volatile double sum = offset + x;
                return sum - offset;
              }};
  }
}

Way other(Random& random) {
  const double size = random.decade(-13, -4);
  switch (random.below(3)) {
    case 0:
      return {"bfloat16", as_bfloat};
    case 1:
      return {"float sums", [](double x) { return as_float(64.0 * x) / 64.0; }, 1e-2};
    default:
      return {"left-over noise", [=](double x) { return x + size * left_over(x); }};
  }
}

Way draw_way(Random& random) {
  static constexpr std::array kinds = {in_float, in_decimals, cancelled, other};
  return kinds[random.below(kinds.size())](random);
}

template <class Round>
void round_gradient(Candidate& c, Round round) {
  for (double& v : c.values) v = round(v);
  c.function = [f = c.function, round](std::span<const double> theta, std::span<double> g) {
    f(theta, g);
    for (double& v : g) v = round(v);
  };
}

}  // namespace

World draw_coarse_cost(Random& random) {
  const Model m = draw_smooth(random);
  const Way way = draw_way(random);
  World world = world_of(m);
  world.kind = way.name;
  world.cost = m.single;
  if (way.coarsen) {
    world.cost = [cost = m.cost, coarsen = way.coarsen](std::span<const double> theta) {
      return coarsen(cost(theta));
    };
  }
  if (way.tolerance > 0.0) world.options.tolerance = way.tolerance;
  if (way.gradient == Way::Gradient::single) world.options.gradient_roundoff = 0x1p-24;
  plant_spoiled(world, random, 3);
  plant_at_marks(world, m, random, 1);
  const auto round = [&](Candidate& c) {
    if (way.gradient == Way::Gradient::printed) round_gradient(c, printed);
    if (way.gradient == Way::Gradient::single) round_gradient(c, as_float);
  };
  round(world.right.front());
  for (Candidate& c : world.wrong) round(c);
  return world;
}

}  // namespace families
