// Costs with few digits in other ways: parameters cast to float, half precision, counts, variances
// of large numbers, terms rounded one by one.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "benchmarks/families/strange.hpp"
#include "benchmarks/families/unforeseen.hpp"

namespace families {
namespace {

double as_float(double x) { return static_cast<double>(static_cast<float>(x)); }

double as_half(double x) {
  if (x == 0.0) return x;
  const int e = std::ilogb(x);
  const double unit = std::ldexp(1.0, std::max(e, -14) - 10);
  return std::round(x / unit) * unit;
}

/// The user's cost casts θ to float before it computes in double.
World cast_parameters(Random& random) {
  const Model m = draw_smooth(random);
  World world = world_of(m);
  world.kind = "theta cast to float";
  world.cost = [f = m.cost](std::span<const double> p) {
    std::vector<double> q(p.begin(), p.end());
    for (double& v : q) v = as_float(v);
    return f(q);
  };
  return world;
}

World coarsened(Random& random) {
  const Model m = draw_smooth(random);
  World world = world_of(m);
  const int digits = 2 + static_cast<int>(random.below(8));
  const double unit = random.decade(-7, -2);
  const std::size_t kind = random.below(6);
  static const std::array<std::string, 6> names = {
      "half precision",     "printed %.{}e",          "counted in units",
      "log of a float exp", "square root of a float", "cut off, not rounded"};
  world.kind = names[kind];
  // Of a J in units of which exp is a float.
  const double most = std::max(16.0, std::abs(m.cost(m.theta)) / 64.0);
  world.cost = [=, f = m.cost](std::span<const double> p) {
    const double x = f(p);
    switch (kind) {
      case 0:
        return as_half(x);
      case 1:
        return std::strtod(fmt::format("{:.{}e}", x, digits).c_str(), nullptr);
      case 2:
        return std::round(x / unit) * unit;
      case 3:
        return most * std::log(as_float(std::exp(x / most)));
      case 4:
        return x >= 0.0 ? std::pow(as_float(std::sqrt(x)), 2) : x;
      default:
        return std::trunc(x / unit) * unit;
    }
  };
  return world;
}

/// Terms rounded one by one, or summed in float.
World rounded_terms(Random& random) {
  const std::size_t n = 4, kind = random.below(3);
  const auto x = random.normals(40 * n), y = random.normals(40);
  const double unit = random.decade(-8, -3);
  const Model m = model("", random.normals(n), 1, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    T sum = 0.0;
    for (std::size_t k = 0; k < 40; ++k) {
      T r = -y[k];
      for (std::size_t i = 0; i < n; ++i) r += x[k * n + i] * p[i];
      sum += mark(0, square(r));
    }
    return sum / 40.0;
  });
  World world = world_of(m);
  world.kind = kind == 0 ? "terms rounded" : kind == 1 ? "terms in float" : "sum in float";
  world.cost = [=](std::span<const double> p) {
    double sum = 0.0;
    float single = 0.0F;
    for (std::size_t k = 0; k < 40; ++k) {
      double r = -y[k];
      for (std::size_t i = 0; i < n; ++i) r += x[k * n + i] * p[i];
      const double term = r * r;
      sum += kind == 0 ? std::round(term / unit) * unit : as_float(term);
      single += static_cast<float>(term);
    }
    return kind == 2 ? static_cast<double>(single) / 40.0 : sum / 40.0;
  };
  return world;
}

/// Digits that the arithmetic of double loses.
World cancelled(Random& random) {
  const std::size_t kind = random.below(3);
  const double offset = random.decade(2, 7), small = random.decade(-6, -2);
  const auto y = random.normals(12);
  static const std::array<std::string, 3> names = {"variance by squares", "(1 - cos x) / x^2",
                                                   "log of 1 + small"};
  const Model m =
      model(names[kind],
            {kind == 0 ? random.normal() : small * random.uniform(0.5, 2.0), random.normal()}, 1,
            [=](auto p, auto mark) {
              using T = Scalar<decltype(p)>;
              if (kind == 0) {
                T first = 0.0, second = 0.0;
                for (const double v : y) {
                  const T z = offset + p[0] * v + p[1] * v * v;
                  first += z / 12.0;
                  second += square(z) / 12.0;
                }
                return mark(0, second) - square(first);
              }
              if (kind == 1)
                return (1.0 - cos(mark(0, p[0]))) / square(p[0]) + p[0] / small + square(p[1]);
              return log(1.0 + mark(0, p[0])) / small + square(p[1]);
            });
  World world = world_of(m);
  world.lengths = {kind == 0 ? 1.0 : small, 1.0};
  return world;
}

}  // namespace

World draw_strange_coarse(Random& random) {
  static constexpr std::array kinds = {cast_parameters, coarsened, rounded_terms, cancelled};
  World world = kinds[random.below(kinds.size())](random);
  if (random.chance(0.3)) world.options.tolerance = random.decade(-5, -2);
  plant_spoiled(world, random, 4);
  return world;
}

}  // namespace families
