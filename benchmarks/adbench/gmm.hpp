#pragma once

#include <vector>

#include "autodiff/tape.hpp"
#include "benchmarks/adbench/input.hpp"

namespace dtheta::bench::adbench {

/// A recorded cost and its derivatives by what ADBench differentiates by, in its order.
struct Recorded {
  Var cost;
  std::vector<Var> gradient;
};

/// The log-likelihood of the points under the mixture, with a Wishart prior:
///   J = constant + sum_i logsumexp_k(alpha_k + s_k - |Q_k (x_i - mu_k)|^2 / 2)
///       - n logsumexp(alpha) + sum_k (gamma^2 |Q_k|^2 / 2 - m s_k),
/// Q_k lower triangular with the diagonal exp(l_k), s_k the sum of l_k.
[[nodiscard]] Recorded record_gmm(Tape& tape, const GmmInput& in);

}  // namespace dtheta::bench::adbench
