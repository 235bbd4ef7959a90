#include "benchmarks/adbench/gmm.hpp"

#include <array>

#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/concat.hpp"
#include "autodiff/ops/shape/indexing.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/slice.hpp"

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

/// Points that are treated together: what is computed for them stays in a core's cache.
constexpr Index block = 128;

/// For the rows of x: the sum over i of logsumexp_k(base_k - |Q_k (x_i - mu_k)|^2 / 2).
/// `maps` (d * k, d + 1): row r of Q_k, then of -Q_k mu_k, at r * k + component; x ends in a 1.
/// Components are the innermost axis, so that the sum of squares runs along memory.
Var log_density(Var x, Var maps, Var base, Index d) {
  const Index k = base.size();
  const Var mapped = reshape(matmul(x, maps, false, true), {x.shape()[0], d, k});
  return sum(logsumexp(base - 0.5 * sum(square(mapped), 1), 1));
}

/// The points, each followed by a 1.
Tensor extended_points(const GmmInput& in) {
  std::vector<double> x;
  for (auto point = in.x.begin(); point != in.x.end(); point += in.d) {
    x.insert(x.end(), point, point + in.d);
    x.push_back(1);
  }
  return Tensor(Shape{in.n, in.d + 1}, std::span<const double>(x));
}

Var added(Var a, Var b) { return a.exists() ? a + b : b; }

}  // namespace

Recorded record_gmm(Tape& tape, const GmmInput& in) {
  const Index d = in.d, k = in.k, n = in.n, size = d * (d + 1) / 2;
  const auto leaf = [&](const std::vector<double>& v, const Shape& shape) {
    return tape.leaf(Tensor(shape, std::span(v)));
  };
  const Var alpha = leaf(in.alpha, {k}), mu = leaf(in.mu, {k, d}), icf = leaf(in.icf, {k, size});
  const Var x = tape.constant(extended_points(in));

  const Var logs = slice(icf, 1, {0, d}), s = sum(logs, 1), base = alpha + s;
  const Var entries =
      concat({tape.constant(Tensor(Shape{k, 1})), exp(logs), slice(icf, 1, {d, size})}, 1);
  const Var q = reshape(take(entries, tape.constant(places_in_triangle(d)), 1), {k, d, d});
  const Var rows = permute(q, {1, 0, 2});  // (row, component, column)
  const Var maps = reshape(concat({rows, -sum(rows * mu, 2, true)}, 2), {d * k, d + 1});

  // Each block of points is differentiated before the next one is computed.
  Var densities, d_maps, d_base;
  for (Index first = 0; first < n; first += block) {
    const Var points = slice(x, 0, {first, first + block});
    const Var density = log_density(points, maps, base, d);
    const std::vector<Var> g = grad(density, {maps, base});
    densities = added(densities, density);
    d_maps = added(d_maps, g[0]);
    d_base = added(d_base, g[1]);
  }

  const Var prior = 0.5 * in.gamma * in.gamma * sum(square(q)) - in.m * sum(s) -
                    static_cast<double>(n) * logsumexp(alpha) + constant_term(in);
  const std::array ys{maps, base, prior}, cotangents{d_maps, d_base, tape.constant(1)};
  return {densities + prior, vjp(ys, cotangents, std::array{alpha, mu, icf})};
}

}  // namespace dtheta::bench::adbench
