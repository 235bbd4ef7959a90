#include "gradcheck/cli/deliver.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "gradcheck/cli/interrupt.hpp"
#include "gradcheck/cli/output.hpp"
#include "gradcheck/report/report.hpp"

namespace dtheta::gradcheck::cli {
namespace {

int status_of(Verdict verdict) {
  if (verdict == Verdict::fail) return wrong_gradient;
  return verdict == Verdict::pass ? passed : inconclusive;
}

}  // namespace

int deliver(const CheckedCost& check, const Outputs& outputs, double threshold) {
  if (outputs.table()) {
    const bool colour = is_terminal(stdout);
    fmt::print("{}", report(check.result, {.colour = colour}));
    if (check.result.method == Method::textbook) {
      fmt::print("{}\n", textbook_sentence(check.result, threshold, colour));
    }
  }
  outputs.write(check);
  return status_of(check.result.verdict);
}

int deliver(const ProbeReplay& replay, const Outputs& outputs) {
  if (outputs.table()) fmt::print("{}", report(replay, is_terminal(stdout)));
  outputs.write(replay);
  return status_of(replay.component.verdict);
}

std::function<bool(const Progress&)> watch_with(ProgressBar& bar) {
  return [&bar](const Progress& progress) {
    bar.show(progress);
    return !Interruptible::requested();
  };
}

}  // namespace dtheta::gradcheck::cli
