#include "gradcheck/cli/direction_result.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <span>

namespace dtheta::gradcheck::cli {
namespace {

/// Appends a block whose entries are these slopes.
void append(Result& result, std::string name, std::span<const DirectionSlope> slopes) {
  BlockResult block;
  block.name = std::move(name);
  block.shape = {slopes.size()};
  block.size = slopes.size();
  block.offset = result.analytic.size();
  double largest = 0.0;
  double bar = 0.0;
  for (const DirectionSlope& slope : slopes) {
    Component c;
    c.position = result.analytic.size();
    c.key = {result.blocks.size(), block.name, 0, {c.position - block.offset}};
    c.analytic = slope.analytic;
    c.numeric = slope.numeric;
    c.bar = slope.bar;
    c.verdict = slope.verdict;
    largest = std::max({largest, std::abs(slope.analytic), std::abs(slope.numeric)});
    bar = std::max(bar, slope.bar);
    block.failed += slope.verdict == Verdict::fail ? 1 : 0;
    block.inconclusive += slope.verdict == Verdict::inconclusive ? 1 : 0;
    block.worst.push_back(std::move(c));
    result.analytic.push_back(slope.analytic);
    result.numeric.push_back(slope.numeric);
    result.bar.push_back(slope.bar);
  }
  std::ranges::stable_sort(block.worst, worse);
  const auto of_block = [&](const std::vector<double>& all) {
    return std::span(all).subspan(block.offset, block.size);
  };
  block.difference = relative_difference(of_block(result.analytic), of_block(result.numeric));
  block.band = band(block.difference);
  block.detectable = largest > 0.0 ? bar / largest : std::numeric_limits<double>::infinity();
  result.blocks.push_back(std::move(block));
}

}  // namespace

Result result_of(const DirectionResult& found, double cost) {
  Result result;
  result.cost = cost;
  result.evaluations = found.evaluations + 1;
  result.verdict = found.verdict;
  result.complete = found.complete;
  result.notes.push_back(found.statement);
  if (found.slopes.empty()) return result;
  append(result, "direction", found.slopes);
  result.blocks.back().verdict = found.verdict;
  for (const BlockSight& sight : found.blocks) {
    if (sight.alone.empty()) continue;
    append(result, fmt::format("direction of {} alone", sight.name), sight.alone);
    // One that J hardly depends on is left open without harm: its floor is in the statement.
    BlockResult& block = result.blocks.back();
    block.verdict = block.failed > 0 ? Verdict::fail : Verdict::pass;
    const bool elsewhere = block.failed > 0 && result.blocks.front().failed == 0;
    if (elsewhere) result.blocks.front().verdict = Verdict::pass;
  }
  result.difference = relative_difference(result.analytic, result.numeric);
  result.band = band(result.difference);
  return result;
}

}  // namespace dtheta::gradcheck::cli
