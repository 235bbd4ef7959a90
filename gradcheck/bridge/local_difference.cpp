#include "gradcheck/bridge/local_difference.hpp"

#include <algorithm>
#include <exception>

#include "autodiff/ops/arithmetic.hpp"

namespace dtheta::gradcheck {
namespace {

// With h = 2^-40 a two-sided difference in quad is wrong by about h² = 2^-80 of a third derivative
// and 2^-113 / h = 2^-73 of L. Where the operands are far larger than what y varies with, a smaller
// step is better; where y is far larger than what moves, a larger one.
constexpr double steps[] = {0x1p-40, 0x1p-56, 0x1p-24};
constexpr double good = 1e-14;            // of the terms: no other step is tried
constexpr double y_roundings = 0x1p-106;  // of y: some hundred roundings of quad

}  // namespace

LocalDifference::LocalDifference(const OpRecord& op, const void* attributes,
                                 std::span<const Tensor> values, std::span<const std::size_t> which,
                                 std::span<const double> cotangent)
    : tape_(std::make_unique<Tape>()),
      which_(which.begin(), which.end()),
      cotangent_(cotangent.begin(), cotangent.end()) {
  for (const Tensor& x : values) {
    leaves_.push_back(tape_->leaf(x));
    at_.emplace_back();
    if (leaves_.back().is_index()) continue;
    const auto now = leaves_.back().data<double>();
    at_.back().assign(now.begin(), now.end());
  }
  std::vector<Arg> args;
  for (const std::size_t k : which_) args.emplace_back(leaves_[k]);
  y_ = apply(op, attributes, args);
  ws_ = std::make_unique<Workspace<Quad>>(Plan({y_}));
}

std::optional<std::vector<Quad>> LocalDifference::rule(std::size_t value) try {
  const Tape::Scratch scratch(*tape_);
  const Node& node = tape_->node(y_);
  const Primal primal{tape_->inputs(y_.index()), y_};
  const Var c = tape_->leaf(Tensor(y_.shape(), std::span<const double>(cotangent_)));
  Var sum;
  for (std::size_t k = 0; k < which_.size(); ++k) {
    if (which_[k] != value) continue;
    const Var v = node.op->vjp(node.attributes, static_cast<int>(k), primal, c);
    if (v.exists()) sum = sum.exists() ? sum + v : v;
  }
  if (!sum.exists()) return std::vector<Quad>(at_[value].size(), Quad(0));
  Workspace<Quad> ws{Plan({sum})};
  ws.run();
  return std::vector<Quad>(ws[sum].begin(), ws[sum].end());
} catch (const std::exception&) {
  return {};
}

std::vector<Quad> LocalDifference::y_at(std::size_t value, std::span<const double> direction,
                                        Quad t) {
  if (ws_->plan().has_leaf(leaves_[value])) {
    const std::span<Quad> x = ws_->leaf(leaves_[value]);
    for (std::size_t j = 0; j < x.size(); ++j) {
      x[j] = Quad(at_[value][j]);
      if (direction[j] != 0) x[j] += t * Quad(direction[j]);  // 0 times infinity is NaN
    }
  }
  ws_->run();
  const auto y = (*ws_)[y_];
  return {y.begin(), y.end()};
}

LocalDifference::Slope LocalDifference::slope(std::size_t value, std::span<const double> direction,
                                              Quad h) {
  const auto y = [&](double k) { return y_at(value, direction, Quad(k) * h); };
  const auto far_below = y(-2), below = y(-1), here = y(0), above = y(1), far_above = y(2);
  Slope slope;
  for (std::size_t k = 0; k < cotangent_.size(); ++k) {
    const Quad c(cotangent_[k]);
    if (c == Quad(0)) continue;  // what is infinite and not asked for does no harm
    const Quad central = (above[k] - below[k]) / (h + h);
    const Quad wide = (far_above[k] - far_below[k]) / (Quad(4) * h);
    slope.value += c * central;
    slope.size += abs(c * central);
    slope.level += abs(c * here[k]);
    slope.bar += abs(c) * (abs(central - wide) + Quad(y_roundings) * abs(here[k]) / h);
    const auto one_sided = [&](Quad near, Quad far) {
      return (Quad(4) * (near - here[k]) - (far - here[k])) / (h + h);
    };
    slope.above += c * one_sided(above[k], far_above[k]);
    slope.below -= c * one_sided(below[k], far_below[k]);
  }
  return slope;
}

LocalDifference::Slope LocalDifference::along(std::size_t value,
                                              std::span<const double> direction) {
  std::optional<Slope> best;
  for (const double step : steps) {
    const Slope tried = slope(value, direction, Quad(step));
    const bool better = !best || !isfinite(best->bar) || tried.bar < best->bar;
    if (better) best = tried;
    if (best->bar <= Quad(good) * best->size) break;
  }
  return *best;
}

std::vector<LocalDifference::Slope> LocalDifference::all_along(std::size_t value,
                                                               std::span<const double> direction) {
  std::vector<Slope> slopes;
  for (const double step : steps) slopes.push_back(slope(value, direction, Quad(step)));
  return slopes;
}

}  // namespace dtheta::gradcheck
