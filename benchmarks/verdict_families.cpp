// Holds gradients that are known to be right, and planted bugs, against costs of which everything
// is known, and counts what the checker said of them. Arguments: --list, --family N (all), --checks
// K (10000), --seed S (1), --show, --self-check.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "benchmarks/families/floor.hpp"
#include "benchmarks/families/outcome.hpp"
#include "gradcheck/report.hpp"

namespace {

using namespace families;

struct Arguments {
  bool list = false, show = false, self_check = false;
  std::optional<int> family{};
  std::size_t checks = 10000;
  std::uint64_t seed = 1;
};

constexpr const char* usage =
    "verdict_families [--list] [--family N] [--checks K] [--seed S] [--show] [--self-check]\n";

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int k = 1; k < argc; ++k) {
    const std::string_view name = argv[k];
    const auto number = [&] {
      if (k + 1 == argc) throw std::invalid_argument(fmt::format("{} needs a number", name));
      return std::strtoull(argv[++k], nullptr, 10);
    };
    if (name == "--list") {
      arguments.list = true;
    } else if (name == "--show") {
      arguments.show = true;
    } else if (name == "--self-check") {
      arguments.self_check = true;
    } else if (name == "--family") {
      arguments.family = static_cast<int>(number());
    } else if (name == "--checks") {
      arguments.checks = number();
    } else if (name == "--seed") {
      arguments.seed = number();
    } else {
      throw std::invalid_argument(fmt::format("unknown argument {}\n{}", name, usage));
    }
  }
  return arguments;
}

bool bad(Outcome outcome) {
  return outcome != Outcome::as_it_should_be && outcome != Outcome::open;
}

std::string name_of(const Case& c) {
  return fmt::format("{}, {}", c.candidate->name, c.by_function ? "function" : "values");
}

/// The case as it can be drawn again, the gradients entry by entry, and the report.
void show(const Family& family, const Case& c, const Held& held) {
  fmt::print("== {}: {}; {}\n   --family {} --seed {} --checks 1 --show\n", to_string(held.outcome),
             c.world->kind, name_of(c), family.number, c.seed);
  for (std::size_t i = 0; i < c.candidate->values.size(); ++i) {
    const double below = c.world->below[i], above = c.world->above[i];
    fmt::print("   theta {:.17g}  given {:.17g}  right {:.17g}", c.world->theta.values()[i],
               c.candidate->values[i], below);
    if (below != above) fmt::print(" ... {:.17g}", above);
    const double floor = std::max(floor_of(*c.world, i, below, below == above ? 0 : -1),
                                  below == above ? 0.0 : floor_of(*c.world, i, above, 1));
    fmt::print("  best difference errs by {:.1e}\n", floor);
  }
  if (held.outcome == Outcome::thrown) {
    fmt::print("   {}\n", held.thrown);
  } else {
    std::cout << held.result << '\n';
  }
}

using Rows = std::map<std::string, Tally>;

double per_parameter(const Tally& t) {
  return t.entries == 0 ? 0.0 : static_cast<double>(t.evaluations) / static_cast<double>(t.entries);
}

void print_right(const Rows& rows) {
  fmt::print(
      "\n| right gradients | checks | passed | accused | open though measurable | open, not "
      "measurable | thrown | evaluations per parameter |\n|---|---|---|---|---|---|---|---|\n");
  for (const auto& [name, t] : rows) {
    fmt::print("| {} | {} | {} | {} | {} | {} | {} | {:.1f} |\n", name, t.checks,
               t[Outcome::as_it_should_be], t[Outcome::accused], t[Outcome::open_needlessly],
               t[Outcome::open], t[Outcome::thrown], per_parameter(t));
  }
}

void print_wrong(const Rows& rows) {
  fmt::print(
      "\n| planted | checks | failed | passed above the floor | passed, small beside its block | "
      "passed below the floor | open above the floor | open below | thrown | evaluations per "
      "parameter |\n|---|---|---|---|---|---|---|---|---|---|\n");
  for (const auto& [name, t] : rows) {
    fmt::print("| {} | {} | {} | {} | {} | {} | {} | {} | {} | {:.1f} |\n", name, t.checks,
               t[Outcome::as_it_should_be], t[Outcome::passed], t[Outcome::passed_small],
               t[Outcome::passed_unseen], t[Outcome::excused], t[Outcome::open], t[Outcome::thrown],
               per_parameter(t));
  }
}

/// Returns how many outcomes were bad.
std::size_t measure(const Family& family, const Arguments& arguments) {
  Rows right, wrong, right_kinds, wrong_kinds;
  std::size_t count = 0;
  const auto start = std::chrono::steady_clock::now();
  run(family, arguments.seed, arguments.checks, [&](const Case& c, const Held& held) {
    const std::size_t size = c.candidate->values.size();
    (c.is_right ? right : wrong)[name_of(c)].add(held, size);
    (c.is_right ? right : wrong)["~ all"].add(held, size);
    (c.is_right ? right_kinds : wrong_kinds)[c.world->kind].add(held, size);
    if (!bad(held.outcome)) return;
    ++count;
    if (arguments.show) show(family, c, held);
  });
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  fmt::print("\n## {} {}\n\nseeds from {}, {:.0f} s\n", family.number, family.name, arguments.seed,
             took.count());
  print_right(right);
  print_wrong(wrong);
  fmt::print("\nThe same by kind of world.\n");
  print_right(right_kinds);
  print_wrong(wrong_kinds);
  return count;
}

/// Holds the worlds' own gradients against differences in quad. Returns how many were off.
std::size_t validate(const Family& family, const Arguments& arguments) {
  // Of the right gradient itself; of quad where J is a small rest of numbers near 1; of one-sided
  // differences, and of those over a jump of the curvature.
  constexpr double rounding = 0x1p-52, crumbs = 1e-29, one_sided = 1e-14, rough = 1e-7;
  std::size_t off = 0, done = 0;
  for (std::uint64_t seed = arguments.seed; done < arguments.checks; ++seed) {
    const World world = draw(family, seed);
    for (std::size_t i = 0; i < world.below.size(); ++i, ++done) {
      const bool smooth = world.below[i] == world.above[i];
      const double error = smooth ? disagreement(world, i, world.below[i], 0)
                                  : std::max(disagreement(world, i, world.below[i], -1),
                                             disagreement(world, i, world.above[i], 1));
      const double size = std::max(std::abs(world.below[i]), std::abs(world.above[i]));
      const double asked = crumbs + (world.rough ? rough : smooth ? rounding : one_sided) * size;
      if (error <= asked) continue;
      ++off;
      fmt::print("seed {} {}: entry {} is {:.17g}, off by {:.3e}\n", seed, world.kind, i,
                 world.below[i], error);
    }
  }
  fmt::print("{} {}: {} entries, {} off\n", family.number, family.name, done, off);
  return off;
}

}  // namespace

int main(int argc, char** argv) try {
  const Arguments arguments = parse(argc, argv);
  std::size_t count = 0;
  for (const Family& family : all_families()) {
    if (arguments.family && *arguments.family != family.number) continue;
    if (arguments.list) {
      fmt::print("{:2} {}\n", family.number, family.name);
      continue;
    }
    count += arguments.self_check ? validate(family, arguments) : measure(family, arguments);
  }
  return count == 0 ? 0 : 1;
} catch (const std::exception& e) {
  fmt::print(stderr, "{}\n", e.what());
  return 2;
}
