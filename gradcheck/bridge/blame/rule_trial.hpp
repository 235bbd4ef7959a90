#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "gradcheck/bridge/blame/local_difference.hpp"

namespace dtheta::gradcheck {

/// Holds the rule of one op, for one of the values that it takes, against differences of the op
/// alone: along a random direction first, then for parts of it, down to one element. What cannot be
/// measured sharply accuses nobody.
class RuleTrial {
 public:
  /// `value`: which of the values of `local`; `x`: its elements; `rule`: the cotangent that the
  /// op's rule gave it in the replay that is explained.
  RuleTrial(LocalDifference& local, std::size_t value, std::span<const double> x,
            std::span<const double> rule, std::uint64_t seed);

  struct Element {
    std::size_t index;
    double rule;
    double difference;
    double bar;     ///< of the difference
    double weight;  ///< its error among all that the rule hands down
  };
  /// An element for which the rule is wrong beyond the bar of the difference.
  std::optional<Element> wrong_element();

 private:
  struct Comparison {
    LocalDifference::Slope slope;
    Quad rule;                        // in quad, along the direction
    Quad replayed;                    // in the arithmetic of the replay
    Quad terms;                       // sum of the sizes of what `rule` adds
    std::size_t first = 0, last = 0;  // the elements that moved
    bool measured = false;
    bool suspicious = false;

    [[nodiscard]] Quad error() const;
  };
  /// How far the double value of a rule may be off, in bars of the difference and roundings.
  Quad rounded(const Comparison& c, double bars);
  enum class Scale { typical, own };
  void set_direction(Scale scale);
  Comparison compare(std::size_t first, std::size_t last);
  std::optional<Element> search(std::size_t first, std::size_t last, Comparison whole);
  std::optional<Element> judge_element(std::size_t j, const Comparison& one);
  bool confirmed(std::size_t j, Quad rule, Quad difference);

  LocalDifference& local_;
  std::size_t value_;
  std::span<const double> x_;
  std::vector<double> replayed_;
  std::vector<Quad> rule_;
  std::optional<std::vector<Quad>> rounding_;  // of the rule in double, once it is needed
  std::vector<double> direction_;
  std::uint64_t seed_;
  Quad largest_{0};  // of all that the rule hands down, along the direction
  int left_ = 0;     // comparisons that may still be made
};

}  // namespace dtheta::gradcheck
