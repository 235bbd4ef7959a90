#include "gradcheck/cli/deliver.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <stdexcept>

#include "gradcheck/cli/interrupt.hpp"
#include "gradcheck/cli/json.hpp"
#include "gradcheck/report/report.hpp"
#include "gradcheck/report/report_html.hpp"

namespace dtheta::gradcheck::cli {
namespace {

int status_of(Verdict verdict) {
  if (verdict == Verdict::fail) return wrong_gradient;
  return verdict == Verdict::pass ? passed : inconclusive;
}

}  // namespace

int deliver(const Result& result, const Outputs& outputs, const Delivery& delivery) {
  if (outputs.table()) {
    const bool colour = is_terminal(stdout);
    fmt::print("{}", report(result, {.colour = colour}));
    if (result.method == Method::textbook) {
      fmt::print("{}\n", textbook_sentence(result, delivery.threshold, colour));
    }
  }
  std::string page;
  if (!outputs.html.empty()) {
    const bool exhibited = delivery.exhibits && result.complete;
    const Exhibits exhibits = exhibited ? delivery.exhibits() : Exhibits{};
    page = report_html(result, delivery.title, exhibits);
  }
  outputs.write(to_json(result), page, report_junit(result, delivery.title, delivery.junit));
  return status_of(result.verdict);
}

int deliver(const ProbeReplay& replay, const Outputs& outputs) {
  if (!outputs.html.empty() || !outputs.junit.empty()) {
    throw std::invalid_argument(
        "entry: one probe is shown on the terminal or as JSON; --html and "
        "--junit go with a check");
  }
  if (outputs.table()) fmt::print("{}", report(replay, is_terminal(stdout)));
  outputs.write(to_json(replay), {}, {});
  return status_of(replay.component.verdict);
}

std::function<bool(const Progress&)> watch_with(ProgressBar& bar) {
  return [&bar](const Progress& progress) {
    bar.show(progress);
    return !Interruptible::requested();
  };
}

}  // namespace dtheta::gradcheck::cli
