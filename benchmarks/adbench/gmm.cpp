#include "benchmarks/adbench/gmm.hpp"

#include "autodiff/ops/arithmetic.hpp"
#include "autodiff/ops/exp_log.hpp"
#include "autodiff/ops/indexing.hpp"
#include "autodiff/ops/matmul.hpp"
#include "autodiff/ops/reduction.hpp"
#include "autodiff/ops/shape.hpp"

namespace dtheta::bench::adbench {
namespace {

/// Where each entry of Q stands in (0, exp of the diagonal, the columns below it).
Tensor places_in_triangle(Index d) {
  std::vector<Index> place(static_cast<std::size_t>(d * d), 0);
  Index next = 1;
  for (Index j = 0; j < d; ++j) place[static_cast<std::size_t>(j * d + j)] = next++;
  for (Index j = 0; j < d; ++j) {
    for (Index i = j + 1; i < d; ++i) place[static_cast<std::size_t>(i * d + j)] = next++;
  }
  return Tensor(Shape{d * d}, std::span<const Index>(place));
}

}  // namespace

Recorded record_gmm(Tape& tape, const GmmInput& in) {
  const Index d = in.d, k = in.k, n = in.n, size = d * (d + 1) / 2;
  const auto leaf = [&](const std::vector<double>& v, const Shape& shape) {
    return tape.leaf(Tensor(shape, std::span(v)));
  };
  const Var alpha = leaf(in.alpha, {k}), mu = leaf(in.mu, {k, d}), icf = leaf(in.icf, {k, size});
  const Var x = tape.constant(Tensor(Shape{n, d}, std::span(in.x)));

  const Var logs = slice(icf, 1, {0, d}), s = sum(logs, 1);
  const Var entries =
      concat({tape.constant(Tensor(Shape{k, 1})), exp(logs), slice(icf, 1, {d, size})}, 1);
  const Var q = reshape(take(entries, tape.constant(places_in_triangle(d)), 1), {k, d, d});

  // Q_k (x_i - mu_k) for all i and k by one product: the rows of all Q_k below each other.
  const Var shift = reshape(matmul(q, expand_dims(mu, 2)), {k * d});
  const Var mapped = affine(x, reshape(q, {k * d, d}), -shift);
  const Var distances = sum(square(reshape(mapped, {n, k, d})), 2);
  const Var densities = sum(logsumexp((alpha + s) - 0.5 * distances, 1));
  const Var prior = 0.5 * in.gamma * in.gamma * sum(square(q)) - in.m * sum(s);
  const Var cost =
      densities - static_cast<double>(n) * logsumexp(alpha) + prior + constant_term(in);
  return {cost, {alpha, mu, icf}};
}

}  // namespace dtheta::bench::adbench
