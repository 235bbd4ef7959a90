#include "gradcheck/bridge/explain_failure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gradcheck/bridge/wrong_op.hpp"

namespace dtheta::gradcheck {
namespace {

/// Whether a gradient agrees with what the check measured.
bool agrees(std::span<const double> gradient, const Result& result, const Options& options) {
  for (const BlockResult& block : result.blocks) {
    double scale = 0;
    for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
      if (std::isfinite(result.numeric[i])) scale = std::max(scale, std::abs(result.numeric[i]));
    }
    for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
      if (!std::isfinite(result.numeric[i])) continue;
      const double error = std::abs(gradient[i] - result.numeric[i]);
      if (!(error <= result.bar[i] + options.held_to() * scale)) return false;
    }
  }
  return true;
}

/// Puts the ops with wrong rules first among the causes, each once.
void blame_ops(Result& result, Var cost, std::span<const Var> leaves,
               const ParameterVector& theta) {
  std::vector<Cause> causes;
  std::vector<WrongOp> blamed;
  std::vector<std::size_t> others;
  for (WrongOp& wrong : find_wrong_ops(cost, leaves, theta.values())) {
    const auto same = std::ranges::find_if(blamed, [&](const WrongOp& known) {
      return known.op == wrong.op && known.operands == wrong.operands;
    });
    if (same != blamed.end()) {
      ++others[static_cast<std::size_t>(same - blamed.begin())];
      continue;
    }
    blamed.push_back(std::move(wrong));
    others.push_back(0);
  }
  for (std::size_t k = 0; k < blamed.size(); ++k) {
    // The difference is exact but for 1e-22, and nothing but this op is in it.
    Cause cause{Pattern::wrong_op, blamed[k].analytic / blamed[k].numeric, 0.99,
                blamed[k].sentence()};
    if (others[k] > 0) cause.sentence += fmt::format("; so it is in {} more records", others[k]);
    causes.push_back(std::move(cause));
  }
  if (causes.empty()) {
    result.notes.emplace_back(
        "the rule of every op agrees with differences of that op alone, in double: the mistake is "
        "in none of them by itself");
  }
  result.causes.insert(result.causes.begin(), causes.begin(), causes.end());
}

}  // namespace

void explain_failure(Result& result, Var cost, std::span<const CheckedLeaf> leaves,
                     const ParameterVector& theta, std::span<const double> tape_gradient,
                     const NetworkOptions& options) {
  if (options.gradient != nullptr && agrees(tape_gradient, result, options)) {
    result.notes.emplace_back(
        "the tape's own gradient agrees with the differences: only the gradient that was given is "
        "wrong");
    return;
  }
  blame_ops(result, cost, vars_of(leaves), theta);
}

}  // namespace dtheta::gradcheck
