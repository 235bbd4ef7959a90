// ceres::GradientChecker and check_evaluate on the same functions: verdicts and time per check.
//
//   beside_ceres [REPEATS]

#include <ceres/ceres.h>
#include <ceres/gradient_checker.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "gradcheck/cost_function.hpp"
#include "gradcheck/jacobian.hpp"

namespace {

namespace gc = dtheta::gradcheck;
using Clock = std::chrono::steady_clock;
using Values = std::vector<double>;

/// Residuals with their Jacobian, row by row.
struct Function {
  std::string name;
  Values x;
  std::size_t residuals;
  std::function<void(std::span<const double> x, double* r)> value;
  std::function<void(std::span<const double> x, double* jacobian)> slope;
};

Values drawn(std::size_t count, unsigned seed, double scale = 1.0) {
  std::mt19937 bits(seed);
  std::normal_distribution<double> normal(0.0, scale);
  Values values(count);
  for (double& v : values) v = normal(bits);
  return values;
}

/// r_i = f(x_i), with df.
template <class F, class D>
Function diagonal(std::string name, Values x, F f, D df) {
  const std::size_t n = x.size();
  return {std::move(name), std::move(x), n,
          [n, f](std::span<const double> at, double* r) {
            for (std::size_t i = 0; i < n; ++i) r[i] = f(at[i]);
          },
          [n, df](std::span<const double> at, double* j) {
            std::fill_n(j, n * n, 0.0);
            for (std::size_t i = 0; i < n; ++i) j[i * n + i] = df(at[i]);
          }};
}

std::vector<Function> functions() {
  std::vector<Function> all;
  const std::size_t points = 20;
  all.push_back({"decay",
                 {2.0, 0.7, 0.1},
                 points,
                 [](std::span<const double> x, double* r) {
                   for (std::size_t i = 0; i < points; ++i) {
                     const double t = 0.1 * static_cast<double>(i);
                     r[i] = x[0] * std::exp(-x[1] * t) + x[2] - 1.0;
                   }
                 },
                 [](std::span<const double> x, double* j) {
                   for (std::size_t i = 0; i < points; ++i) {
                     const double t = 0.1 * static_cast<double>(i), e = std::exp(-x[1] * t);
                     j[3 * i] = e;
                     j[3 * i + 1] = -x[0] * t * e;
                     j[3 * i + 2] = 1.0;
                   }
                 }});
  for (const std::size_t n : {10U, 100U}) {
    const Values a = drawn(n * n, 7, 1.0 / std::sqrt(static_cast<double>(n)));
    const auto unit = [a, n](std::span<const double> x, std::size_t i) {
      double sum = 0.0;
      for (std::size_t k = 0; k < n; ++k) sum += a[i * n + k] * x[k];
      return std::tanh(sum);
    };
    all.push_back({fmt::format("tanh {0} x {0}", n), drawn(n, 8), n,
                   [=](std::span<const double> x, double* r) {
                     for (std::size_t i = 0; i < n; ++i) r[i] = unit(x, i);
                   },
                   [=](std::span<const double> x, double* j) {
                     for (std::size_t i = 0; i < n; ++i) {
                       const double t = unit(x, i);
                       for (std::size_t k = 0; k < n; ++k) {
                         j[i * n + k] = (1.0 - t * t) * a[i * n + k];
                       }
                     }
                   }});
  }
  all.push_back(diagonal(
      "offset 1e6", drawn(10, 1), [](double v) { return 1e6 + std::sin(v); },
      [](double v) { return std::cos(v); }));
  all.push_back(diagonal(
      "units 1e-6", drawn(10, 2, 1e-6), [](double v) { return std::sin(1e6 * v); },
      [](double v) { return 1e6 * std::cos(1e6 * v); }));
  all.push_back(diagonal(
      "beside a corner", Values(10, 1e-7), [](double v) { return std::abs(v) + v * v; },
      [](double v) { return (v < 0 ? -1.0 : 1.0) + 2 * v; }));
  all.push_back(diagonal(
      "fast wave", drawn(10, 3), [](double v) { return std::sin(1e3 * v); },
      [](double v) { return 1e3 * std::cos(1e3 * v); }));
  all.push_back(diagonal(
      "through float", drawn(10, 4),
      [](double v) { return static_cast<double>(static_cast<float>(std::sin(v))); },
      [](double v) { return std::cos(v); }));
  return all;
}

/// As Ceres has it; one entry of the Jacobian is off by a part of itself.
class Planted : public ceres::CostFunction {
 public:
  Planted(const Function& f, std::size_t entry, double part) : f_(f), entry_(entry), part_(part) {
    set_num_residuals(static_cast<int>(f.residuals));
    mutable_parameter_block_sizes()->push_back(static_cast<int>(f.x.size()));
  }
  bool Evaluate(double const* const* parameters, double* r, double** j) const override {
    ++evaluations;
    const std::span<const double> x(parameters[0], f_.x.size());
    f_.value(x, r);
    if (j == nullptr || j[0] == nullptr) return true;
    f_.slope(x, j[0]);
    j[0][entry_] += part_ * j[0][entry_];
    return true;
  }
  mutable std::size_t evaluations = 0;

 private:
  const Function& f_;
  std::size_t entry_;
  double part_;
};

struct Count {
  std::size_t pass = 0, fail = 0, open = 0, evaluations = 0;
  double seconds = 0.0;
};

void by_ceres(const Planted& cost, const Function& f, Count& count) {
  const auto start = Clock::now();
  const std::size_t before = cost.evaluations;
  ceres::GradientChecker checker(
      &cost, static_cast<const std::vector<const ceres::Manifold*>*>(nullptr), {});
  const double* const blocks[] = {f.x.data()};
  ceres::GradientChecker::ProbeResults results;
  constexpr double precision = 1e-8;  // Solver::Options::gradient_check_relative_precision
  ++(checker.Probe(blocks, precision, &results) ? count.pass : count.fail);
  count.seconds += std::chrono::duration<double>(Clock::now() - start).count();
  count.evaluations += cost.evaluations - before;
}

void by_us(const Planted& cost, const Function& f, Count& count) {
  const auto start = Clock::now();
  const std::size_t before = cost.evaluations;
  gc::ParameterVector x;
  x.add("x", 0, {f.x.size()}, f.x);
  const gc::JacobianResult result = gc::check_evaluate(gc::evaluate_of(cost), f.residuals, x);
  ++(result ? count.pass : result.verdict == gc::Verdict::fail ? count.fail : count.open);
  count.seconds += std::chrono::duration<double>(Clock::now() - start).count();
  count.evaluations += cost.evaluations - before;
}

void print(const std::string& name, const char* who, const std::string& what, const Count& c) {
  const auto n = static_cast<double>(c.pass + c.fail + c.open);
  fmt::print("| {} | {} | {} | {} | {} | {} | {:.0f} | {:.3g} |\n", name, what, who, c.pass, c.fail,
             c.open, static_cast<double>(c.evaluations) / n, 1e3 * c.seconds / n);
}

}  // namespace

int main(int argc, char** argv) {
  const int repeats = argc > 1 ? std::atoi(argv[1]) : 20;
  fmt::print(
      "| function | planted | checker | pass | fail | inconclusive | evaluations | ms per check |\n"
      "|---|---|---|---|---|---|---|---|\n");
  for (const Function& f : functions()) {
    Values jacobian(f.residuals * f.x.size());
    f.slope(f.x, jacobian.data());
    std::vector<std::size_t> entries;  // that are not zero
    for (std::size_t e = 0; e < jacobian.size(); ++e) {
      if (std::abs(jacobian[e]) > 1e-3) entries.push_back(e);
    }
    for (const double part : {0.0, 1e-2, 1e-4, 1e-6}) {
      Count ceres, ours;
      for (int k = 0; k < repeats; ++k) {
        const Planted cost(f, entries[static_cast<std::size_t>(k) * 7919 % entries.size()], part);
        by_ceres(cost, f, ceres);
        by_us(cost, f, ours);
      }
      const std::string what = part == 0.0 ? "nothing" : fmt::format("{:.0e} of an entry", part);
      print(f.name, "Ceres", what, ceres);
      print(f.name, "dtheta", what, ours);
    }
  }
}
