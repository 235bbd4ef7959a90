#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "benchmarks/families/model.hpp"

namespace families {
namespace {

double largest(std::span<const double> values) {
  double most = 0.0;
  for (const double v : values) most = std::max(most, std::abs(v));
  return most;
}

/// The entries worth spoiling: those that count in the gradient.
std::vector<std::size_t> weighty(const World& world) {
  constexpr double least = 1e-3;
  const auto& g = world.right.front().values;
  std::vector<std::size_t> entries;
  for (std::size_t i = 0; i < g.size(); ++i) {
    if (std::abs(g[i]) > least * largest(g)) entries.push_back(i);
  }
  return entries;
}

/// A spoiled copy of the right gradient, as values and as a function.
template <class Spoil>
Candidate spoiled(const World& world, std::string name, Spoil spoil) {
  Candidate bad{.name = std::move(name), .values = world.right.front().values, .function = {}};
  spoil(std::span<double>(bad.values));
  bad.function = [right = world.right.front().function, spoil](std::span<const double> theta,
                                                               std::span<double> g) {
    right(theta, g);
    spoil(g);
  };
  return bad;
}

}  // namespace

double Random::normal() {
  const double r = std::sqrt(-2.0 * std::log(1.0 - uniform(0.0, 1.0)));
  return r * std::cos(2.0 * std::numbers::pi * uniform(0.0, 1.0));
}

double Random::decade(double low, double high) { return std::pow(10.0, uniform(low, high)); }

std::vector<double> Random::normals(std::size_t count, double scale) {
  std::vector<double> values(count);
  for (double& v : values) v = scale * normal();
  return values;
}

World world_of(const Model& m) { return world_of(m, {m.theta.size()}); }

World world_of(const Model& m, const std::vector<std::size_t>& blocks) {
  World world;
  world.kind = m.kind;
  world.cost = m.cost;
  world.exact = m.exact;
  std::size_t offset = 0;
  const std::span<const double> theta(m.theta);
  for (std::size_t k = 0; k < blocks.size(); ++k) {
    world.theta.add(fmt::format("p{}", k + 1), k + 1, {blocks[k]},
                    theta.subspan(offset, blocks[k]));
    offset += blocks[k];
  }
  Candidate right{.name = "right", .values = std::vector<double>(m.theta.size()), .function = {}};
  m.exact_gradient(theta, right.values, -1, 1.0);
  std::vector<double> rounded(m.theta.size());
  m.gradient(theta, rounded, -1, 1.0);
  // Code computes its gradient in double; where that loses digits it is no right gradient.
  constexpr double lost = 1e-10;
  bool good = true;
  for (std::size_t i = 0; i < rounded.size(); ++i) {
    good = good && std::abs(rounded[i] - right.values[i]) <= lost * largest(right.values);
  }
  right.function = [g = good ? m.gradient : m.exact_gradient](
                       std::span<const double> at, std::span<double> out) { g(at, out, -1, 1.0); };
  world.below = right.values;
  world.above = right.values;
  world.right.push_back(std::move(right));
  return world;
}

Candidate as_rounded(const Model& m) {
  Candidate c{
      .name = "right, as rounded", .values = std::vector<double>(m.theta.size()), .function = {}};
  m.gradient(m.theta, c.values, -1, 1.0);
  c.function = [g = m.gradient](std::span<const double> at, std::span<double> out) {
    g(at, out, -1, 1.0);
  };
  return c;
}

void plant_at_marks(World& world, const Model& m, Random& random, std::size_t count) {
  struct Mistake {
    std::string name;
    double factor;
  };
  static const std::vector<Mistake> mistakes = {
      {"term forgotten", 0.0}, {"term of wrong sign", -1.0}, {"term twice", 2.0}};
  if (m.marks == 0) return;
  for (std::size_t k = 0; k < count; ++k) {
    const int mark = static_cast<int>(random.below(static_cast<std::size_t>(m.marks)));
    // To forget is the commonest.
    const Mistake& mistake = random.chance(0.5) ? mistakes.front() : random.among(mistakes);
    Candidate bad{
        .name = mistake.name, .values = std::vector<double>(m.theta.size()), .function = {}};
    m.exact_gradient(m.theta, bad.values, mark, mistake.factor);
    bad.function = [g = m.gradient, mark, factor = mistake.factor](std::span<const double> at,
                                                                   std::span<double> out) {
      g(at, out, mark, factor);
    };
    world.wrong.push_back(std::move(bad));
  }
}

void plant_spoiled(World& world, Random& random, std::size_t count) {
  const auto entries = weighty(world);
  if (entries.empty()) return;
  for (std::size_t k = 0; k < count; ++k) {
    const std::size_t i = random.among(entries);
    const auto plant = [&](std::string name, auto spoil) {
      world.wrong.push_back(spoiled(world, std::move(name), spoil));
    };
    const auto whole = [](double factor) {
      return [factor](std::span<double> g) {
        for (double& v : g) v *= factor;
      };
    };
    const auto one = [i](double factor) {
      return [i, factor](std::span<double> g) { g[i] *= factor; };
    };
    switch (random.below(8)) {
      case 0:
        plant("sign of all", whole(-1.0));
        break;
      case 1:
        plant("all times 2", whole(2.0));
        break;
      case 2:
        plant("all zero", whole(0.0));
        break;
      case 3:
        plant("sign of one", one(-1.0));
        break;
      case 4:
        plant("one times 2", one(2.0));
        break;
      case 5:
        plant("one zero", one(0.0));
        break;
      case 6:
        plant("one off by 1 %", one(1.01));
        break;
      default:
        plant("one off by 1e-4", one(1.0 + 1e-4));
        break;
    }
  }
}

void plant_value(World& world, std::size_t entry, double value, std::string name) {
  const double right = world.right.front().values[entry];
  const auto spoil = [entry, value, right](std::span<double> g) {
    g[entry] = right == 0.0 ? g[entry] + value : g[entry] * (value / right);
  };
  world.wrong.push_back(spoiled(world, std::move(name), spoil));
}

void drop_harmless(World& world) {
  const double least = std::max(1e-6, 4.0 * world.options.held_to());
  const auto& right = world.right.front().values;
  std::erase_if(world.wrong, [&](const Candidate& c) {
    double most = 0.0;
    for (std::size_t i = 0; i < right.size(); ++i) {
      const double size = std::max(std::abs(right[i]), std::abs(c.values[i]));
      if (size > 0.0) most = std::max(most, std::abs(c.values[i] - right[i]) / size);
    }
    return !(most > least);
  });
}

}  // namespace families
