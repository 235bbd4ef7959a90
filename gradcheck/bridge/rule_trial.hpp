#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "gradcheck/bridge/local_difference.hpp"

namespace dtheta::gradcheck {

/// Holds the rule of one op, for one of the values that it takes, against differences of the op
/// alone: along a random direction first, then for parts of it.
class RuleTrial {
 public:
  /// `operands`: those that are the value, whose elements are `x`; `rule`: the cotangent that the
  /// op's rule gives it. `operands` must outlive the trial.
  RuleTrial(LocalDifference& local, const std::vector<int>& operands, std::span<const double> x,
            std::span<const double> rule, std::uint64_t seed);

  struct Element {
    std::size_t index;
    double rule;
    double difference;
  };
  /// An element for which the rule is wrong.
  std::optional<Element> wrong_element();

 private:
  struct Comparison {
    LocalDifference::Slope slope;
    Quad error;
    bool wrong;
  };
  Comparison compare(std::size_t first, std::size_t last);
  std::size_t narrow_down();

  LocalDifference& local_;
  const std::vector<int>& operands_;
  std::vector<double> rule_;
  std::vector<double> direction_;
};

}  // namespace dtheta::gradcheck
