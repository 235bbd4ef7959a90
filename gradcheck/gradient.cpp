#include "gradcheck/gradient.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "gradcheck/errors.hpp"

namespace dtheta::gradcheck {

void Gradient::copy_whole(std::span<const double> from, std::span<double> to) {
  if (from.size() != to.size()) {
    throw ShapeError(
        fmt::format("gradient: it has {} entries, but theta has {}", from.size(), to.size()));
  }
  std::ranges::copy(from, to.begin());
}

std::vector<double> Gradient::at(const ParameterVector& theta) const {
  if (layout_ != nullptr) theta.require_same_layout(*layout_);
  std::vector<double> gradient(theta.size(), std::numeric_limits<double>::quiet_NaN());
  if (function_) {
    // A copy, so that a function that writes into its θ harms no one.
    const std::vector<double> lent(theta.values().begin(), theta.values().end());
    function_(lent, gradient);
  } else {
    copy_whole(values_, gradient);
  }
  return gradient;
}

}  // namespace dtheta::gradcheck
