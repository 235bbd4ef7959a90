// Checks the gradients of random computations on a tape, and of the same with a wrong rule planted
// at one op. Counts right ones that are called wrong or left open, wrong ones that pass, and ops
// that are blamed for another's mistake.
// Arguments: number of graphs (16000), threads (1), first seed (1). Of a single graph, both reports
// are printed.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/bridge/random_graphs.hpp"

namespace {

namespace gc = dtheta::gradcheck;
using gc::test::Planted;

constexpr double smallest_error = 1e-4;  // of a block's largest derivative: what must be seen

struct Tally {
  std::size_t right = 0, accused = 0, open = 0;
  std::size_t wrong = 0, found = 0, passed = 0, named = 0, others_named = 0, threw = 0;

  void add(const Tally& o) {
    right += o.right, accused += o.accused, open += o.open;
    wrong += o.wrong, found += o.found, passed += o.passed;
    named += o.named, others_named += o.others_named, threw += o.threw;
  }
};

std::mutex printing;

void say(std::string_view what, std::uint64_t seed, const gc::test::RandomGraph& graph,
         const gc::Result& result) {
  const std::scoped_lock lock(printing);
  fmt::print("{}: seed {} ({}, scale {}){}{}\n", what, seed, graph.family, graph.scale,
             result.causes.empty() ? "" : ": ",
             result.causes.empty() ? "" : result.causes.front().sentence);
}

void check_right(std::uint64_t seed, Tally& tally, std::string& family) {
  const auto graph = gc::test::random_graph(seed);
  family = graph.family;
  const gc::Result result = gc::check_network(graph.cost, graph.leaves);
  ++tally.right;  // a J that is constant to the bit among them
  if (result.verdict == gc::Verdict::fail) {
    ++tally.accused;
    say("accused", seed, graph, result);
  } else if (result.verdict == gc::Verdict::inconclusive && result.difference.exercised) {
    ++tally.open;
    say("open", seed, graph, result);
  }
}

void check_wrong(std::uint64_t seed, Planted bug, Tally& tally) {
  const auto graph = gc::test::random_graph(seed, bug);
  if (!(gc::test::error_of(graph) > smallest_error)) return;
  const gc::Result result = gc::check_network(graph.cost, graph.leaves);
  ++tally.wrong;
  if (result.verdict == gc::Verdict::pass) {
    ++tally.passed;
    say("passed wrong", seed, graph, result);
  }
  if (result.verdict != gc::Verdict::fail) return;
  ++tally.found;
  if (result.causes.empty() || result.causes.front().pattern != gc::Pattern::wrong_op) {
    return say("nobody named", seed, graph, result);
  }
  const std::string mine = fmt::format("the rule of {} ", gc::test::RandomGraph::planted_op);
  if (result.causes.front().sentence.starts_with(mine)) {
    ++tally.named;
  } else {
    ++tally.others_named;
    say("blamed wrongly", seed, graph, result);
  }
}

void check_one(std::uint64_t seed, std::map<std::string, Tally>& tallies) {
  Tally tally;
  std::string family;
  try {
    check_right(seed, tally, family);
    check_wrong(seed, static_cast<Planted>(1 + seed % 3), tally);
  } catch (const std::exception& e) {
    ++tally.threw;
    const std::scoped_lock lock(printing);
    fmt::print("threw: seed {}: {}\n", seed, e.what());
  }
  tallies[family].add(tally);
  tallies["~ all"].add(tally);
}

void show(std::uint64_t seed) {
  const auto bug = static_cast<Planted>(1 + seed % 3);
  for (const Planted planted : {Planted::none, bug}) {
    const auto graph = gc::test::random_graph(seed, planted);
    std::cout << gc::check_network(graph.cost, graph.leaves) << '\n';
  }
  std::cout << "error of the second: " << gc::test::error_of(gc::test::random_graph(seed, bug))
            << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t graphs = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 16000;
  const unsigned threads = argc > 2 ? static_cast<unsigned>(std::atoi(argv[2])) : 1;
  const std::uint64_t first = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1;
  if (graphs == 1) show(first);
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::map<std::string, Tally>> shares(threads);
  {
    std::vector<std::jthread> team;
    for (unsigned t = 0; t < threads; ++t) {
      team.emplace_back([&, t] {
        for (std::uint64_t k = t; k < graphs; k += threads) check_one(first + k, shares[t]);
      });
    }
  }
  std::map<std::string, Tally> all;
  for (const auto& share : shares) {
    for (const auto& [name, tally] : share) all[name].add(tally);
  }
  fmt::print(
      "| graphs | right | accused | open | wrong | found | passed | op named | another named | "
      "threw |\n|---|---|---|---|---|---|---|---|---|---|\n");
  for (const auto& [name, t] : all) {
    fmt::print("| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n", name, t.right, t.accused,
               t.open, t.wrong, t.found, t.passed, t.named, t.others_named, t.threw);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  fmt::print("\n{:.0f} s\n", took.count());
  const Tally& sum = all["~ all"];
  return sum.accused + sum.passed + sum.others_named + sum.threw == 0 ? 0 : 1;
}
