#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "autodiff/workspace.hpp"
#include "gradcheck/bridge/network_check.hpp"

namespace dtheta::gradcheck {

/// The gradient that the rules of a tape give, compiled once and replayed at any θ in the tape's
/// precision: that which training would see.
class TapeGradient {
 public:
  /// The tape is afterwards as before. Throws ShapeError for a rule whose result has another shape
  /// than its leaf, and what the rules throw.
  TapeGradient(Var cost, std::span<const CheckedLeaf> leaves);

  /// Writes the gradient at `theta`; both have the leaves end to end.
  void at(std::span<const double> theta, std::span<double> gradient);

  /// How far each entry of the gradient at `theta` is off by the roundings of its arithmetic: its
  /// distance from the same computation in long double.
  [[nodiscard]] std::vector<double> rounding(std::span<const double> theta,
                                             std::span<const double> gradient) const;

 private:
  template <Scalar T>
  struct Replay {
    Replay(const Plan& plan, std::span<const Var> vars, std::span<const Var> gradient);
    template <class To>
    void run(std::span<const double> theta, std::span<To> gradient);

    Workspace<T> ws;
    std::vector<std::span<T>> leaves;  // empty for one that the gradient does not depend on
    std::vector<std::size_t> sizes;    // of all leaves
    std::vector<Var> gradients;
  };

  std::vector<Var> vars_, gradient_;
  std::optional<Plan> plan_;
  std::variant<std::monostate, Replay<float>, Replay<double>> replay_;
};

}  // namespace dtheta::gradcheck
