#include "gradcheck/budget.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "gradcheck/errors.hpp"
#include "gradcheck/report/report.hpp"

namespace dtheta::gradcheck {
namespace {

// Evaluations of a full check: 4 to 8 for each entry (docs/checker-measured.md), and some for J's
// noise.
constexpr std::size_t each_entry = 8, for_noise = 50;

class Budgeted {
 public:
  Budgeted(const Cost& cost, const Gradient& gradient, const ParameterVector& theta,
           const BudgetOptions& options)
      : cost_([this, &cost](std::span<const double> t) {
          ++result_.evaluations;
          return cost(t);
        }),
        gradient_(gradient),
        theta_(theta),
        options_(options) {
    if (!(options.budget.seconds > 0.0)) throw OptionError("budget: no seconds are left to it");
    if (options.budget.evaluations == 0) throw OptionError("budget: no evaluations are left to it");
    check_ = options.check;
    check_.progress = [this](const Progress& progress) {
      const bool wanted = !options_.check.progress || options_.check.progress(progress);
      return wanted && left() > 0;
    };
  }

  BudgetResult run() {
    static_cast<void>(cost_(theta_.values()));  // what one evaluation takes
    const std::size_t whole = each_entry * theta_.size() + for_noise;
    if (whole <= left()) {
      look_at_all();
    } else {
      const double by_itself = static_cast<double>(whole) * each_seconds();
      look_at_parts();
      result_.statement += fmt::format(
          "; a check of all {} entries would take about {} evaluations, "
          "{:.3g} s",
          theta_.size(), whole, by_itself);
    }
    result_.seconds = elapsed();
    return std::move(result_);
  }

 private:
  [[nodiscard]] double elapsed() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  [[nodiscard]] double each_seconds() const {
    return elapsed() / static_cast<double>(std::max<std::size_t>(result_.evaluations, 1));
  }
  /// Evaluations that the budget still has.
  [[nodiscard]] std::size_t left() const {
    const Budget& budget = options_.budget;
    if (result_.evaluations >= budget.evaluations) return 0;
    const std::size_t counted = budget.evaluations - result_.evaluations;
    const double timed = (budget.seconds - elapsed()) / each_seconds();
    if (timed <= 0.0) return 0;
    return timed < static_cast<double>(counted) ? static_cast<std::size_t>(timed) : counted;
  }

  void look_at_all() {
    result_.full = check(cost_, gradient_, theta_, check_);
    result_.verdict = result_.full->verdict;
    result_.statement = result_.full->complete
                            ? "every entry was checked"
                            : "the budget was spent before every entry was checked";
  }

  void look_at_parts() {
    DirectionOptions options = options_.directions;
    options.check = check_;
    result_.directions = check_directions(cost_, gradient_, theta_, options);
    result_.verdict = result_.directions->verdict;
    result_.statement = result_.directions->statement;
    if (result_.verdict == Verdict::fail) find_places(options);
    look_at_sample();
  }

  void find_places(const DirectionOptions& options) {
    const std::vector<double> g = gradient_.at(theta_);
    std::vector<std::size_t> places;
    for (const Block& block : theta_.blocks()) {
      if (block.size == 0 || left() == 0) continue;
      const std::vector<double> values(
          theta_.values().begin() + static_cast<std::ptrdiff_t>(block.offset),
          theta_.values().begin() + static_cast<std::ptrdiff_t>(block.offset + block.size));
      ParameterVector own;
      own.add(block.name, block.layer, {block.size}, values);
      const std::span<const double> own_gradient = std::span(g).subspan(block.offset, block.size);
      const Cost alone = [&](std::span<const double> t) {
        std::vector<double> whole(theta_.values().begin(), theta_.values().end());
        std::ranges::copy(t, whole.begin() + static_cast<std::ptrdiff_t>(block.offset));
        return cost_(whole);
      };
      const BadEntries bad =
          find_bad_entries(alone, Gradient(own_gradient), own, options_.most_places, options);
      if (bad.positions.empty()) continue;
      result_.wrong_blocks.push_back(block.name);
      for (const std::size_t p : bad.positions) places.push_back(block.offset + p);
    }
    if (places.empty()) return;
    SampleOptions those{.entries = places, .check = check_};
    result_.places = check_sample(cost_, gradient_, theta_, those).result;
  }

  void look_at_sample() {
    const std::size_t count = std::min(left() / each_entry, theta_.size());
    if (count < theta_.blocks().size() || count == 0) return;
    SampleOptions drawn{.count = count, .seed = options_.directions.seed, .check = check_};
    result_.sample = check_sample(cost_, gradient_, theta_, drawn);
    if (result_.sample->result.verdict == Verdict::fail) result_.verdict = Verdict::fail;
    result_.statement += fmt::format("; {}", result_.sample->statement);
  }

  BudgetResult result_;
  const Cost cost_;  // counts
  const Gradient& gradient_;
  const ParameterVector& theta_;
  const BudgetOptions& options_;
  Options check_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace

BudgetResult check_within(const Cost& cost, const Gradient& gradient, const ParameterVector& theta,
                          const BudgetOptions& options) {
  return Budgeted(cost, gradient, theta, options).run();
}

std::string report(const BudgetResult& result, bool colour) {
  const ReportStyle style{.colour = colour};
  if (result.full) return report(*result.full, style);
  std::string text = fmt::format("gradient check within a budget: {}\n  {}\n",
                                 to_string(result.verdict), result.statement);
  if (!result.wrong_blocks.empty()) {
    text += fmt::format("  wrong blocks: {}\n", fmt::join(result.wrong_blocks, ", "));
  }
  if (result.places) text += report(*result.places, style);
  if (result.sample && result.sample->result.verdict == Verdict::fail) {
    text += report(result.sample->result, style);
  }
  return text;
}

}  // namespace dtheta::gradcheck
