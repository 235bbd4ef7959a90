#include "gradcheck/gradient.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "gradcheck/errors.hpp"

namespace dtheta::gradcheck {

void Gradient::require_size(std::span<const double> values, std::size_t size) {
  if (values.size() == size) return;
  throw ShapeError(
      fmt::format("gradient: it has {} entries, but theta has {}", values.size(), size));
}

void Gradient::copy_whole(std::span<const double> from, std::span<double> to) {
  require_size(from, to.size());
  std::ranges::copy(from, to.begin());
}

std::optional<std::span<const double>> Gradient::given(const ParameterVector& theta) const {
  if (layout_ != nullptr) theta.require_same_layout(*layout_);
  if (function_) return {};
  require_size(values_, theta.size());
  return values_;
}

std::vector<double> Gradient::at(const ParameterVector& theta) const {
  if (const auto values = given(theta)) return {values->begin(), values->end()};
  std::vector<double> gradient(theta.size(), std::numeric_limits<double>::quiet_NaN());
  // A copy, so that a function that writes into its θ harms no one.
  const std::vector<double> lent(theta.values().begin(), theta.values().end());
  function_(lent, gradient);
  return gradient;
}

}  // namespace dtheta::gradcheck
