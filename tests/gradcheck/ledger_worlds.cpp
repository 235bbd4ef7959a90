#include "ledger_worlds.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace dtheta::test::ledger {

namespace gc = dtheta::gradcheck;

double Draws::order(double low, double high) {
  std::size_t decades = 0;
  for (double at = low; at < 0.5 * high; at *= 10.0) ++decades;
  double value = low * between(1.0, 10.0);
  for (std::size_t k = below(std::max<std::size_t>(1, decades)); k > 0; --k) value *= 10.0;
  return value;
}

double Draws::plain() {
  const double size = between(0.3, 1.7);
  return sign() * size;
}

Values Draws::plain(std::size_t count) {
  Values values(count);
  for (double& v : values) v = plain();
  return values;
}

Outcome outcome_of(const gc::Result& result) {
  return {result.verdict, result.evaluations, result.notes.size(), result.bar};
}

Kind kind(std::string name, int draws, std::function<World(Draws&)> make) {
  const auto check = [make = std::move(make)](Draws& random, const Candidate& candidate) {
    const World world = make(random);
    if (!world.gradient) {
      Values claimed = world.right;
      candidate.change(claimed);
      return outcome_of(gc::check(world.cost, claimed, world.theta, world.options));
    }
    const auto claim = [&](Span theta) {
      Values claimed = world.gradient(theta);
      candidate.change(claimed);
      return claimed;
    };
    return outcome_of(gc::check(world.cost, claim, world.theta, world.options));
  };
  return {std::move(name), draws, check};
}

World one(double x, Function f, double slope) {
  return block({x}, [f = std::move(f)](Span theta) { return f(theta[0]); }, {slope});
}

World block(Values x, gc::Cost cost, Values right) {
  World world{gc::unnamed(x), std::move(cost), std::move(right)};
  return world;
}

World blocks(const std::vector<std::size_t>& sizes, Span x, gc::Cost cost, Values right) {
  World world;
  std::size_t offset = 0;
  for (std::size_t b = 0; b < sizes.size(); ++b) {
    world.theta.add("block" + std::to_string(b), b, {sizes[b]}, x.subspan(offset, sizes[b]));
    offset += sizes[b];
  }
  world.cost = std::move(cost);
  world.right = std::move(right);
  return world;
}

World held_to(World world, double tolerance) {
  world.options.tolerance = tolerance;
  return world;
}

double noise_of(double x) {
  std::uint64_t bits = std::bit_cast<std::uint64_t>(x);
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
  bits ^= bits >> 31;
  return 2.0 * (static_cast<double>(bits >> 11) * 0x1p-53) - 1.0;
}

double wave(double x) {
  const double u = x - std::floor(x);
  return 16.0 * u * u * (1.0 - u) * (1.0 - u);
}

double slope_of_wave(double x) {
  const double u = x - std::floor(x);
  return 32.0 * u * (1.0 - u) * (1.0 - 2.0 * u);
}

}  // namespace dtheta::test::ledger
