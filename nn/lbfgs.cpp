#include "nn/lbfgs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "autodiff/errors.hpp"

namespace dtheta::nn {
namespace {

using Vector = std::vector<double>;

double dot(const Vector& a, const Vector& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

/// A point, with its cost and gradient.
struct Point {
  Vector theta;
  Vector gradient;
  double cost = 0;
};

/// A step s and the change of the gradient y that it made.
struct Pair {
  Vector s, y;
  double rho;  // 1 / s.y
};

/// -H g by the two-loop recursion.
Vector direction(const std::deque<Pair>& memory, const Vector& gradient) {
  Vector d = gradient;
  std::vector<double> alpha(memory.size());
  for (std::size_t k = memory.size(); k-- > 0;) {
    alpha[k] = memory[k].rho * dot(memory[k].s, d);
    for (std::size_t i = 0; i < d.size(); ++i) d[i] -= alpha[k] * memory[k].y[i];
  }
  if (!memory.empty()) {
    const Pair& last = memory.back();
    const double scale = 1 / (last.rho * dot(last.y, last.y));
    for (double& v : d) v *= scale;
  }
  for (std::size_t k = 0; k < memory.size(); ++k) {
    const double beta = memory[k].rho * dot(memory[k].y, d);
    for (std::size_t i = 0; i < d.size(); ++i) d[i] += (alpha[k] - beta) * memory[k].s[i];
  }
  for (double& v : d) v = -v;
  return d;
}

class Minimizer {
 public:
  Minimizer(const CostAndGradient& f, std::span<const double> theta) : f_(f) {
    at_.theta.assign(theta.begin(), theta.end());
    evaluate(at_);
  }

  bool iterate(std::size_t memory) {
    Vector d = direction(pairs_, at_.gradient);
    if (!(dot(d, at_.gradient) < 0)) {  // rounding has spoilt the memory
      pairs_.clear();
      d = direction(pairs_, at_.gradient);
    }
    Point next;
    if (!search(d, next)) return false;
    Pair p{next.theta, next.gradient, 0};
    for (std::size_t i = 0; i < d.size(); ++i) {
      p.s[i] -= at_.theta[i];
      p.y[i] -= at_.gradient[i];
    }
    const double curvature = dot(p.s, p.y);
    if (curvature > 0) {
      p.rho = 1 / curvature;
      pairs_.push_back(std::move(p));
      if (pairs_.size() > memory) pairs_.pop_front();
    }
    at_ = std::move(next);
    return true;
  }

  [[nodiscard]] const Point& at() const { return at_; }
  [[nodiscard]] int evaluations() const { return evaluations_; }

 private:
  void evaluate(Point& p) {
    p.gradient.assign(p.theta.size(), 0.0);
    p.cost = f_(p.theta, p.gradient);
    ++evaluations_;
  }

  /// A step along d that lowers the cost enough and has come far enough.
  bool search(const Vector& d, Point& next) {
    constexpr double enough = 1e-4, far = 0.9;
    constexpr int most = 60;
    const double slope = dot(d, at_.gradient);
    double low = 0, high = std::numeric_limits<double>::infinity();
    double t = pairs_.empty() ? std::min(1.0, 1 / std::sqrt(dot(d, d))) : 1.0;
    for (int k = 0; k < most; ++k) {
      next.theta = at_.theta;
      for (std::size_t i = 0; i < d.size(); ++i) next.theta[i] += t * d[i];
      evaluate(next);
      if (!(next.cost <= at_.cost + enough * t * slope))
        high = t;
      else if (dot(d, next.gradient) < far * slope)
        low = t;
      else
        return true;
      t = std::isfinite(high) ? (low + high) / 2 : 2 * low;
    }
    return false;
  }

  const CostAndGradient& f_;
  Point at_;
  std::deque<Pair> pairs_;
  int evaluations_ = 0;
};

double largest(const Vector& g) {
  double size = 0;
  for (double v : g) size = std::max(size, std::abs(v));
  return size;
}

}  // namespace

LbfgsResult minimize_lbfgs(const CostAndGradient& f, std::span<double> theta,
                           const LbfgsOptions& options) {
  if (options.memory < 1 || options.max_iterations < 0 || !(options.gradient_tolerance >= 0)) {
    throw ValueError(
        fmt::format("lbfgs: memory {} must be at least 1, max_iterations {} and gradient_tolerance "
                    "{} at least 0",
                    options.memory, options.max_iterations, options.gradient_tolerance));
  }
  Minimizer m(f, theta);
  if (!std::isfinite(m.at().cost)) {
    throw ValueError(fmt::format("lbfgs: the cost at the start is {}", m.at().cost));
  }
  LbfgsResult result;
  const auto done = [&] { return largest(m.at().gradient) <= options.gradient_tolerance; };
  while (!done() && result.iterations < options.max_iterations) {
    if (!m.iterate(static_cast<std::size_t>(options.memory))) break;
    ++result.iterations;
  }
  std::ranges::copy(m.at().theta, theta.begin());
  result.cost = m.at().cost;
  result.evaluations = m.evaluations();
  result.converged = done();
  return result;
}

}  // namespace dtheta::nn
