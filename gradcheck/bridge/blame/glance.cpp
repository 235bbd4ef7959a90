#include "gradcheck/bridge/blame/glance.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "gradcheck/bridge/blame/signs.hpp"

namespace dtheta::gradcheck {
namespace {

// A two-sided difference in double is then off by h^2 = 2^-36 of a third derivative and 2^-53 / h =
// 2^-35 of L.
constexpr double h = 0x1p-18;

}  // namespace

Glance::Glance(const OpRecord& op, const void* attributes, std::span<const Tensor> values,
               std::span<const std::size_t> which, std::span<const double> cotangent)
    : tape_(std::make_unique<Tape>()), cotangent_(cotangent.begin(), cotangent.end()) {
  for (const Tensor& x : values) leaves_.push_back(tape_->leaf(x));
  std::vector<Arg> args;
  for (const std::size_t k : which) args.emplace_back(leaves_[k]);
  y_ = apply(op, attributes, args);
  ws_ = std::make_unique<Workspace<double>>(Plan({y_}));
}

double Glance::moved(std::size_t value, std::span<const double> direction, double t) {
  const auto at = leaves_[value].data<double>();
  const std::span<double> x = ws_->leaf(leaves_[value]);
  for (std::size_t j = 0; j < x.size(); ++j) x[j] = at[j] + t * direction[j];
  ws_->run();
  const auto y = (*ws_)[y_];
  double sum = 0.0;
  for (std::size_t k = 0; k < cotangent_.size(); ++k) {
    if (cotangent_[k] != 0.0) sum += cotangent_[k] * y[k];
  }
  return sum;
}

double Glance::suspicion(std::size_t value, std::span<const double> rule) {
  const auto at = leaves_[value].data<double>();
  const RandomSigns signs{value};
  // What is zero among others may be a corner, as what relu hands on: it stays.
  const bool all_zero = std::ranges::all_of(at, [](double v) { return v == 0.0; });
  std::vector<double> direction(at.size());
  double given = 0.0;
  for (std::size_t j = 0; j < at.size(); ++j) {
    if (!std::isfinite(at[j])) continue;
    direction[j] = signs(j) * (all_zero ? 1.0 : std::abs(at[j]));
    given += rule[j] * direction[j];
  }
  double seen = 0.0;
  if (ws_->plan().has_leaf(leaves_[value])) {
    seen = (moved(value, direction, h) - moved(value, direction, -h)) / (2.0 * h);
    static_cast<void>(moved(value, direction, 0.0));  // as it was, when another one moves
  }
  if (!std::isfinite(given) || !std::isfinite(seen)) {
    return std::numeric_limits<double>::infinity();
  }
  const double size = std::abs(given) + std::abs(seen);
  return size == 0.0 ? 0.0 : 2.0 * std::abs(given - seen) / size;
}

}  // namespace dtheta::gradcheck
