#include "gradcheck/bridge/local_difference.hpp"

#include <algorithm>

namespace dtheta::gradcheck {
namespace {

// With h = 2^-40 a two-sided difference in quad is wrong by about h² = 2^-80 of a third derivative
// and 2^-113 / h = 2^-73 of L; one-sided ones, of order 2, are no worse.
constexpr double step = 0x1p-40;

}  // namespace

LocalDifference::LocalDifference(const OpRecord& op, const void* attributes,
                                 std::span<const Tensor> operands,
                                 std::span<const double> cotangent)
    : tape_(std::make_unique<Tape>()), cotangent_(cotangent.begin(), cotangent.end()) {
  std::vector<Arg> args;
  for (const Tensor& x : operands) {
    operands_.push_back(tape_->leaf(x));
    args.emplace_back(operands_.back());
    at_.emplace_back();
    if (operands_.back().is_index()) continue;
    const auto values = operands_.back().data<double>();
    at_.back().assign(values.begin(), values.end());
  }
  y_ = apply(op, attributes, args);
  ws_ = std::make_unique<Workspace<Quad>>(Plan({y_}));
}

void LocalDifference::run_at(std::span<const int> which, std::span<const double> direction,
                             Quad t) {
  for (const int k : which) {
    const auto i = static_cast<std::size_t>(k);
    if (!ws_->plan().has_leaf(operands_[i])) continue;
    const std::span<Quad> x = ws_->leaf(operands_[i]);
    for (std::size_t j = 0; j < x.size(); ++j) x[j] = Quad(at_[i][j]) + t * Quad(direction[j]);
  }
  ws_->run();
}

LocalDifference::Slope LocalDifference::along(std::span<const int> which,
                                              std::span<const double> direction) {
  const auto y_at = [&](Quad t) {
    run_at(which, direction, t);
    const auto y = (*ws_)[y_];
    return std::vector<Quad>(y.begin(), y.end());
  };
  const Quad h(step);
  const auto far_below = y_at(-h - h), below = y_at(-h), here = y_at(Quad(0)), above = y_at(h),
             far_above = y_at(h + h);
  Slope slope{Quad(0), Quad(0), Quad(0), Quad(0)};
  for (std::size_t k = 0; k < cotangent_.size(); ++k) {
    const Quad c(cotangent_[k]);
    if (c == Quad(0)) continue;  // what is infinite and not asked for does no harm
    const Quad central = (above[k] - below[k]) / (h + h);
    slope.value += c * central;
    slope.size += abs(c * central);
    const auto one_sided = [&](Quad near, Quad far) {
      return (Quad(4) * (near - here[k]) - (far - here[k])) / (h + h);
    };
    slope.above += c * one_sided(above[k], far_above[k]);
    slope.below -= c * one_sided(below[k], far_below[k]);
  }
  return slope;
}

}  // namespace dtheta::gradcheck
