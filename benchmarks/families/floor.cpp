#include "benchmarks/families/floor.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace families {
namespace {

constexpr std::size_t nodes = 5;  // the first of them is θ itself

/// J around θ: where, what the cost says, and what it is.
struct Sample {
  std::array<Quad, nodes> at;
  std::array<double, nodes> cost;
  std::array<Quad, nodes> exact;
  bool finite = true;
};

/// A cost may throw, or be NaN, beside θ.
bool evaluate(const World& world, std::span<const double> theta, double& cost, Quad& exact) {
  try {
    cost = world.cost(theta);
    exact = world.exact(theta);
  } catch (...) {
    return false;
  }
  return std::isfinite(cost) && std::isfinite(static_cast<double>(exact));
}

Sample sample(const World& world, std::size_t entry, double h, int side) {
  const std::array<double, nodes> steps =
      side == 0 ? std::array<double, nodes>{0.0, -2.0, -1.0, 1.0, 2.0}
                : std::array<double, nodes>{0.0, 1.0 * side, 2.0 * side, 3.0 * side, 4.0 * side};
  std::vector<double> theta(world.theta.values().begin(), world.theta.values().end());
  const double x = theta[entry];
  Sample s;
  for (std::size_t k = 0; k < nodes; ++k) {
    theta[entry] = x + steps[k] * h;
    s.at[k] = static_cast<Quad>(theta[entry]);
    s.finite = s.finite && evaluate(world, theta, s.cost[k], s.exact[k]);
    for (std::size_t j = 0; j < k; ++j) s.finite = s.finite && s.at[j] != s.at[k];
  }
  return s;
}

/// The slope at the first node of the polynomial through all of them is the sum of these times the
/// rises.
std::array<Quad, nodes> weights(const std::array<Quad, nodes>& at) {
  std::array<Quad, nodes> w{};
  for (std::size_t j = 1; j < nodes; ++j) {
    Quad weight = static_cast<Quad>(1.0) / (at[j] - at[0]);
    for (std::size_t k = 1; k < nodes; ++k) {
      if (k != j) weight = weight * (at[0] - at[k]) / (at[j] - at[k]);
    }
    w[j] = weight;
  }
  return w;
}

struct Errors {
  double truncation = std::numeric_limits<double>::infinity();
  double gain = 0.0;               // of noise
  double rounding = 0.0;           // of the slope in quad
  double least = 0.0, most = 0.0;  // of cost - exact, beside that at θ
};

Errors errors_at(const World& world, std::size_t entry, double right, double h, int side) {
  const Sample s = sample(world, entry, h, side);
  Errors e;
  if (!s.finite) return e;
  const auto w = weights(s.at);
  Quad slope = static_cast<Quad>(0.0), gain = slope;
  for (std::size_t k = 1; k < nodes; ++k) {
    slope = slope + w[k] * (s.exact[k] - s.exact[0]);
    gain = gain + fabs(w[k]);
    const Quad rise =
        (static_cast<Quad>(s.cost[k]) - s.exact[k]) - (static_cast<Quad>(s.cost[0]) - s.exact[0]);
    e.least = std::min(e.least, static_cast<double>(rise));
    e.most = std::max(e.most, static_cast<double>(rise));
  }
  e.truncation = static_cast<double>(fabs(slope - static_cast<Quad>(right)));
  e.gain = static_cast<double>(gain);
  constexpr double quad = 0x1p-108;
  e.rounding = e.gain * quad * static_cast<double>(fabs(s.exact[0]) + fabs(s.exact[4]));
  return e;
}

double length_of(const World& world, std::size_t entry) {
  if (!world.lengths.empty()) return world.lengths[entry];
  return std::max(1.0, std::abs(world.theta.values()[entry]));
}

/// Steps from well above what J bends over down to where nothing is left.
std::vector<Errors> ladder(const World& world, std::size_t entry, double right, int side,
                           double last_decade) {
  std::vector<Errors> all;
  constexpr double per_decade = 3.0, first_decade = 2.0;
  const double length = length_of(world, entry);
  for (double d = first_decade; d >= last_decade; d -= 1.0 / per_decade) {
    all.push_back(errors_at(world, entry, right, length * std::pow(10.0, d), side));
  }
  return all;
}

}  // namespace

double floor_of(const World& world, std::size_t entry, double right, int side) {
  const auto all = ladder(world, entry, right, side, -9.0);
  double floor = std::numeric_limits<double>::infinity();
  for (std::size_t k = 1; k + 1 < all.size(); ++k) {
    // A step that is good by luck has neighbours that are not.
    double worst = 0.0;
    const double range = std::max({all[k - 1].most, all[k].most, all[k + 1].most}) -
                         std::min({all[k - 1].least, all[k].least, all[k + 1].least});
    worst = std::max({all[k].truncation, all[k + 1].truncation}) + all[k].gain * range;
    floor = std::min(floor, worst);
  }
  return floor;
}

double disagreement(const World& world, std::size_t entry, double right, int side) {
  double least = std::numeric_limits<double>::infinity();
  for (const Errors& e : ladder(world, entry, right, side, -9.0)) {
    least = std::min(least, e.truncation - e.rounding);
  }
  return least;
}

}  // namespace families
