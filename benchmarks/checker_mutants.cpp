// Plants bugs in right gradients and prints which were caught, in which block, and what they were
// taken for. Arguments: number of seeds (2), 1 to list what was named wrongly.
#include <fmt/format.h>

#include <cstdlib>
#include <map>

#include "tests/gradcheck/mutants.hpp"

namespace {

namespace gc = dtheta::gradcheck;
using namespace gradcheck_test;

struct Tally {
  std::size_t planted = 0, open = 0, above = 0, caught = 0, silent = 0, blocks = 0, named = 0;
  std::map<std::string, std::size_t> taken_for;

  void add(const Outcome& o) {
    ++planted;
    if (o.caught) ++taken_for[std::string(to_string(o.pattern))];
    open += o.open ? 1 : 0;
    if (!o.above_floor) return;
    ++above;
    caught += o.caught ? 1 : 0;
    silent += o.silent ? 1 : 0;
    blocks += o.blocks_right ? 1 : 0;
    named += o.named ? 1 : 0;
  }
};

double percent(std::size_t part, std::size_t whole) {
  return whole == 0 ? 100.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

void print(const std::string& name, const Tally& t) {
  std::string taken;
  for (const auto& [pattern, count] : t.taken_for) taken += fmt::format(" {} {},", pattern, count);
  if (!taken.empty()) taken.pop_back();
  fmt::print("| {} | {} | {} | {} | {:.2f} | {} | {:.2f} | {:.1f} |{} |\n", name, t.planted, t.open,
             t.above, percent(t.caught, t.above), t.silent, percent(t.blocks, t.above),
             percent(t.named, t.above), taken);
}

}  // namespace

int main(int argc, char** argv) {
  const int seeds = argc > 1 ? std::atoi(argv[1]) : 2;
  const bool list = argc > 2 && std::atoi(argv[2]) != 0;
  const std::vector<double> sizes{1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6};
  for (const bool single_precision : {false, true}) {
    std::map<std::string, Tally> by_bug, by_model;
    Tally all;
    for (int seed = 1; seed <= seeds; ++seed) {
      for (const Model& model : mutant_models(static_cast<unsigned>(seed))) {
        for (const Mutant& mutant : mutants_of(model, sizes, single_precision)) {
          const Outcome o = try_mutant(model, mutant, single_precision);
          by_bug[mutant.bug].add(o);
          by_model[model.name].add(o);
          all.add(o);
          const bool good = !o.above_floor || (o.caught && o.blocks_right && o.named);
          if (list && !good) {
            fmt::print("{} seed {}: {} {:g}: caught {} blocks {} taken for {}\n", model.name, seed,
                       mutant.bug, mutant.size, o.caught, o.blocks_right, to_string(o.pattern));
          }
        }
      }
    }
    fmt::print("\n{} gradients\n\n", single_precision ? "float" : "double");
    fmt::print(
        "| bug | planted | inconclusive | above the floor | caught % | passed silently | block "
        "right % | "
        "named right % | taken for |\n|---|---|---|---|---|---|---|---|---|\n");
    for (const auto& [name, tally] : by_bug) print(name, tally);
    fmt::print(
        "\n| model | planted | inconclusive | above the floor | caught % | passed silently | block "
        "right % "
        "| named right % | taken for |\n|---|---|---|---|---|---|---|---|---|\n");
    for (const auto& [name, tally] : by_model) print(name, tally);
    print("all", all);
  }
}
