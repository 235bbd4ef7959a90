#include "benchmarks/families/outcome.hpp"

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>

#include "benchmarks/families/floor.hpp"

namespace families {
namespace {

// A checker may ask for six deviations of noise and for two steps that agree; what is less than
// this many times the best difference's error is not held against it.
constexpr double fair_margin = 16.0;

double distance(double value, double below, double above) {
  if (std::isnan(value)) return std::numeric_limits<double>::infinity();
  const double low = std::min(below, above), high = std::max(below, above);
  return std::max({low - value, value - high, 0.0});
}

double floor_at(const World& world, std::size_t i) {
  if (world.below[i] == world.above[i]) return floor_of(world, i, world.above[i], 0);
  return std::max(floor_of(world, i, world.below[i], -1), floor_of(world, i, world.above[i], 1));
}

double size_at(const World& world, std::size_t i) {
  return std::max(std::abs(world.below[i]), std::abs(world.above[i]));
}

double largest_in_block(const World& world, const gc::Block& block) {
  double most = 0.0;
  for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
    most = std::max(most, size_at(world, i));
  }
  return most;
}

/// What errors of a block are measured in. Of a gradient that is zero all over the block a checker
/// can only say that it is small beside the others.
double reference(const World& world, const Candidate& candidate, const gc::Block& block) {
  const std::span<const double> given(candidate.values);
  const bool zeros = std::ranges::all_of(given.subspan(block.offset, block.size),
                                         [](double v) { return v == 0.0; });
  double most = largest_in_block(world, block);
  if (!zeros) return most;
  for (const gc::Block& other : world.theta.blocks()) {
    most = std::max(most, largest_in_block(world, other));
  }
  return most;
}

/// The best differences would show every entry to the tolerance.
bool measurable(const World& world) {
  double largest = 0.0;
  for (const gc::Block& block : world.theta.blocks()) {
    largest = std::max(largest, largest_in_block(world, block));
  }
  for (const gc::Block& block : world.theta.blocks()) {
    // Zeros are asked for in parts of the largest derivative of all.
    const double own = largest_in_block(world, block);
    const double asked = world.options.held_to() * (own > 0.0 ? own : largest);
    for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
      if (fair_margin * floor_at(world, i) > asked) return false;
    }
  }
  return true;
}

Outcome of_right(const World& world, gc::Verdict verdict) {
  switch (verdict) {
    case gc::Verdict::pass:
      return Outcome::as_it_should_be;
    case gc::Verdict::fail:
      return Outcome::accused;
    case gc::Verdict::inconclusive:
      break;
  }
  return measurable(world) ? Outcome::open_needlessly : Outcome::open;
}

Outcome of_passed(const World& world, const Candidate& candidate, std::span<const double> given) {
  constexpr double slack = 2.0;  // of the tolerance
  const double tolerance = slack * world.options.held_to();
  Outcome worst = Outcome::as_it_should_be;
  for (const gc::Block& block : world.theta.blocks()) {
    const double largest = reference(world, candidate, block);
    for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
      const double value = given[i];  // what a function with the bug makes of it in double
      const double error = distance(value, world.below[i], world.above[i]);
      const double own = std::max(std::abs(value), size_at(world, i));
      if (error <= tolerance * own) continue;
      const bool seen = error > fair_margin * floor_at(world, i);
      const bool large = error > tolerance * std::max(largest, std::abs(value));
      if (seen && large) return Outcome::passed;
      if (seen) worst = Outcome::passed_small;
      if (large && worst != Outcome::passed_small) worst = Outcome::passed_unseen;
    }
  }
  return worst;
}

Outcome of_open(const World& world, const Candidate& candidate) {
  if (candidate.open_is_fair) return Outcome::open;
  const double tolerance = 2.0 * world.options.held_to();
  for (std::size_t i = 0; i < candidate.values.size(); ++i) {
    const double value = candidate.values[i];
    const double error = distance(value, world.below[i], world.above[i]);
    if (error <= tolerance * std::max(std::abs(value), size_at(world, i))) continue;
    if (error > fair_margin * floor_at(world, i)) return Outcome::excused;
  }
  return Outcome::open;
}

Outcome of_wrong(const World& world, const Candidate& candidate, const gc::Result& result) {
  switch (result.verdict) {
    case gc::Verdict::pass:
      return of_passed(world, candidate, result.analytic);
    case gc::Verdict::fail:
      return Outcome::as_it_should_be;
    case gc::Verdict::inconclusive:
      break;
  }
  return of_open(world, candidate);
}

gc::Result check(const World& world, const Candidate& candidate, bool by_function) {
  if (!by_function) return gc::check(world.cost, candidate.values, world.theta, world.options);
  return gc::check(world.cost, candidate.function, world.theta, world.options);
}

}  // namespace

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::as_it_should_be:
      return "as it should be";
    case Outcome::accused:
      return "ACCUSED though right";
    case Outcome::open_needlessly:
      return "right, left open though measurable";
    case Outcome::open:
      return "open, and no difference could tell";
    case Outcome::passed:
      return "PASSED though wrong";
    case Outcome::passed_small:
      return "passed though wrong, small beside its block or, if that is zero, beside all";
    case Outcome::passed_unseen:
      return "passed though wrong, below what can be seen";
    case Outcome::excused:
      return "wrong, left open though visible";
    case Outcome::thrown:
      return "ended in an exception";
  }
  return "";
}

Held hold(const World& world, const Candidate& candidate, bool is_right, bool by_function) {
  Held held;
  try {
    held.result = check(world, candidate, by_function);
  } catch (const std::exception& e) {
    held.thrown = e.what();
    held.outcome = Outcome::thrown;
    return held;
  } catch (...) {
    held.thrown = "no std::exception";
    held.outcome = Outcome::thrown;
    return held;
  }
  held.outcome =
      is_right ? of_right(world, held.result.verdict) : of_wrong(world, candidate, held.result);
  return held;
}

void Tally::add(const Held& held, std::size_t size) {
  ++outcomes[held.outcome];
  ++checks;
  evaluations += held.result.evaluations;
  entries += held.outcome == Outcome::thrown ? 0 : size;
}

void run(const Family& family, std::uint64_t seed, std::size_t checks,
         const std::function<void(const Case&, const Held&)>& tell) {
  std::size_t done = 0;
  for (; done < checks; ++seed) {
    const World world = draw(family, seed);
    const auto each = [&](const std::vector<Candidate>& all, bool is_right) {
      for (const Candidate& c : all) {
        for (const bool by_function : {false, true}) {
          if (by_function && !c.function) continue;
          tell({seed, &world, &c, is_right, by_function}, hold(world, c, is_right, by_function));
          ++done;
        }
      }
    };
    each(world.right, true);
    each(world.wrong, false);
  }
}

}  // namespace families
