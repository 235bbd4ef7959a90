#include "gradcheck/bridge/blame/local_difference.hpp"

#include <algorithm>
#include <cstdint>
#include <exception>

#include "autodiff/ops/elementwise/arithmetic.hpp"

namespace dtheta::gradcheck {
namespace {

// With h = 2^-40 a two-sided difference in quad is wrong by about h² = 2^-80 of a third derivative
// and 2^-113 / h = 2^-73 of L. Where the operands are far larger than what y varies with, a smaller
// step is better; where y, or what cancels in it, is far larger than what moves, a larger one.
constexpr double steps[] = {0x1p-40, 0x1p-56, 0x1p-24, 0x1p-8};
constexpr double good = 1e-14;         // of the terms: no other step is tried
constexpr double rounding = 0x1p-113;  // of quad
constexpr double roundings = 128;      // that may come together in an element of y

/// +1 or -1, one after the other.
struct Signs {
  std::uint64_t bits = 1;
  Quad operator()() {
    bits = bits * 6364136223846793005U + 1442695040888963407U;
    return (bits >> 63) != 0 ? Quad(1) : Quad(-1);
  }
};

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
  measure_noise();
}

/// An op's own roundings do to its value what roundings of its operands do. Where large terms
/// cancel inside of it they are far more than those of the value.
void LocalDifference::measure_noise() {
  ws_->run();
  const std::vector<Quad> here((*ws_)[y_].begin(), (*ws_)[y_].end());
  Signs sign;
  for (std::size_t k = 0; k < leaves_.size(); ++k) {
    if (leaves_[k].is_index() || !ws_->plan().has_leaf(leaves_[k])) continue;
    for (Quad& v : ws_->leaf(leaves_[k])) v *= Quad(1) + Quad(2 * rounding) * sign();
  }
  ws_->run();
  const auto beside = (*ws_)[y_];
  for (std::size_t j = 0; j < here.size(); ++j) {
    const Quad moved = abs(beside[j] - here[j]), least = Quad(rounding) * abs(here[j]);
    noise_.push_back(Quad(roundings) * (moved > least ? moved : least));
  }
  for (std::size_t k = 0; k < leaves_.size(); ++k) {
    if (leaves_[k].is_index() || !ws_->plan().has_leaf(leaves_[k])) continue;
    const std::span<Quad> x = ws_->leaf(leaves_[k]);
    for (std::size_t j = 0; j < x.size(); ++j) x[j] = Quad(at_[k][j]);
  }
}

std::vector<Quad> LocalDifference::rule_of(std::size_t value, bool rounded) {
  const Tape::Scratch scratch(*tape_);
  const Node& node = tape_->node(y_);
  const Var c = tape_->leaf(Tensor(y_.shape(), std::span<const double>(cotangent_)));
  // The value as the tape has it, in double.
  const Var y = rounded && !y_.is_index() ? tape_->leaf(y_.value()) : y_;
  const Primal primal{tape_->inputs(y_.index()), y};
  Var sum;
  for (std::size_t k = 0; k < which_.size(); ++k) {
    if (which_[k] != value) continue;
    const Var v = node.op->vjp(node.attributes, static_cast<int>(k), primal, c);
    if (v.exists()) sum = sum.exists() ? sum + v : v;
  }
  if (!sum.exists()) return std::vector<Quad>(at_[value].size(), Quad(0));
  Workspace<Quad> ws{Plan({sum})};
  Signs sign;
  const auto round = [&](Var x) {
    if (x.is_index() || !ws.plan().has_leaf(x)) return;
    for (Quad& v : ws.leaf(x)) v *= Quad(1) + Quad(0x1p-53) * sign();
  };
  if (rounded) {
    for (const Var x : leaves_) round(x);
    round(c);
    if (!y.is(y_)) round(y);
  }
  ws.run();
  return {ws[sum].begin(), ws[sum].end()};
}

std::optional<std::vector<Quad>> LocalDifference::rule(std::size_t value) try {
  return rule_of(value, false);
} catch (const std::exception&) {
  return {};
}

std::vector<Quad> LocalDifference::rule_rounding(std::size_t value) try {
  std::vector<Quad> moved = rule_of(value, true);
  const std::vector<Quad> exact = rule_of(value, false);
  for (std::size_t j = 0; j < moved.size(); ++j) {
    moved[j] = abs(moved[j] - exact[j]);
    if (!isfinite(moved[j])) moved[j] = Quad(0);
  }
  return moved;
} catch (const std::exception&) {
  return std::vector<Quad>(at_[value].size(), Quad(0));
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
  const auto far_below = y(-2), below = y(-1), above = y(1), far_above = y(2);
  const auto here = y(0);  // last: the value is as it was when another one moves
  Slope slope;
  for (std::size_t k = 0; k < cotangent_.size(); ++k) {
    const Quad c(cotangent_[k]);
    if (c == Quad(0)) continue;  // what is infinite and not asked for does no harm
    const Quad central = (above[k] - below[k]) / (h + h);
    const Quad wide = (far_above[k] - far_below[k]) / (Quad(4) * h);
    slope.value += c * central;
    slope.size += abs(c * central);
    slope.level += abs(c * here[k]);
    slope.bar += abs(c) * (abs(central - wide) + noise_[k] / h);
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
