// Holds right Jacobians and planted bugs against the checker and prints, as Markdown, which were
// accused, caught, placed and named, and what a column costs.
// Arguments: right ones for each family (2000), worlds for each bug (12), first seed (1), 1 to list
// what was not.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <map>

#include "benchmarks/jacobians/bugs.hpp"

namespace {

using namespace jacobian_worlds;

constexpr Family families[] = {Family::dense, Family::units,  Family::corners,
                               Family::pose,  Family::sparse, Family::hessian};

struct Tally {
  std::size_t planted = 0, caught = 0, open = 0, placed = 0, named = 0;

  void add(const Planted& p) {
    ++planted;
    caught += p.caught ? 1 : 0;
    open += p.open ? 1 : 0;
    placed += p.placed ? 1 : 0;
    named += p.named ? 1 : 0;
  }
  void print(const std::string& name) const {
    fmt::print("| {} | {} | {} | {} | {} | {} |\n", name, planted, caught, open, placed, named);
  }
};

void right_ones(unsigned count, unsigned first, bool list) {
  fmt::print(
      "| family | right ones | accused | inconclusive | evaluations per column | time per "
      "check, ms |\n|---|---|---|---|---|---|\n");
  std::size_t all = 0, accused = 0;
  for (const Family family : families) {
    std::size_t failed = 0, open = 0, evaluations = 0, columns = 0;
    double seconds = 0.0;
    for (unsigned seed = first; seed < first + count; ++seed) {
      const World world = make_world(family, seed);
      const auto start = std::chrono::steady_clock::now();
      const gc::JacobianResult result = check(world, world.values);
      seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      failed += result.verdict == gc::Verdict::fail ? 1 : 0;
      open += result.verdict == gc::Verdict::inconclusive ? 1 : 0;
      evaluations += result.evaluations;
      columns += result.columns;
      if (list && !result) fmt::print("{} seed {}:\n{}\n", name_of(family), seed, report(result));
    }
    fmt::print("| {} | {} | {} | {} | {:.1f} | {:.2f} |\n", name_of(family), count, failed, open,
               static_cast<double>(evaluations) / static_cast<double>(columns),
               1e3 * seconds / count);
    all += count;
    accused += failed;
  }
  fmt::print("\n{} right ones, {} accused\n\n", all, accused);
}

}  // namespace

int main(int argc, char** argv) {
  const auto count = static_cast<unsigned>(argc > 1 ? std::atoi(argv[1]) : 2000);
  const auto worlds = static_cast<unsigned>(argc > 2 ? std::atoi(argv[2]) : 12);
  const auto first = static_cast<unsigned>(argc > 3 ? std::atoi(argv[3]) : 1);
  const bool list = argc > 4 && std::atoi(argv[4]) != 0;
  right_ones(count, first, list);
  std::map<std::string, Tally> by_bug, by_family;
  Tally all;
  for (const Family family : families) {
    for (const Bug& bug : bugs_of(family)) {
      unsigned planted = 0;
      for (unsigned seed = first; planted < worlds && seed < first + 20 * worlds; ++seed) {
        const Planted p = plant(bug, family, seed);
        if (!p.effective) continue;
        ++planted;
        by_bug[bug.name].add(p);
        by_family[name_of(family)].add(p);
        all.add(p);
        if (list && !(p.caught && p.placed && p.named)) {
          fmt::print("{} seed {}: {}: caught {} placed {} taken for {}\n", name_of(family), seed,
                     bug.name, p.caught, p.placed, p.taken_for);
        }
      }
    }
  }
  constexpr const char* headings =
      "planted | caught | inconclusive | placed | named |\n|---|---|---|---|---|---|\n";
  fmt::print("| family | {}", headings);
  for (const auto& [name, tally] : by_family) tally.print(name);
  all.print("all");
  fmt::print("\n| bug | {}", headings);
  for (const auto& [name, tally] : by_bug) tally.print(name);
  return 0;
}
