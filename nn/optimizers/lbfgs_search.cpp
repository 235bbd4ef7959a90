#include "nn/optimizers/lbfgs_search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace dtheta::nn::detail {
namespace {

using Vector = std::vector<double>;

double dot(const Vector& a, const Vector& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

/// -H g by the two-loop recursion.
Vector direction(const std::deque<LbfgsPair>& memory, const Vector& gradient) {
  Vector d = gradient;
  Vector alpha(memory.size()), rho(memory.size());
  for (std::size_t k = memory.size(); k-- > 0;) {
    rho[k] = 1 / dot(memory[k].s, memory[k].y);
    alpha[k] = rho[k] * dot(memory[k].s, d);
    for (std::size_t i = 0; i < d.size(); ++i) d[i] -= alpha[k] * memory[k].y[i];
  }
  if (!memory.empty()) {
    const double scale = 1 / (rho.back() * dot(memory.back().y, memory.back().y));
    for (double& v : d) v *= scale;
  }
  for (std::size_t k = 0; k < memory.size(); ++k) {
    const double beta = rho[k] * dot(memory[k].y, d);
    for (std::size_t i = 0; i < d.size(); ++i) d[i] += (alpha[k] - beta) * memory[k].s[i];
  }
  for (double& v : d) v = -v;
  return d;
}

}  // namespace

void LbfgsSearch::start(Vector theta) {
  at_.theta = std::move(theta);
  evaluate(at_);
}

bool LbfgsSearch::iterate() {
  Vector d = direction(pairs_, at_.gradient);
  if (!(dot(d, at_.gradient) < 0)) {  // rounding has spoilt the memory
    pairs_.clear();
    d = direction(pairs_, at_.gradient);
  }
  Point next;
  if (!search(d, next)) return false;
  LbfgsPair p{next.theta, next.gradient};
  for (std::size_t i = 0; i < d.size(); ++i) {
    p.s[i] -= at_.theta[i];
    p.y[i] -= at_.gradient[i];
  }
  if (dot(p.s, p.y) > 0) {
    pairs_.push_back(std::move(p));
    if (pairs_.size() > memory_) pairs_.pop_front();
  }
  at_ = std::move(next);
  return true;
}

void LbfgsSearch::evaluate(Point& p) {
  p.gradient.assign(p.theta.size(), 0.0);
  p.cost = f_(p.theta, p.gradient);
  ++evaluations_;
}

bool LbfgsSearch::search(const Vector& d, Point& next) {
  constexpr double enough = 1e-4, far = 0.9;
  constexpr int most = 60;
  const double slope = dot(d, at_.gradient);
  double low = 0, high = std::numeric_limits<double>::infinity();
  double t = pairs_.empty() ? std::min(1.0, 1 / std::sqrt(dot(d, d))) : 1.0;
  for (int k = 0; k < most; ++k) {
    next.theta = at_.theta;
    for (std::size_t i = 0; i < d.size(); ++i) next.theta[i] += t * d[i];
    if (rounding_ == Rounding::to_float) {
      for (double& v : next.theta) v = static_cast<double>(static_cast<float>(v));
    }
    if (next.theta == at_.theta) return false;
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

}  // namespace dtheta::nn::detail
