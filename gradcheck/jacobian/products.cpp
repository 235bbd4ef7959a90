#include "gradcheck/jacobian/products.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gradcheck/directions.hpp"
#include "gradcheck/errors.hpp"
#include "gradcheck/jacobian/diagnose/symmetry.hpp"
#include "gradcheck/jacobian/problem.hpp"
#include "gradcheck/jacobian/tangent.hpp"

namespace dtheta::gradcheck {
namespace {

using Vectors = std::vector<std::vector<double>>;

double dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

Vectors units(std::size_t size) {
  Vectors all(size, std::vector<double>(size, 0.0));
  for (std::size_t i = 0; i < size; ++i) all[i][i] = 1.0;
  return all;
}

Vectors random_directions(const ParameterVector& layout, std::size_t count, std::uint64_t seed) {
  Vectors all;
  for (std::size_t k = 0; k < count; ++k) all.push_back(gaussian_direction(layout, seed, k));
  return all;
}

/// A product with its sizes, at one x.
struct Asked {
  const DerivativeProduct& product;
  std::span<const double> x;
  std::size_t out = 0;

  std::vector<double> operator()(std::span<const double> v) const { return product.at(x, v, out); }
};

/// For random combinations the product must be what linearity makes of the products known.
void require_linear(const Asked& product, const Vectors& along, const Vectors& products,
                    const ProductOptions& options, JacobianResult& result) {
  const ParameterVector layout = unnamed(std::vector<double>(along.size(), 1.0));
  for (std::size_t k = 0; k < options.linear; ++k) {
    const std::vector<double> c = gaussian_direction(layout, options.seed + 77, k);
    std::vector<double> v(along.front().size(), 0.0);
    std::vector<double> sum(product.out, 0.0), size(product.out, 0.0);
    for (std::size_t a = 0; a < along.size(); ++a) {
      for (std::size_t i = 0; i < v.size(); ++i) v[i] += c[a] * along[a][i];
      for (std::size_t i = 0; i < sum.size(); ++i) {
        sum[i] += c[a] * products[a][i];
        size[i] += std::abs(c[a] * products[a][i]);
      }
    }
    const std::vector<double> whole = product(v);
    double largest = 0.0;
    for (const double s : size) largest = std::max(largest, s);
    for (std::size_t i = 0; i < sum.size(); ++i) {
      // Either side's own roundings are far below the tolerance that entries are held to.
      const double allowed = result.tolerance * std::max(size[i], 1e-3 * largest);
      if (std::abs(whole[i] - sum[i]) <= allowed) continue;
      result.verdict = Verdict::fail;
      result.causes.insert(
          result.causes.begin(),
          {JacobianPattern::unexplained, 0.0, 1.0, fmt::format("entry {}", i),
           fmt::format("the product is not linear: entry {} of that with a sum of directions is "
                       "{:.9g}, but the sum of the products is {:.9g}",
                       i, whole[i], sum[i])});
      return;
    }
  }
}

/// f along directions: t -> f(x + sum (t_k - 1) v_k).
VectorFunction along(const VectorFunction& f, const ParameterVector& x, Vectors directions,
                     std::size_t outputs) {
  return VectorFunction(
      [f, x, directions = std::move(directions), outputs](std::span<const double> t) {
        std::vector<double> moved(x.values().begin(), x.values().end());
        for (std::size_t k = 0; k < directions.size(); ++k) {
          const double by = t[k] - 1.0;
          if (by == 0.0) continue;
          for (std::size_t i = 0; i < moved.size(); ++i) moved[i] += by * directions[k][i];
        }
        return f.at(moved, outputs);
      });
}

VectorFunction weighted(const VectorFunction& f, Vectors weights, std::size_t outputs) {
  return VectorFunction([f, weights = std::move(weights), outputs](std::span<const double> x) {
    const std::vector<double> y = f.at(x, outputs);
    std::vector<double> sums;
    for (const std::vector<double>& w : weights) sums.push_back(dot(w, y));
    return sums;
  });
}

std::vector<double> by_rows(const Vectors& rows) {
  std::vector<double> all;
  for (const auto& row : rows) all.insert(all.end(), row.begin(), row.end());
  return all;
}

void say_sampled(JacobianResult& result, std::string_view what, std::size_t count, std::size_t of) {
  result.notes.push_back(fmt::format(
      "{} random {} stand for {} entries: an error is placed no closer, and one that is "
      "orthogonal to all of them is not seen",
      count, what, of));
}

/// How many outputs f has, for those who may not know.
struct Posed {
  ParameterVector x;  // lengths
  std::size_t outputs = 0;
  VectorFunction f;  // of the moves
};

Posed pose(const VectorFunction& f, const ParameterVector& x, const JacobianOptions& options) {
  const detail::JacobianProblem problem =
      detail::pose(f, RowMajor([](std::span<const double>, std::span<double>) {}), x, options);
  return {problem.x, problem.outputs.size(), problem.f};
}

JacobianResult check_columns(const char* subject, const VectorFunction& f,
                             const DerivativeProduct& product, const ParameterVector& x,
                             const ProductOptions& options, bool symmetric) {
  const Posed posed = pose(f, x, options.check);
  const std::size_t n = posed.x.size();
  const Asked asked{product, x.values(), posed.outputs};
  const bool all = n <= options.most_units;
  const Vectors directions =
      all ? units(n) : random_directions(posed.x, options.directions, options.seed);
  Vectors products;
  for (const auto& v : directions) products.push_back(asked(v));
  const std::vector<double> columns = by_rows(products);
  JacobianResult result;
  if (all) {
    const auto counted =
        VectorFunction([&](std::span<const double> at) { return f.at(at, posed.outputs); });
    result = check_jacobian(counted, ColumnMajor(columns), x, options.check);
  } else {
    ParameterVector t;
    t.add("direction", 0, {directions.size()}, std::vector<double>(directions.size(), 1.0));
    JacobianOptions check = options.check;
    check.manifolds.clear();
    check.blocks.clear();
    result = check_jacobian(along(posed.f, posed.x, directions, posed.outputs),
                            ColumnMajor(columns), t, check);
    say_sampled(result, "directions", directions.size(), n);
  }
  result.subject = subject;
  require_linear(asked, directions, products, options, result);
  if (!symmetric || !options.check.manifolds.empty()) return result;
  if (all) {
    detail::require_symmetric(result, detail::read_jacobian(ColumnMajor(columns), x.values(), n, n),
                              posed.x);
    return result;
  }
  for (std::size_t a = 0; a < directions.size(); ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      const double here = dot(directions[a], products[b]), there = dot(directions[b], products[a]);
      double size = 0.0;
      for (std::size_t i = 0; i < n; ++i) {
        size += std::abs(directions[a][i] * products[b][i]) +
                std::abs(directions[b][i] * products[a][i]);
      }
      if (std::abs(here - there) <= result.tolerance * size) continue;
      result.verdict = Verdict::fail;
      result.causes.push_back(
          {JacobianPattern::asymmetric, here - there, 0.95, "direction",
           fmt::format("the Hessian is not symmetric: u Hv is {:.9g}, but v Hu is {:.9g}", here,
                       there)});
      return result;
    }
  }
  return result;
}

/// A gradient as a function of as many outputs as inputs, with their names.
VectorFunction gradient_of(const VectorFunction& gradient, const ParameterVector& x,
                           JacobianOptions& options) {
  std::size_t n = 0;
  const detail::Tangent tangent(x, options.manifolds);
  for (const Block& block : tangent.lengths().blocks()) n += block.size;
  if (options.outputs.empty()) {
    for (const Block& block : tangent.lengths().blocks()) {
      options.outputs.push_back({block.name, block.shape});
    }
  }
  return VectorFunction([gradient, n](std::span<const double> at) { return gradient.at(at, n); });
}

}  // namespace

void DerivativeProduct::copy_whole(std::span<const double> from, std::span<double> to) {
  if (from.size() != to.size()) {
    throw ShapeError(
        fmt::format("product: it has {} entries, but {} are expected", from.size(), to.size()));
  }
  std::ranges::copy(from, to.begin());
}

std::vector<double> DerivativeProduct::at(std::span<const double> x, std::span<const double> v,
                                          std::size_t size) const {
  detail::LentBuffer buffer(size);
  const std::vector<double> lent_x(x.begin(), x.end()), lent_v(v.begin(), v.end());
  write_(lent_x, lent_v, buffer.span());
  buffer.require_inside("product");
  return {buffer.span().begin(), buffer.span().end()};
}

JacobianResult check_jvp(const VectorFunction& f, const DerivativeProduct& jvp,
                         const ParameterVector& x, const ProductOptions& options) {
  return check_columns("Jacobian product", f, jvp, x, options, false);
}

JacobianResult check_vjp(const VectorFunction& f, const DerivativeProduct& vjp,
                         const ParameterVector& x, const ProductOptions& options) {
  const Posed posed = pose(f, x, options.check);
  const Asked asked{vjp, x.values(), posed.x.size()};
  const std::size_t m = posed.outputs;
  const bool all = m <= options.most_units;
  const Vectors weights = all ? units(m)
                              : random_directions(unnamed(std::vector<double>(m, 1.0)),
                                                  options.directions, options.seed);
  Vectors rows;
  for (const auto& w : weights) rows.push_back(asked(w));
  const std::vector<double> values = by_rows(rows);
  JacobianResult result;
  if (all) {
    const auto counted = VectorFunction([&](std::span<const double> at) { return f.at(at, m); });
    result = check_jacobian(counted, RowMajor(values), x, options.check);
  } else {
    JacobianOptions check = options.check;
    check.outputs = {{"weighting", {weights.size()}}};
    check.hints.weights.clear();
    result = check_jacobian(weighted(f, weights, m), RowMajor(values), x, check);
    say_sampled(result, "weightings", weights.size(), m);
  }
  result.subject = "transposed Jacobian product";
  require_linear(asked, weights, rows, options, result);
  return result;
}

JacobianResult check_hvp(const VectorFunction& gradient, const DerivativeProduct& hvp,
                         const ParameterVector& x, const ProductOptions& options) {
  ProductOptions named = options;
  const VectorFunction g = gradient_of(gradient, x, named.check);
  return check_columns("Hessian product", g, hvp, x, named, true);
}

JacobianResult check_hessian(const VectorFunction& gradient, const Jacobian& hessian,
                             const ParameterVector& x, const JacobianOptions& options) {
  JacobianOptions named = options;
  const VectorFunction g = gradient_of(gradient, x, named);
  JacobianResult result = check_jacobian(g, hessian, x, named);
  result.subject = "Hessian";
  const bool whole = result.complete && named.blocks.empty() && named.manifolds.empty();
  if (whole) {
    const detail::RowMatrix read =
        detail::read_jacobian(hessian, x.values(), result.rows, result.columns);
    detail::require_symmetric(result, read, x);
  }
  return result;
}

}  // namespace dtheta::gradcheck
