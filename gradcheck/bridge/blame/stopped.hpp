#pragma once

#include <span>
#include <string>
#include <vector>

#include "autodiff/var.hpp"

namespace dtheta::gradcheck {

/// An op that cuts or changes a derivative on purpose, between leaves and cost.
struct Stopped {
  std::string op;
  std::uint32_t node = 0;
  SourceLocation where{};
};

/// What the gradient would be if nothing were cut.
struct Unstopped {
  std::vector<Stopped> cuts;     ///< those that change the gradient
  std::vector<double> gradient;  ///< laid out as the leaves; empty where there are no cuts
};

/// Looks for ops that hand a value on but not its derivative (cuts_derivative), and computes
/// the gradient of the cost at θ as if they did. Cuts that make no difference, as of a factor that
/// cancels, are not among those returned.
[[nodiscard]] Unstopped unstopped_gradient(Var cost, std::span<const Var> leaves,
                                           std::span<const double> theta);

}  // namespace dtheta::gradcheck
