#include <cmath>
#include <utility>

#include "tests/gradcheck/published/more_garbow_hillstrom.hpp"

namespace more_garbow_hillstrom {
namespace {

/// A row of zeros, to be filled in.
Row empty_row(std::size_t n) { return {0.0, Values(n, 0.0)}; }

double number(std::size_t i) { return static_cast<double>(i); }

std::vector<Row> extended_rosenbrock(Span x) {
  std::vector<Row> rows;
  for (std::size_t i = 0; i + 1 < x.size(); i += 2) {
    Row bent = empty_row(x.size());
    bent.f = 10.0 * (x[i + 1] - x[i] * x[i]);
    bent.slope[i] = -20.0 * x[i];
    bent.slope[i + 1] = 10.0;
    Row straight = empty_row(x.size());
    straight.f = 1.0 - x[i];
    straight.slope[i] = -1.0;
    rows.push_back(std::move(bent));
    rows.push_back(std::move(straight));
  }
  return rows;
}

std::vector<Row> extended_powell_singular(Span x) {
  const double r5 = std::sqrt(5.0);
  const double r10 = std::sqrt(10.0);
  std::vector<Row> rows;
  for (std::size_t i = 0; i + 3 < x.size(); i += 4) {
    const double a = x[i + 1] - 2.0 * x[i + 2];
    const double b = x[i] - x[i + 3];
    const Row four[] = {{x[i] + 10.0 * x[i + 1], {1.0, 10.0, 0.0, 0.0}},
                        {r5 * (x[i + 2] - x[i + 3]), {0.0, 0.0, r5, -r5}},
                        {a * a, {0.0, 2.0 * a, -4.0 * a, 0.0}},
                        {r10 * b * b, {2.0 * r10 * b, 0.0, 0.0, -2.0 * r10 * b}}};
    for (const Row& part : four) {
      Row row = empty_row(x.size());
      row.f = part.f;
      for (std::size_t j = 0; j < 4; ++j) row.slope[i + j] = part.slope[j];
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

std::vector<Row> penalty_1(Span x) {
  const double a = std::sqrt(1e-5);
  std::vector<Row> rows;
  Row last = empty_row(x.size());
  last.f = -0.25;
  for (std::size_t i = 0; i < x.size(); ++i) {
    Row row = empty_row(x.size());
    row.f = a * (x[i] - 1.0);
    row.slope[i] = a;
    rows.push_back(std::move(row));
    last.f += x[i] * x[i];
    last.slope[i] = 2.0 * x[i];
  }
  rows.push_back(std::move(last));
  return rows;
}

std::vector<Row> penalty_2(Span x) {
  const double a = std::sqrt(1e-5);
  const std::size_t n = x.size();
  std::vector<Row> rows;
  Row first = empty_row(n);
  first.f = x[0] - 0.2;
  first.slope[0] = 1.0;
  rows.push_back(std::move(first));
  for (std::size_t i = 1; i < n; ++i) {
    const double here = std::exp(x[i] / 10.0);
    const double before = std::exp(x[i - 1] / 10.0);
    const double y = std::exp(number(i + 1) / 10.0) + std::exp(number(i) / 10.0);
    Row row = empty_row(n);
    row.f = a * (here + before - y);
    row.slope[i] = a * here / 10.0;
    row.slope[i - 1] = a * before / 10.0;
    rows.push_back(std::move(row));
  }
  for (std::size_t i = 1; i < n; ++i) {
    const double here = std::exp(x[i] / 10.0);
    Row row = empty_row(n);
    row.f = a * (here - std::exp(-0.1));
    row.slope[i] = a * here / 10.0;
    rows.push_back(std::move(row));
  }
  Row last = empty_row(n);
  last.f = -1.0;
  for (std::size_t j = 0; j < n; ++j) {
    last.f += number(n - j) * x[j] * x[j];
    last.slope[j] = 2.0 * number(n - j) * x[j];
  }
  rows.push_back(std::move(last));
  return rows;
}

std::vector<Row> variably_dimensioned(Span x) {
  const std::size_t n = x.size();
  std::vector<Row> rows;
  Row sum = empty_row(n);
  for (std::size_t i = 0; i < n; ++i) {
    Row row = empty_row(n);
    row.f = x[i] - 1.0;
    row.slope[i] = 1.0;
    rows.push_back(std::move(row));
    sum.f += number(i + 1) * (x[i] - 1.0);
    sum.slope[i] = number(i + 1);
  }
  Row square{sum.f * sum.f, sum.slope};
  for (double& s : square.slope) s *= 2.0 * sum.f;
  rows.push_back(std::move(sum));
  rows.push_back(std::move(square));
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

/// start_j = f(j), j from 1.
template <class F>
Values started(std::size_t n, F f) {
  Values x;
  for (std::size_t j = 1; j <= n; ++j) x.push_back(f(number(j)));
  return x;
}

}  // namespace

std::vector<Problem> extended() {
  const auto rosenbrock = [](double j) { return std::fmod(j, 2.0) == 1.0 ? -1.2 : 1.0; };
  const auto powell = [](double j) {
    constexpr double start[] = {3.0, -1.0, 0.0, 1.0};
    return start[(static_cast<std::size_t>(j) - 1) % 4];
  };
  return {{21, "Extended Rosenbrock", started(8, rosenbrock), extended_rosenbrock},
          {22, "Extended Powell singular", started(8, powell), extended_powell_singular},
          {23, "Penalty I", started(6, [](double j) { return j; }), penalty_1},
          {24, "Penalty II", Values(6, 0.5), penalty_2},
          {25, "Variably dimensioned", started(6, [](double j) { return 1.0 - j / 6.0; }),
           variably_dimensioned},
          {26, "Trigonometric", Values(5, 0.2), trigonometric},
          {27, "Brown almost linear", Values(5, 0.5), brown_almost_linear}};
}

}  // namespace more_garbow_hillstrom
