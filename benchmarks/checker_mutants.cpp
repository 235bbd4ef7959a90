// Plants bugs in right gradients and prints which were caught, in the right block and under the
// right name. Arguments: number of seeds (2), 1 to list what was not.
#include <fmt/format.h>

#include <cstdlib>
#include <map>

#include "tests/gradcheck/mutants.hpp"

namespace {

namespace gc = dtheta::gradcheck;
using namespace gradcheck_test;

struct Tally {
  std::size_t planted = 0, failed = 0, open = 0, above = 0, caught = 0, blocks = 0, named = 0;

  void add(const Outcome& o) {
    ++planted;
    failed += o.caught ? 1 : 0;
    open += o.open ? 1 : 0;
    if (!o.above_floor) return;
    ++above;
    caught += o.caught ? 1 : 0;
    blocks += o.blocks_right ? 1 : 0;
    named += o.named ? 1 : 0;
  }
};

double percent(std::size_t part, std::size_t whole) {
  return whole == 0 ? 100.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

constexpr const char* headings =
    "planted | failed | inconclusive | passed | above the floor | caught % | block right % | named "
    "right % |\n|---|---|---|---|---|---|---|---|---|\n";

void print(const std::string& name, const Tally& t) {
  fmt::print("| {} | {} | {} | {} | {} | {} | {:.2f} | {:.2f} | {:.1f} |\n", name, t.planted,
             t.failed, t.open, t.planted - t.failed - t.open, t.above, percent(t.caught, t.above),
             percent(t.blocks, t.above), percent(t.named, t.above));
}

/// The ten single operations in one line.
std::string family(const std::string& model) {
  return model.starts_with("op ") ? "ten operations" : model;
}

std::string size_of(double size) { return size == 0.0 ? "no size" : fmt::format("{:g}", size); }

}  // namespace

int main(int argc, char** argv) {
  const int seeds = argc > 1 ? std::atoi(argv[1]) : 2;
  const bool list = argc > 2 && std::atoi(argv[2]) != 0;
  const std::vector<double> sizes{1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6};
  for (const bool single_precision : {false, true}) {
    std::map<std::string, Tally> by_bug, by_model;
    std::map<double, Tally> by_size;
    Tally all;
    for (int seed = 1; seed <= seeds; ++seed) {
      for (const Model& model : mutant_models(static_cast<unsigned>(seed))) {
        for (const Mutant& mutant : mutants_of(model, sizes, single_precision)) {
          const Outcome o = try_mutant(model, mutant, single_precision);
          by_bug[mutant.bug].add(o);
          by_model[family(model.name)].add(o);
          by_size[mutant.size].add(o);
          all.add(o);
          const bool good = !o.above_floor || (o.caught && o.blocks_right && o.named);
          if (list && !good) {
            fmt::print("{} seed {}: {} {:g}: caught {} blocks {} taken for {}\n", model.name, seed,
                       mutant.bug, mutant.size, o.caught, o.blocks_right, to_string(o.pattern));
          }
        }
      }
    }
    fmt::print("\n{} gradients\n\n| size | {}", single_precision ? "float" : "double", headings);
    for (const auto& [size, tally] : by_size) print(size_of(size), tally);
    fmt::print("\n| model | {}", headings);
    for (const auto& [name, tally] : by_model) print(name, tally);
    fmt::print("\n| bug | {}", headings);
    for (const auto& [name, tally] : by_bug) print(name, tally);
    print("all", all);
  }
}
