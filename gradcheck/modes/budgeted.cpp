#include "gradcheck/modes/budgeted.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "gradcheck/errors.hpp"
#include "gradcheck/judge/selection.hpp"
#include "gradcheck/modes/conduct.hpp"
#include "gradcheck/modes/draw.hpp"
#include "gradcheck/modes/halving.hpp"
#include "gradcheck/modes/known_corners.hpp"
#include "gradcheck/modes/line_check.hpp"
#include "gradcheck/modes/part_result.hpp"

namespace dtheta::gradcheck::detail {
namespace {

constexpr std::size_t most_lines = 4;  // of each block; further ones see little more
constexpr double for_lines = 0.5;      // of what is left
constexpr double crumbs = 64.0;        // roundings of the whole gradient, which count as zero

class Budgeted {
 public:
  Budgeted(const Sources& sources, const Gradient& gradient, const ParameterVector& theta,
           const BudgetOptions& options)
      : sources_(sources), gradient_(gradient), theta_(theta), options_(options) {
    if (!(options.budget.seconds > 0.0)) throw OptionError("budget: no seconds are left to it");
    if (options.budget.evaluations == 0) throw OptionError("budget: no evaluations are left to it");
    if (options.check.method != Method::adaptive) {
      throw OptionError("budget: only the adaptive method can tell what a part of theta says");
    }
    require_numbers(options.check);
    static_cast<void>(known_corners(theta, options.check));  // throws for unknown names
    blocks_ = selected_blocks(theta, options.check);
    for (const Block& block : blocks_) entries_ += block.size;
    check_ = options.check;
    check_.budget.reset();
    check_.progress = [this](const Progress& progress) {
      const bool wanted = !options_.check.progress || options_.check.progress(progress);
      stopped_ = stopped_ || !wanted;
      return wanted && elapsed() < options_.budget.seconds;
    };
  }

  Result run() {
    double here = 0.0;
    if (sources_.anywhere != nullptr) {
      here = (*sources_.anywhere)(theta_.values());
      ++evaluations_;
      each_seconds_ = elapsed() / sources_.threads;
    }
    const std::size_t whole = each_entry * entries_ + for_noise;
    double seconds = sources_.seconds_of_all ? sources_.seconds_of_all(blocks_) : 0.0;
    if (seconds == 0.0) seconds = each_seconds_ * static_cast<double>(whole);
    each_entry_seconds_ = seconds / static_cast<double>(entries_);
    if ((whole <= counted_left() && seconds <= seconds_left()) || !std::isfinite(here)) {
      return sources_.check_all(check_);
    }
    Result result = look_at_part();
    result.notes.push_back(
        fmt::format("{} of {} entries were measured by themselves; a check of all would take about "
                    "{} evaluations, {:.3g} s",
                    measured_, entries_, whole, seconds));
    return result;
  }

 private:
  [[nodiscard]] double elapsed() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  [[nodiscard]] double seconds_left() const { return options_.budget.seconds - elapsed(); }
  [[nodiscard]] std::size_t counted_left() const {
    const std::size_t all = options_.budget.evaluations;
    return all - std::min(all, evaluations_);
  }
  /// How often J can be asked anywhere within a part of what is left.
  [[nodiscard]] double asked_within(double part) const {
    const double counted = static_cast<double>(counted_left());
    const double timed = seconds_left() / std::max(each_seconds_, 1e-12);
    return part * std::max(0.0, std::min(counted, timed));
  }

  Result look_at_part() {
    Part part{theta_, options_, blocks_, gradient_.at(theta_), {}, {}, {}};
    const std::size_t gradients = gradient_.function() != nullptr ? 1 : 0;
    std::vector<std::size_t> places = not_finite(part.gradient);
    if (sources_.anywhere != nullptr) look_along_lines(part, places);
    if (!stopped_) look_at_entries(part, places);
    const bool finished = !stopped_;
    Result result = result_of(std::move(part));
    result.evaluations = evaluations_;
    result.gradient_evaluations = gradients;
    result.complete = finished;
    if (wrote_) name_writing(result);
    return result;
  }

  /// Wrong without a question.
  std::vector<std::size_t> not_finite(std::span<const double> gradient) const {
    std::vector<std::size_t> places;
    for (const Block& block : blocks_) {
      std::size_t found = 0;
      for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
        if (!std::isfinite(gradient[i]) && found++ < options_.most_places) places.push_back(i);
      }
    }
    return places;
  }

  /// Blocks that move together: each by itself if there is room for two lines of each.
  [[nodiscard]] std::pair<std::size_t, std::size_t> groups_and_lines() const {
    const double room = asked_within(for_lines) - for_noise;
    const auto lines = room > 0.0 ? static_cast<std::size_t>(room / each_entry) : std::size_t{1};
    if (lines >= 2 * blocks_.size()) {
      return {blocks_.size(), std::min(most_lines, lines / blocks_.size())};
    }
    return lines >= 2 ? std::pair(lines / 2, std::size_t{2}) : std::pair(std::size_t{1}, lines);
  }

  std::vector<LineGroup> grouped(std::size_t groups, std::size_t lines) {
    std::vector<LineGroup> all;
    group_of_.assign(blocks_.size(), 0);
    for (std::size_t b = 0; b < blocks_.size(); ++b) {
      const std::size_t group = b * groups / blocks_.size();
      group_of_[b] = group;
      if (all.size() == group) all.push_back({blocks_[b].name, {}});
    }
    for (std::size_t b = 0; b < blocks_.size(); ++b) {
      LineGroup& group = all[group_of_[b]];
      const std::size_t end = blocks_[b].offset + blocks_[b].size;
      if (group.lines.empty()) group.lines.assign(lines, {blocks_[b].offset, end, 0});
      for (Line& line : group.lines) line.last = end;
    }
    std::uint64_t number = 0;
    // Far from each other and from those of other seeds: positions are added to them.
    constexpr std::uint64_t odd = 0xD1342543DE82EF95ULL;
    for (LineGroup& group : all) {
      for (Line& line : group.lines) line.key = odd * (options_.seed + (++number << 20));
    }
    return all;
  }

  void look_along_lines(Part& part, std::vector<std::size_t>& places) {
    ThetaCopies copies(theta_.values());
    const Lines lines(copies, *sources_.anywhere, theta_, blocks_, part.gradient, sources_.threads);
    time_a_move(lines);
    const auto [count, each] = groups_and_lines();
    const std::vector<LineGroup> groups = grouped(count, each);
    part.along = check_lines(lines, groups, check_);
    evaluations_ += part.along.evaluations;
    double squares = 0.0;
    for (std::size_t b = 0; b < blocks_.size(); ++b) squares += std::pow(lines.size(b), 2);
    const double whole = std::sqrt(squares);
    for (std::size_t b = 0; b < blocks_.size(); ++b) {
      const bool nothing = lines.size(b) <= crumbs * check_.gradient_roundoff * whole;
      const auto in_group = std::ranges::count(group_of_, group_of_[b]);
      part.lines.push_back(
          {part.along.groups[group_of_[b]], nothing ? whole : lines.size(b), in_group > 1});
    }
    for (std::size_t k = 0; k < groups.size() && !stopped_; ++k) {
      find_places(lines, part.along, groups[k], part.along.groups[k], places);
    }
    wrote_ = wrote_ || !copies.left_untouched();
  }

  void time_a_move(const Lines& lines) {
    const Line all{0, theta_.size(), 0};
    const Probe here{0, 0.0};
    double cost = 0.0;
    const double before = elapsed();
    lines.answer(std::span(&all, 1), std::span(&here, 1), std::span(&cost, 1));
    each_seconds_ = (elapsed() - before) / sources_.threads;
    ++evaluations_;
  }

  void find_places(const Lines& lines, const LineCheck& along, const LineGroup& group,
                   std::span<const LineSlope> slopes, std::vector<std::size_t>& places) {
    const LineSlope* worst = nullptr;
    const Line* line = nullptr;
    for (std::size_t k = 0; k < slopes.size(); ++k) {
      const auto error = [](const LineSlope& s) { return std::abs(s.analytic - s.numeric); };
      if (slopes[k].verdict != Verdict::fail || !std::isfinite(slopes[k].numeric)) continue;
      if (worst != nullptr && error(slopes[k]) <= error(*worst)) continue;
      worst = &slopes[k];
      line = &group.lines[k];
    }
    if (worst == nullptr) return;
    const std::function<bool()> proceed = [this, first = evaluations_, budget = asked_within(0.5),
                                           until = elapsed() + 0.5 * seconds_left()] {
      return elapsed() < until && static_cast<double>(evaluations_ - first) <= budget;
    };
    const Halves found = find_by_halves(lines, {*line, worst->step, along.noise, along.cost},
                                        options_.most_places, proceed);
    evaluations_ += found.evaluations;
    places.insert(places.end(), found.positions.begin(), found.positions.end());
  }

  /// The places, the largest derivative of each block, by which the others are judged, and drawn
  /// ones.
  void look_at_entries(Part& part, std::vector<std::size_t> places) {
    constexpr double safe = 0.8;  // the clock is not to stop it
    const double timed = safe * seconds_left() / std::max(each_entry_seconds_, 1e-12);
    const double counted = (static_cast<double>(counted_left()) - for_noise) / each_entry;
    const auto room = static_cast<std::size_t>(std::clamp(
        std::min(timed, counted), 0.0, static_cast<double>(std::min(entries_, most_drawn))));
    if (places.empty() && room < 2 * blocks_.size()) return;
    for (const Block& block : blocks_) {
      const auto g = std::span(part.gradient).subspan(block.offset, block.size);
      const auto largest = std::ranges::max_element(
          g, {}, [](double v) { return std::isfinite(v) ? std::abs(v) : 0.0; });
      places.push_back(block.offset + static_cast<std::size_t>(largest - g.begin()));
    }
    if (room > places.size() + blocks_.size()) {
      const auto drawn =
          drawn_entries(blocks_, room - places.size() - blocks_.size(), options_.seed);
      places.insert(places.end(), drawn.begin(), drawn.end());
    }
    SampleOptions some{.entries = std::move(places), .check = check_};
    some.check.blocks.clear();
    some.check.layers.clear();
    part.sample = sources_.check_some(Gradient(part.gradient), some);
    evaluations_ += part.sample->result.evaluations;
    measured_ = part.sample->positions.size();
  }

  static constexpr std::size_t most_drawn = 1'000'000;

  const Sources& sources_;
  const Gradient& gradient_;
  const ParameterVector& theta_;
  const BudgetOptions& options_;
  Options check_;
  std::vector<Block> blocks_;
  std::vector<std::size_t> group_of_;  // of each block
  std::size_t entries_ = 0;
  std::size_t evaluations_ = 0;
  std::size_t measured_ = 0;
  double each_seconds_ = 0.0;        // of J anywhere
  double each_entry_seconds_ = 0.0;  // that is measured by itself
  bool stopped_ = false;             // by the caller
  bool wrote_ = false;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace

Result check_in_budget(const Sources& sources, const Gradient& gradient,
                       const ParameterVector& theta, const BudgetOptions& options) {
  return Budgeted(sources, gradient, theta, options).run();
}

}  // namespace dtheta::gradcheck::detail
