#include "gradcheck/modes/conduct.hpp"

#include <fmt/format.h>

#include "gradcheck/errors.hpp"

namespace dtheta::gradcheck::detail {
namespace {

void doubt(Result& result) {
  if (result.verdict == Verdict::pass) result.verdict = Verdict::inconclusive;
}

}  // namespace

void name_throws(Result& result, const Throws& thrown) {
  if (thrown.count == 0) return;
  result.notes.push_back(fmt::format(
      "the cost threw at {} of the points around theta, which were taken to lie outside its "
      "domain; the first time: {}",
      thrown.count, thrown.first));
}

void name_writing(Result& result) {
  result.notes.emplace_back(
      "the cost wrote into the theta that it was lent: later probes saw other parameters");
  doubt(result);
}

void name_race(Result& result) {
  result.deterministic = false;
  result.notes.emplace_back(
      "J gives other values where several threads call it at once: a race, a buffer that they "
      "share; check with one thread");
  doubt(result);
}

void refuse_budget(const Options& options, const char* mode) {
  if (!options.budget) return;
  throw OptionError(fmt::format(
      "budget: {} does not plan by itself; give the budget to check(), or to check_network()",
      mode));
}

}  // namespace dtheta::gradcheck::detail
