#include <algorithm>
#include <cmath>
#include <numbers>

#include "tests/gradcheck/published/more_garbow_hillstrom.hpp"

namespace more_garbow_hillstrom {
namespace {

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

std::vector<Row> jennrich_sampson(Span x) {
  std::vector<Row> rows;
  for (int i = 1; i <= 10; ++i) {
    const double a = std::exp(i * x[0]);
    const double b = std::exp(i * x[1]);
    rows.push_back({2.0 + 2.0 * i - (a + b), {-i * a, -i * b}});
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

std::vector<Row> gaussian(Span x) {
  constexpr double y[] = {0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521, 0.3989,
                          0.3521, 0.2420, 0.1295, 0.0540, 0.0175, 0.0044, 0.0009};
  std::vector<Row> rows;
  for (int i = 1; i <= 15; ++i) {
    const double d = (8.0 - i) / 2.0 - x[2];
    const double e = std::exp(-0.5 * x[1] * d * d);
    rows.push_back({x[0] * e - y[i - 1], {e, -0.5 * d * d * x[0] * e, x[0] * x[1] * d * e}});
  }
  return rows;
}

std::vector<Row> meyer(Span x) {
  constexpr double y[] = {34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744,
                          8261,  7030,  6005,  5147,  4427,  3820,  3307,  2872};
  std::vector<Row> rows;
  for (int i = 1; i <= 16; ++i) {
    const double t = 45.0 + 5.0 * i + x[2];
    const double e = std::exp(x[1] / t);
    rows.push_back({x[0] * e - y[i - 1], {e, x[0] * e / t, -x[0] * e * x[1] / (t * t)}});
  }
  return rows;
}

/// With |y_i − x₂|, as the paper's data and its root (50, 25, 1.5) ask for.
std::vector<Row> gulf(Span x) {
  std::vector<Row> rows;
  for (int i = 1; i <= 20; ++i) {
    const double t = i / 100.0;
    const double y = 25.0 + std::pow(-50.0 * std::log(t), 2.0 / 3.0);
    const double d = std::abs(y - x[1]);
    const double p = std::pow(d, x[2]);
    const double e = std::exp(-p / x[0]);
    const double sign = y > x[1] ? 1.0 : -1.0;
    rows.push_back(
        {e - t,
         {e * p / (x[0] * x[0]), e * sign * x[2] * p / (d * x[0]), -e * p * std::log(d) / x[0]}});
  }
  return rows;
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

}  // namespace

std::vector<Problem> of_two_or_three() {
  return {{1, "Rosenbrock", {-1.2, 1.0}, rosenbrock},
          {2, "Freudenstein and Roth", {0.5, -2.0}, freudenstein_roth},
          {3, "Powell badly scaled", {0.0, 1.0}, powell_badly_scaled},
          {4, "Brown badly scaled", {1.0, 1.0}, brown_badly_scaled},
          {5, "Beale", {1.0, 1.0}, beale},
          {6, "Jennrich and Sampson", {0.3, 0.4}, jennrich_sampson},
          {7, "Helical valley", {-1.0, 0.0, 0.0}, helical_valley},
          {8, "Bard", {1.0, 1.0, 1.0}, bard},
          {9, "Gaussian", {0.4, 1.0, 0.0}, gaussian},
          {10, "Meyer", {0.02, 4000.0, 250.0}, meyer},
          {11, "Gulf research and development", {5.0, 2.5, 0.15}, gulf},
          {12, "Box", {0.0, 10.0, 20.0}, box}};
}

}  // namespace more_garbow_hillstrom
