#include <cmath>
#include <utility>

#include "tests/gradcheck/published/more_garbow_hillstrom.hpp"

namespace more_garbow_hillstrom {
namespace {

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

std::vector<Row> kowalik_osborne(Span x) {
  constexpr double y[] = {0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627,
                          0.0456, 0.0342, 0.0323, 0.0235, 0.0246};
  constexpr double u[] = {4.0, 2.0, 1.0, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625};
  std::vector<Row> rows;
  for (std::size_t i = 0; i < 11; ++i) {
    const double above = u[i] * u[i] + u[i] * x[1];
    const double below = u[i] * u[i] + u[i] * x[2] + x[3];
    const double q = x[0] * above / (below * below);
    rows.push_back(
        {y[i] - x[0] * above / below, {-above / below, -x[0] * u[i] / below, q * u[i], q}});
  }
  return rows;
}

std::vector<Row> brown_dennis(Span x) {
  std::vector<Row> rows;
  for (int i = 1; i <= 20; ++i) {
    const double t = i / 5.0;
    const double a = x[0] + t * x[1] - std::exp(t);
    const double b = x[2] + x[3] * std::sin(t) - std::cos(t);
    rows.push_back({a * a + b * b, {2.0 * a, 2.0 * a * t, 2.0 * b, 2.0 * b * std::sin(t)}});
  }
  return rows;
}

std::vector<Row> osborne_1(Span x) {
  constexpr double y[] = {0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818,
                          0.784, 0.751, 0.718, 0.685, 0.658, 0.628, 0.603, 0.580, 0.558,
                          0.538, 0.522, 0.506, 0.490, 0.478, 0.467, 0.457, 0.448, 0.438,
                          0.431, 0.424, 0.420, 0.414, 0.411, 0.406};
  std::vector<Row> rows;
  for (std::size_t i = 0; i < 33; ++i) {
    const double t = 10.0 * static_cast<double>(i);
    const double a = std::exp(-t * x[3]);
    const double b = std::exp(-t * x[4]);
    rows.push_back(
        {y[i] - (x[0] + x[1] * a + x[2] * b), {-1.0, -a, -b, t * x[1] * a, t * x[2] * b}});
  }
  return rows;
}

std::vector<Row> biggs(Span x) {
  std::vector<Row> rows;
  for (int i = 1; i <= 13; ++i) {
    const double t = 0.1 * i;
    const double y = std::exp(-t) - 5.0 * std::exp(-10.0 * t) + 3.0 * std::exp(-4.0 * t);
    const double a = std::exp(-t * x[0]);
    const double b = std::exp(-t * x[1]);
    const double c = std::exp(-t * x[4]);
    rows.push_back({x[2] * a - x[3] * b + x[5] * c - y,
                    {-t * x[2] * a, t * x[3] * b, a, -b, -t * x[5] * c, c}});
  }
  return rows;
}

std::vector<Row> osborne_2(Span x) {
  constexpr double y[] = {
      1.366, 1.191, 1.112, 1.013, 0.991, 0.885, 0.831, 0.847, 0.786, 0.725, 0.746, 0.679, 0.608,
      0.655, 0.616, 0.606, 0.602, 0.626, 0.651, 0.724, 0.649, 0.649, 0.694, 0.644, 0.624, 0.661,
      0.612, 0.558, 0.533, 0.495, 0.500, 0.423, 0.395, 0.375, 0.372, 0.391, 0.396, 0.405, 0.428,
      0.429, 0.523, 0.562, 0.607, 0.653, 0.672, 0.708, 0.633, 0.668, 0.645, 0.632, 0.591, 0.559,
      0.597, 0.625, 0.739, 0.710, 0.729, 0.720, 0.636, 0.581, 0.428, 0.292, 0.162, 0.098, 0.054};
  std::vector<Row> rows;
  for (std::size_t i = 0; i < 65; ++i) {
    const double t = static_cast<double>(i) / 10.0;
    const double e = std::exp(-t * x[4]);
    Row row{y[i] - x[0] * e, Values(11, 0.0)};
    row.slope[0] = -e;
    row.slope[4] = t * x[0] * e;
    for (std::size_t k = 0; k < 3; ++k) {  // bumps at x₉, x₁₀, x₁₁
      const double d = t - x[8 + k];
      const double bump = std::exp(-d * d * x[5 + k]);
      row.f -= x[1 + k] * bump;
      row.slope[1 + k] = -bump;
      row.slope[5 + k] = d * d * x[1 + k] * bump;
      row.slope[8 + k] = -2.0 * d * x[5 + k] * x[1 + k] * bump;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<Row> watson(Span x) {
  const std::size_t n = x.size();
  std::vector<Row> rows;
  for (int i = 1; i <= 29; ++i) {
    const double t = i / 29.0;
    double value = 0.0;  // of the polynomial
    double slope = 0.0;  // of the polynomial
    double power = 1.0;
    Row row{0.0, {}};
    for (std::size_t j = 0; j < n; ++j, power *= t) {
      value += x[j] * power;
      slope += static_cast<double>(j) * x[j] * power / t;
    }
    power = 1.0;
    for (std::size_t j = 0; j < n; ++j, power *= t) {
      row.slope.push_back(static_cast<double>(j) * power / t - 2.0 * value * power);
    }
    row.f = slope - value * value - 1.0;
    rows.push_back(std::move(row));
  }
  Row first{x[0], Values(n, 0.0)};
  first.slope[0] = 1.0;
  Row last{x[1] - x[0] * x[0] - 1.0, Values(n, 0.0)};
  last.slope[0] = -2.0 * x[0];
  last.slope[1] = 1.0;
  rows.push_back(std::move(first));
  rows.push_back(std::move(last));
  return rows;
}

}  // namespace

std::vector<Problem> of_four_and_more() {
  return {{13, "Powell singular", {3.0, -1.0, 0.0, 1.0}, powell_singular},
          {14, "Wood", {-3.0, -1.0, -3.0, -1.0}, wood},
          {15, "Kowalik and Osborne", {0.25, 0.39, 0.415, 0.39}, kowalik_osborne},
          {16, "Brown and Dennis", {25.0, 5.0, -5.0, -1.0}, brown_dennis},
          {17, "Osborne 1", {0.5, 1.5, -1.0, 0.01, 0.02}, osborne_1},
          {18, "Biggs", {1.0, 2.0, 1.0, 1.0, 1.0, 1.0}, biggs},
          {19, "Osborne 2", {1.3, 0.65, 0.65, 0.7, 0.6, 3.0, 5.0, 7.0, 2.0, 4.5, 5.5}, osborne_2},
          {20, "Watson", Values(6, 0.0), watson}};
}

}  // namespace more_garbow_hillstrom
