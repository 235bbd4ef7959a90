#include <algorithm>
#include <utility>

#include "tests/gradcheck/published/more_garbow_hillstrom.hpp"

namespace more_garbow_hillstrom {
namespace {

double number(std::size_t i) { return static_cast<double>(i); }

double cube(double v) { return v * v * v; }

std::vector<Row> discrete_boundary_value(Span x) {
  const std::size_t n = x.size();
  const double h = 1.0 / number(n + 1);
  std::vector<Row> rows;
  for (std::size_t i = 0; i < n; ++i) {
    const double v = x[i] + number(i + 1) * h + 1.0;
    Row row{2.0 * x[i] + 0.5 * h * h * cube(v), Values(n, 0.0)};
    row.slope[i] = 2.0 + 1.5 * h * h * v * v;
    if (i > 0) row.f -= x[i - 1], row.slope[i - 1] = -1.0;
    if (i + 1 < n) row.f -= x[i + 1], row.slope[i + 1] = -1.0;
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<Row> discrete_integral_equation(Span x) {
  const std::size_t n = x.size();
  const double h = 1.0 / number(n + 1);
  std::vector<Row> rows;
  for (std::size_t i = 0; i < n; ++i) {
    const double ti = number(i + 1) * h;
    Row row{x[i], Values(n, 0.0)};
    for (std::size_t j = 0; j < n; ++j) {
      const double tj = number(j + 1) * h;
      const double v = x[j] + tj + 1.0;
      const double kernel = 0.5 * h * (j <= i ? (1.0 - ti) * tj : ti * (1.0 - tj));
      row.f += kernel * cube(v);
      row.slope[j] = 3.0 * kernel * v * v;
    }
    row.slope[i] += 1.0;
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<Row> broyden_tridiagonal(Span x) {
  const std::size_t n = x.size();
  std::vector<Row> rows;
  for (std::size_t i = 0; i < n; ++i) {
    Row row{(3.0 - 2.0 * x[i]) * x[i] + 1.0, Values(n, 0.0)};
    row.slope[i] = 3.0 - 4.0 * x[i];
    if (i > 0) row.f -= x[i - 1], row.slope[i - 1] = -1.0;
    if (i + 1 < n) row.f -= 2.0 * x[i + 1], row.slope[i + 1] = -2.0;
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<Row> broyden_banded(Span x) {
  const std::size_t n = x.size();
  std::vector<Row> rows;
  for (std::size_t i = 0; i < n; ++i) {
    Row row{x[i] * (2.0 + 5.0 * x[i] * x[i]) + 1.0, Values(n, 0.0)};
    for (std::size_t j = i < 5 ? 0 : i - 5; j < std::min(n, i + 2); ++j) {
      if (j == i) continue;
      row.f -= x[j] * (1.0 + x[j]);
      row.slope[j] = -(1.0 + 2.0 * x[j]);
    }
    row.slope[i] = 2.0 + 15.0 * x[i] * x[i];
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<Row> linear_full_rank(Span x) {
  constexpr std::size_t m = 10;
  double sum = 0.0;
  for (const double v : x) sum += v;
  std::vector<Row> rows;
  for (std::size_t i = 0; i < m; ++i) {
    Row row{-2.0 / number(m) * sum - 1.0, Values(x.size(), -2.0 / number(m))};
    if (i < x.size()) row.f += x[i], row.slope[i] += 1.0;
    rows.push_back(std::move(row));
  }
  return rows;
}

/// f_i = factor_i·Σ j x_j − 1 over the columns from `first` to `last`.
Row rank_one_row(Span x, double factor, std::size_t first, std::size_t last) {
  Row row{-1.0, Values(x.size(), 0.0)};
  for (std::size_t j = first; j < last; ++j) {
    row.slope[j] = factor * number(j + 1);
    row.f += row.slope[j] * x[j];
  }
  return row;
}

std::vector<Row> linear_rank_1(Span x) {
  std::vector<Row> rows;
  for (std::size_t i = 1; i <= 8; ++i) rows.push_back(rank_one_row(x, number(i), 0, x.size()));
  return rows;
}

std::vector<Row> linear_rank_1_with_zeros(Span x) {
  constexpr std::size_t m = 8;
  std::vector<Row> rows;
  for (std::size_t i = 1; i <= m; ++i) {
    const double factor = i == 1 || i == m ? 0.0 : number(i - 1);
    rows.push_back(rank_one_row(x, factor, 1, x.size() - 1));
  }
  return rows;
}

/// Means of the shifted Chebyshev polynomials, by their recurrence, less their integrals.
std::vector<Row> chebyquad(Span x) {
  const std::size_t n = x.size();
  std::vector<Row> rows(n, Row{0.0, Values(n, 0.0)});
  for (std::size_t j = 0; j < n; ++j) {
    const double u = 2.0 * x[j] - 1.0;
    double before = 1.0, value = u;
    double before_slope = 0.0, slope = 2.0;
    for (std::size_t i = 0; i < n; ++i) {
      rows[i].f += value / number(n);
      rows[i].slope[j] = slope / number(n);
      const double next = 2.0 * u * value - before;
      const double next_slope = 4.0 * value + 2.0 * u * slope - before_slope;
      before = value, value = next;
      before_slope = slope, slope = next_slope;
    }
  }
  for (std::size_t i = 2; i <= n; i += 2) rows[i - 1].f += 1.0 / (number(i * i) - 1.0);
  return rows;
}

/// start_j = f(j / (n + 1)), j from 1.
template <class F>
Values started(std::size_t n, F f) {
  Values x;
  for (std::size_t j = 1; j <= n; ++j) x.push_back(f(number(j) / number(n + 1)));
  return x;
}

}  // namespace

std::vector<Problem> discretised_and_linear() {
  const auto parabola = [](double t) { return t * (t - 1.0); };
  return {{28, "Discrete boundary value", started(8, parabola), discrete_boundary_value},
          {29, "Discrete integral equation", started(8, parabola), discrete_integral_equation},
          {30, "Broyden tridiagonal", Values(8, -1.0), broyden_tridiagonal},
          {31, "Broyden banded", Values(10, -1.0), broyden_banded},
          {32, "Linear, full rank", Values(5, 1.0), linear_full_rank},
          {33, "Linear, rank 1", Values(5, 1.0), linear_rank_1},
          {34, "Linear, rank 1 with zeros", Values(5, 1.0), linear_rank_1_with_zeros},
          {35, "Chebyquad", started(8, [](double t) { return t; }), chebyquad}};
}

const std::vector<Problem>& problems() {
  static const std::vector<Problem> all = [] {
    std::vector<Problem> joined;
    for (auto part :
         {of_two_or_three(), of_four_and_more(), extended(), discretised_and_linear()}) {
      joined.insert(joined.end(), part.begin(), part.end());
    }
    return joined;
  }();
  return all;
}

}  // namespace more_garbow_hillstrom
