// Problems of Moré, Garbow and Hillstrom, "Testing unconstrained optimization software", ACM Trans.
// Math. Softw. 7 (1981): J = Σ f_k², with the Jacobians of f by hand, right and known to be wrong.
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>
#include <numbers>

#include "gradcheck/check.hpp"

namespace gc = dtheta::gradcheck;
namespace data = boost::unit_test::data;
using Span = std::span<const double>;
using Values = std::vector<double>;

namespace {

/// One residual with its gradient.
struct Row {
  double f = 0.0;
  Values slope;
};

struct Problem {
  const char* name;
  Values start;
  std::function<std::vector<Row>(Span)> rows;
};

std::vector<Row> rosenbrock(Span x) {
  return {{10.0 * (x[1] - x[0] * x[0]), {-20.0 * x[0], 10.0}}, {1.0 - x[0], {-1.0, 0.0}}};
}

std::vector<Row> freudenstein_roth(Span x) {
  const double y = x[1];
  return {{-13.0 + x[0] + ((5.0 - y) * y - 2.0) * y, {1.0, 10.0 * y - 3.0 * y * y - 2.0}},
          {-29.0 + x[0] + ((y + 1.0) * y - 14.0) * y, {1.0, 3.0 * y * y + 2.0 * y - 14.0}}};
}

std::vector<Row> powell_badly_scaled(Span x) {
  return {{1e4 * x[0] * x[1] - 1.0, {1e4 * x[1], 1e4 * x[0]}},
          {std::exp(-x[0]) + std::exp(-x[1]) - 1.0001, {-std::exp(-x[0]), -std::exp(-x[1])}}};
}

std::vector<Row> brown_badly_scaled(Span x) {
  return {{x[0] - 1e6, {1.0, 0.0}}, {x[1] - 2e-6, {0.0, 1.0}}, {x[0] * x[1] - 2.0, {x[1], x[0]}}};
}

std::vector<Row> beale(Span x) {
  std::vector<Row> rows;
  const double y[] = {1.5, 2.25, 2.625};
  for (int i = 1; i <= 3; ++i) {
    const double power = std::pow(x[1], i);
    rows.push_back(
        {y[i - 1] - x[0] * (1.0 - power), {-(1.0 - power), x[0] * i * std::pow(x[1], i - 1)}});
  }
  return rows;
}

std::vector<Row> helical_valley(Span x) {
  const double r2 = x[0] * x[0] + x[1] * x[1];
  const double r = std::sqrt(r2);
  const double turn = std::atan(x[1] / x[0]) / (2.0 * std::numbers::pi) + (x[0] < 0.0 ? 0.5 : 0.0);
  const double c = 100.0 / (2.0 * std::numbers::pi * r2);
  return {{10.0 * (x[2] - 10.0 * turn), {c * x[1], -c * x[0], 10.0}},
          {10.0 * (r - 1.0), {10.0 * x[0] / r, 10.0 * x[1] / r, 0.0}},
          {x[2], {0.0, 0.0, 1.0}}};
}

std::vector<Row> bard(Span x) {
  constexpr double y[] = {0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39,
                          0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39};
  std::vector<Row> rows;
  for (int i = 1; i <= 15; ++i) {
    const double u = i;
    const double v = 16 - i;
    const double w = std::min(u, v);
    const double d = v * x[1] + w * x[2];
    rows.push_back({y[i - 1] - (x[0] + u / d), {-1.0, u * v / (d * d), u * w / (d * d)}});
  }
  return rows;
}

std::vector<Row> powell_singular(Span x) {
  const double a = x[1] - 2.0 * x[2];
  const double b = x[0] - x[3];
  return {
      {x[0] + 10.0 * x[1], {1.0, 10.0, 0.0, 0.0}},
      {std::sqrt(5.0) * (x[2] - x[3]), {0.0, 0.0, std::sqrt(5.0), -std::sqrt(5.0)}},
      {a * a, {0.0, 2.0 * a, -4.0 * a, 0.0}},
      {std::sqrt(10.0) * b * b, {2.0 * std::sqrt(10.0) * b, 0.0, 0.0, -2.0 * std::sqrt(10.0) * b}}};
}

std::vector<Row> wood(Span x) {
  const double r90 = std::sqrt(90.0);
  const double r10 = std::sqrt(10.0);
  return {{10.0 * (x[1] - x[0] * x[0]), {-20.0 * x[0], 10.0, 0.0, 0.0}},
          {1.0 - x[0], {-1.0, 0.0, 0.0, 0.0}},
          {r90 * (x[3] - x[2] * x[2]), {0.0, 0.0, -2.0 * r90 * x[2], r90}},
          {1.0 - x[2], {0.0, 0.0, -1.0, 0.0}},
          {r10 * (x[1] + x[3] - 2.0), {0.0, r10, 0.0, r10}},
          {(x[1] - x[3]) / r10, {0.0, 1.0 / r10, 0.0, -1.0 / r10}}};
}

std::vector<Row> box(Span x) {
  std::vector<Row> rows;
  for (int i = 1; i <= 10; ++i) {
    const double t = 0.1 * i;
    const double e = std::exp(-t) - std::exp(-10.0 * t);
    rows.push_back({std::exp(-t * x[0]) - std::exp(-t * x[1]) - x[2] * e,
                    {-t * std::exp(-t * x[0]), t * std::exp(-t * x[1]), -e}});
  }
  return rows;
}

std::vector<Row> trigonometric(Span x) {
  const std::size_t n = x.size();
  double cosines = 0.0;
  for (const double v : x) cosines += std::cos(v);
  std::vector<Row> rows;
  for (std::size_t i = 0; i < n; ++i) {
    const double k = static_cast<double>(i + 1);
    Row row{static_cast<double>(n) - cosines + k * (1.0 - std::cos(x[i])) - std::sin(x[i]), {}};
    for (std::size_t j = 0; j < n; ++j) row.slope.push_back(std::sin(x[j]));
    row.slope[i] += k * std::sin(x[i]) - std::cos(x[i]);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<Row> brown_almost_linear(Span x) {
  const std::size_t n = x.size();
  std::vector<Row> rows;
  for (std::size_t i = 0; i + 1 < n; ++i) {
    Row row{x[i] - static_cast<double>(n + 1), Values(n, 1.0)};
    for (const double v : x) row.f += v;
    row.slope[i] = 2.0;
    rows.push_back(std::move(row));
  }
  Row last{-1.0, {}};
  double product = 1.0;
  for (const double v : x) product *= v;
  last.f += product;
  for (const double v : x) last.slope.push_back(product / v);
  rows.push_back(std::move(last));
  return rows;
}

const std::vector<Problem>& problems() {
  static const std::vector<Problem> all{
      {"Rosenbrock", {-1.2, 1.0}, rosenbrock},
      {"Freudenstein and Roth", {0.5, -2.0}, freudenstein_roth},
      {"Powell badly scaled", {0.0, 1.0}, powell_badly_scaled},
      {"Brown badly scaled", {1.0, 1.0}, brown_badly_scaled},
      {"Beale", {1.0, 1.0}, beale},
      {"Helical valley", {-1.0, 0.0, 0.0}, helical_valley},
      {"Bard", {1.0, 1.0, 1.0}, bard},
      {"Powell singular", {3.0, -1.0, 0.0, 1.0}, powell_singular},
      {"Wood", {-3.0, -1.0, -3.0, -1.0}, wood},
      {"Box", {0.0, 10.0, 20.0}, box},
      {"Trigonometric", Values(5, 0.2), trigonometric},
      {"Brown almost linear", Values(5, 0.5), brown_almost_linear}};
  return all;
}

double cost(const Problem& problem, Span x) {
  double sum = 0.0;
  for (const Row& row : problem.rows(x)) sum += row.f * row.f;
  return sum;
}

/// ∇J = 2 Σ f_k ∇f_k; `spoil` may change a Jacobian first.
Values gradient(const Problem& problem, Span x,
                const std::function<void(std::vector<Row>&)>& spoil = {}) {
  std::vector<Row> rows = problem.rows(x);
  if (spoil) spoil(rows);
  Values g(x.size(), 0.0);
  for (const Row& row : rows) {
    for (std::size_t j = 0; j < g.size(); ++j) g[j] += 2.0 * row.f * row.slope[j];
  }
  return g;
}

/// The published starting point, moved a little off its round numbers.
Values point(const Problem& problem) {
  Values x = problem.start;
  for (std::size_t j = 0; j < x.size(); ++j) x[j] += 0.013 * static_cast<double>(j + 1);
  return x;
}

gc::Result run(const Problem& problem, const Values& g, const Values& x) {
  return gc::check([&](Span t) { return cost(problem, t); }, g, x);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(published_problems)

BOOST_DATA_TEST_CASE(right_jacobian_passes, data::xrange(std::size_t{12}), which) {
  const Problem& problem = problems()[which];
  const Values x = point(problem);
  const auto result = run(problem, gradient(problem, x), x);
  BOOST_TEST(result, problem.name);
}

// Each entry of each residual's Jacobian in turn with the wrong sign: wherever that changes the
// gradient by more than a millionth of its largest entry, it is found, and in that entry.
BOOST_DATA_TEST_CASE(wrong_sign_in_a_jacobian_fails, data::xrange(std::size_t{12}), which) {
  const Problem& problem = problems()[which];
  const Values x = point(problem);
  const Values right = gradient(problem, x);
  double largest = 0.0;
  for (const double v : right) largest = std::max(largest, std::abs(v));
  std::size_t planted = 0;
  const std::size_t count = problem.rows(x).size();
  for (std::size_t k = 0; k < count; ++k) {
    for (std::size_t j = 0; j < x.size(); ++j) {
      const Values wrong = gradient(problem, x, [&](auto& rows) { rows[k].slope[j] *= -1.0; });
      if (std::abs(wrong[j] - right[j]) <= 1e-6 * largest) continue;
      ++planted;
      const auto result = run(problem, wrong, x);
      BOOST_TEST((result.verdict == gc::Verdict::fail), problem.name << " " << k << " " << j << "\n"
                                                                     << result);
      BOOST_TEST(result.worst().front().position == j);
      BOOST_TEST(result.block("theta").failed == 1U);
    }
  }
  BOOST_TEST(planted > 0U);
}

BOOST_AUTO_TEST_SUITE_END()
