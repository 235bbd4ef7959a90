#include "gradcheck/cli/direction_result.hpp"

#include <algorithm>
#include <limits>

namespace dtheta::gradcheck::cli {

Result result_of(const DirectionResult& found, double cost) {
  Result result;
  result.cost = cost;
  result.evaluations = found.evaluations + 1;
  result.verdict = found.verdict;
  result.complete = found.complete;
  result.notes.push_back(found.statement);
  if (found.slopes.empty()) return result;
  BlockResult block;
  block.name = "direction";
  block.shape = {found.slopes.size()};
  block.size = found.slopes.size();
  block.verdict = found.verdict;
  double largest = 0.0;
  double bar = 0.0;
  for (std::size_t k = 0; k < found.slopes.size(); ++k) {
    const DirectionSlope& slope = found.slopes[k];
    result.analytic.push_back(slope.analytic);
    result.numeric.push_back(slope.numeric);
    result.bar.push_back(slope.bar);
    largest = std::max({largest, std::abs(slope.analytic), std::abs(slope.numeric)});
    bar = std::max(bar, slope.bar);
    Component c;
    c.position = k;
    c.key = {0, block.name, 0, {k}};
    c.analytic = slope.analytic;
    c.numeric = slope.numeric;
    c.bar = slope.bar;
    c.verdict = slope.verdict;
    block.failed += slope.verdict == Verdict::fail ? 1 : 0;
    block.inconclusive += slope.verdict == Verdict::inconclusive ? 1 : 0;
    block.worst.push_back(std::move(c));
  }
  std::ranges::stable_sort(block.worst, worse);
  block.difference = result.difference = relative_difference(result.analytic, result.numeric);
  block.band = result.band = band(result.difference);
  block.detectable = largest > 0.0 ? bar / largest : std::numeric_limits<double>::infinity();
  result.blocks.push_back(std::move(block));
  return result;
}

}  // namespace dtheta::gradcheck::cli
