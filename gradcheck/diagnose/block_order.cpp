#include "gradcheck/diagnose/block_order.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace dtheta::gradcheck::detail {
namespace {

/// Lays the blocks out one after the other, each time one whose right derivatives are what the
/// gradient has there, and takes back what does not fit to the end.
class Ordering {
 public:
  Ordering(const Result& result, const std::vector<bool>& usable)
      : result_(result), usable_(usable), taken_(result.blocks.size(), false) {}

  /// The blocks in the order of the gradient; empty if there is none.
  std::vector<std::size_t> find() {
    if (!extend(0)) order_.clear();
    return order_;
  }

 private:
  bool extend(std::size_t at) {
    constexpr std::size_t most_trials = 10000;
    if (order_.size() == result_.blocks.size()) return true;
    for (std::size_t b = 0; b < result_.blocks.size(); ++b) {
      if (taken_[b] || ++trials_ > most_trials || !fits(result_.blocks[b], at)) continue;
      taken_[b] = true;
      order_.push_back(b);
      if (extend(at + result_.blocks[b].size)) return true;
      taken_[b] = false;
      order_.pop_back();
    }
    return false;
  }

  bool fits(const BlockResult& block, std::size_t at) const {
    constexpr double rounding = 8.0 * std::numeric_limits<double>::epsilon();
    // The textbook's bar is one rounding of J over its step, of which a sum has many.
    const double bars = result_.method == Method::textbook ? 64.0 : 2.0;
    for (std::size_t k = 0; k < block.size; ++k) {
      const std::size_t i = block.offset + k;
      if (!usable_[i]) continue;
      const double bar = bars * result_.bar[i] + rounding * std::abs(result_.numeric[i]);
      if (!(std::abs(result_.analytic[at + k] - result_.numeric[i]) <= bar)) return false;
    }
    return true;
  }

  const Result& result_;
  const std::vector<bool>& usable_;
  std::vector<bool> taken_;
  std::vector<std::size_t> order_;
  std::size_t trials_ = 0;
};

/// Blocks that lie end to end from the beginning of θ to its end.
bool whole(const Result& result) {
  std::size_t at = 0;
  for (const BlockResult& block : result.blocks) {
    if (block.offset != at) return false;
    at += block.size;
  }
  return at == result.analytic.size();
}

}  // namespace

std::optional<Cause> block_order(const Result& result, const std::vector<bool>& usable) {
  const auto usable_count = static_cast<std::size_t>(std::ranges::count(usable, true));
  // Two numbers that changed places are a permutation of entries, and chance with wide bars.
  if (result.blocks.size() < 2 || !whole(result) || 2 * usable_count < usable.size() ||
      usable_count < 4) {
    return {};
  }
  const std::vector<std::size_t> order = Ordering(result, usable).find();
  if (order.empty() || std::ranges::is_sorted(order)) return {};
  constexpr std::size_t most = 12;
  std::vector<std::string> has, due;
  for (std::size_t k = 0; k < std::min(most, order.size()); ++k) {
    has.push_back(result.blocks[order[k]].name);
    due.push_back(result.blocks[k].name);
  }
  const char* more = order.size() > most ? ", ..." : "";
  return Cause{Pattern::block_order, 0.0, 0.99,
               fmt::format("the right blocks in another order: the gradient holds {}{} where theta "
                           "has {}{}",
                           fmt::join(has, ", "), more, fmt::join(due, ", "), more)};
}

}  // namespace dtheta::gradcheck::detail
