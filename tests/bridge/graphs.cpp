// Random computations on a tape: no right gradient is called wrong, no wrong one passes, and no op
// is blamed for another's mistake. benchmarks/checker_graphs.cpp is the same with more of them.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "random_graphs.hpp"

namespace dtheta::gradcheck::test {

namespace {

/// Whether the bug moves an entry by more than the tolerance of its block's largest derivative: at
/// scales of 1e8 its rounding-sized errors do not.
bool is_visible(const Result& result, std::uint64_t seed) {
  const RandomGraph graph = random_graph(seed, Planted::none);
  const Result right = check_network(graph.cost, graph.leaves);
  for (const BlockResult& block : result.blocks) {
    double size = 0.0, error = 0.0;
    for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
      size = std::max(size, std::abs(right.analytic[i]));
      error = std::max(error, std::abs(result.analytic[i] - right.analytic[i]));
    }
    if (error > result.tolerance * size) return true;
  }
  return false;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(graphs)

BOOST_AUTO_TEST_CASE(right_graphs_are_not_accused) {
  constexpr std::uint64_t count = 300;
  std::size_t open = 0;
  for (std::uint64_t seed = 1; seed <= count; ++seed) {
    const RandomGraph graph = random_graph(seed);
    const Result result = check_network(graph.cost, graph.leaves);
    BOOST_TEST((result.verdict != Verdict::fail),
               "seed " << seed << ", " << graph.family << ", scale " << graph.scale);
    const bool constant = !result.difference.exercised;  // nothing to be seen, and it says so
    open += result.verdict == Verdict::inconclusive && !constant ? 1U : 0U;
  }
  BOOST_TEST(open <= count / 20);
}

BOOST_AUTO_TEST_CASE(planted_bugs_do_not_pass_and_nobody_else_is_blamed) {
  constexpr double smallest_error = 1e-4;
  const std::string mine = std::string("the rule of ") + RandomGraph::planted_op + " ";
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const auto bug = static_cast<Planted>(1 + seed % 3);
    const RandomGraph graph = random_graph(seed, bug);
    if (!(error_of(graph) > smallest_error)) continue;
    const Result result = check_network(graph.cost, graph.leaves);
    const bool missed = result.verdict == Verdict::pass && is_visible(result, seed);
    BOOST_TEST(!missed, "seed " << seed << ", " << graph.family << "\n" << result);
    for (const Cause& cause : result.causes) {
      if (cause.pattern != Pattern::wrong_op) continue;
      BOOST_TEST(cause.sentence.starts_with(mine), "seed " << seed << ": " << cause.sentence);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace dtheta::gradcheck::test
