// Checks right gradients of random models and counts how often the checker called one wrong.
// Arguments: number of checks (100000), threads (1), first seed (1).
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <map>
#include <thread>
#include <vector>

#include "tests/gradcheck/random_models.hpp"

namespace {

namespace gc = dtheta::gradcheck;

struct Tally {
  std::size_t checks = 0, alarms = 0, open = 0, evaluations = 0, entries = 0;

  void add(const Tally& other) {
    checks += other.checks;
    alarms += other.alarms;
    open += other.open;
    evaluations += other.evaluations;
    entries += other.entries;
  }
};

using Tallies = std::map<std::string, Tally>;

void check_one(std::uint64_t seed, Tallies& tallies) {
  const auto drawn = gradcheck_test::random_model(seed);
  const gc::Result result = gc::check(drawn.model.cost, drawn.model.gradient, drawn.model.theta);
  const Tally one{1, result.verdict == gc::Verdict::fail ? 1U : 0U,
                  result.verdict == gc::Verdict::inconclusive ? 1U : 0U, result.evaluations,
                  drawn.model.theta.size()};
  tallies[drawn.model.name].add(one);
  tallies["scale " + drawn.decade].add(one);
  if (drawn.near_corner) tallies["near a corner"].add(one);
  tallies["~ all"].add(one);
  if (result.verdict == gc::Verdict::fail) {
    fmt::print("false alarm: seed {} {}\n", seed, drawn.model.name);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t checks = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100000;
  const unsigned threads = argc > 2 ? static_cast<unsigned>(std::atoi(argv[2])) : 1;
  const std::uint64_t first = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1;
  const auto start = std::chrono::steady_clock::now();
  std::vector<Tallies> shares(threads);
  {
    std::vector<std::jthread> team;
    for (unsigned t = 0; t < threads; ++t) {
      team.emplace_back([&, t] {
        for (std::uint64_t k = t; k < checks; k += threads) check_one(first + k, shares[t]);
      });
    }
  }
  Tallies all;
  for (const Tallies& share : shares) {
    for (const auto& [name, tally] : share) all[name].add(tally);
  }
  fmt::print(
      "| right gradients of | checks | false alarms | inconclusive | evaluations per "
      "parameter |\n|---|---|---|---|---|\n");
  for (const auto& [name, t] : all) {
    fmt::print("| {} | {} | {} | {} | {:.2f} |\n", name, t.checks, t.alarms, t.open,
               static_cast<double>(t.evaluations) / static_cast<double>(t.entries));
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  fmt::print("\n{:.0f} s\n", took.count());
  return all["~ all"].alarms == 0 ? 0 : 1;
}
