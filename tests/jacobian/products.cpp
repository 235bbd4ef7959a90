// Products with Jacobians and Hessians, and whole Hessians.
#include "gradcheck/jacobian/products.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "gradcheck/errors.hpp"

namespace gc = dtheta::gradcheck;
namespace data = boost::unit_test::data;
using Span = std::span<const double>;
using Out = std::span<double>;
using Vector = std::vector<double>;

namespace {

gc::ParameterVector point(std::size_t n) {
  Vector values;
  for (std::size_t i = 0; i < n; ++i) values.push_back(0.3 + 0.05 * static_cast<double>(i % 11));
  gc::ParameterVector x;
  x.add("w", 0, {n - 2}, std::span(values).first(n - 2));
  x.add("b", 0, {2}, std::span(values).subspan(n - 2));
  return x;
}

/// f_i = sin(x_i) x_{i+1}, over a ring.
void f(Span x, Out y) {
  const std::size_t n = x.size();
  for (std::size_t i = 0; i < n; ++i) y[i] = std::sin(x[i]) * x[(i + 1) % n];
}
Vector jvp(Span x, Span v) {
  const std::size_t n = x.size();
  Vector out(n);
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t k = (i + 1) % n;
    out[i] = std::cos(x[i]) * x[k] * v[i] + std::sin(x[i]) * v[k];
  }
  return out;
}
Vector vjp(Span x, Span w) {
  const std::size_t n = x.size();
  Vector out(n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t k = (i + 1) % n;
    out[i] += std::cos(x[i]) * x[k] * w[i];
    out[k] += std::sin(x[i]) * w[i];
  }
  return out;
}

/// J = sum exp(x_i / 2) x_{i+1}: its gradient and Hessian.
Vector gradient(Span x) {
  const std::size_t n = x.size();
  Vector g(n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t k = (i + 1) % n;
    g[i] += 0.5 * std::exp(x[i] / 2) * x[k];
    g[k] += std::exp(x[i] / 2);
  }
  return g;
}
Vector hessian(Span x) {
  const std::size_t n = x.size();
  Vector h(n * n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t k = (i + 1) % n;
    h[i * n + i] += 0.25 * std::exp(x[i] / 2) * x[k];
    h[i * n + k] += 0.5 * std::exp(x[i] / 2);
    h[k * n + i] += 0.5 * std::exp(x[i] / 2);
  }
  return h;
}
Vector hvp(Span x, Span v) {
  const std::size_t n = x.size();
  const Vector h = hessian(x);
  Vector out(n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) out[i] += h[i * n + j] * v[j];
  }
  return out;
}

bool has(const gc::JacobianResult& result, gc::JacobianPattern pattern) {
  for (const auto& cause : result.causes) {
    if (cause.pattern == pattern) return true;
  }
  return false;
}

const auto sizes = data::make({std::size_t{6}, std::size_t{40}});  // by units, along directions
const gc::ProductOptions few_units{.most_units = 8};

}  // namespace

BOOST_AUTO_TEST_SUITE(derivative_products)

BOOST_DATA_TEST_CASE(right_products_pass, sizes, n) {
  const auto x = point(n);
  const gc::VectorFunction function(f, n);
  for (const auto& result :
       {gc::check_jvp(function, jvp, x, few_units), gc::check_vjp(function, vjp, x, few_units),
        gc::check_hvp(gradient, hvp, x, few_units)}) {
    BOOST_TEST(bool(result), result);
  }
}

BOOST_DATA_TEST_CASE(wrong_products_fail, sizes, n) {
  const auto x = point(n);
  const gc::VectorFunction function(f, n);
  const auto wrong_jvp = [](Span at, Span v) {
    Vector out = jvp(at, v);
    out[3] += 1e-5 * v[2];
    return out;
  };
  const auto by_jvp = gc::check_jvp(function, wrong_jvp, x, few_units);
  BOOST_TEST((by_jvp.verdict == gc::Verdict::fail), by_jvp);
  BOOST_TEST(by_jvp.worst().front().row == 3U);
  if (n == 6) BOOST_TEST(gc::place_of(by_jvp.worst().front()) == "f[3] by w[2]");
  const auto wrong_vjp = [](Span at, Span w) {
    Vector out = vjp(at, w);
    out[at.size() - 1] *= 1 + 1e-5;
    return out;
  };
  const auto by_vjp = gc::check_vjp(function, wrong_vjp, x, few_units);
  BOOST_TEST((by_vjp.verdict == gc::Verdict::fail), by_vjp);
  BOOST_TEST(by_vjp.worst().front().column == n - 1);
}

BOOST_DATA_TEST_CASE(what_is_not_linear_is_named, sizes, n) {
  const auto x = point(n);
  const auto crooked = [](Span at, Span v) {
    Vector out = jvp(at, v);
    double square = 0;
    for (const double c : v) square += c * c;
    out[1] += 0.01 * (square - std::sqrt(square));  // nothing along a unit
    return out;
  };
  const auto result = gc::check_jvp({f, n}, crooked, x, few_units);
  BOOST_TEST((result.verdict == gc::Verdict::fail));
  BOOST_TEST(result.causes.front().sentence.find("not linear") != std::string::npos, result);
}

BOOST_DATA_TEST_CASE(a_hessian_product_must_be_symmetric, sizes, n) {
  const auto x = point(n);
  const auto skew = [](Span at, Span v) {
    Vector out = hvp(at, v);
    out[0] += 1e-3 * v[1];
    return out;
  };
  const auto result = gc::check_hvp(gradient, skew, x, few_units);
  BOOST_TEST((result.verdict == gc::Verdict::fail));
  BOOST_TEST(has(result, gc::JacobianPattern::asymmetric), result);
}

BOOST_AUTO_TEST_CASE(hessians_dense_and_sparse) {
  const auto x = point(6);
  const auto good = gc::check_hessian(gradient, gc::RowMajor(hessian), x);
  BOOST_TEST(bool(good), good);
  BOOST_TEST(good.subject == "Hessian");
  BOOST_TEST((good.block("w", "b").verdict == gc::Verdict::pass));
  std::vector<std::size_t> rows, columns;
  Vector values;
  const Vector dense = hessian(x.values());
  for (std::size_t e = 0; e < 36; ++e) {
    if (dense[e] == 0) continue;
    rows.push_back(e / 6);
    columns.push_back(e % 6);
    values.push_back(dense[e]);
  }
  BOOST_TEST(bool(gc::check_hessian(gradient, gc::Triplets(rows, columns, values), x)));
}

BOOST_AUTO_TEST_CASE(a_hessian_of_one_triangle_is_named) {
  const auto x = point(6);
  const auto upper = [](Span at) {
    Vector h = hessian(at);
    for (std::size_t i = 0; i < 6; ++i) {
      for (std::size_t j = 0; j < i; ++j) h[i * 6 + j] = 0;
    }
    return h;
  };
  const auto result = gc::check_hessian(gradient, gc::RowMajor(upper), x);
  BOOST_TEST(has(result, gc::JacobianPattern::triangle), result);
}

// g = (x1, 0, ...) is no gradient: its derivatives are not symmetric, whatever the Hessian is.
BOOST_AUTO_TEST_CASE(a_gradient_of_no_cost_is_named) {
  const auto x = point(4);
  const auto none = [](Span at) { return Vector{at[1] * at[0], 0.0, at[2], at[3]}; };
  const auto its = [](Span at) {
    Vector h(16, 0.0);
    h[0] = at[1];
    h[1] = at[0];
    h[10] = h[15] = 1;
    return h;
  };
  const auto result = gc::check_hessian(none, gc::RowMajor(its), x);
  BOOST_TEST((result.verdict == gc::Verdict::fail));
  BOOST_TEST(result.causes.front().sentence.find("none of any cost") != std::string::npos, result);
}

BOOST_AUTO_TEST_CASE(a_product_of_another_size_is_refused) {
  const auto x = point(6);
  const auto shorter = [](Span, Span) { return Vector(5); };
  BOOST_CHECK_THROW(gc::check_jvp({f, 6}, shorter, x), gc::ShapeError);
}

BOOST_AUTO_TEST_SUITE_END()
