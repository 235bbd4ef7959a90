#pragma once

#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

#include "nn/lbfgs.hpp"

namespace dtheta::nn::detail {

/// A step s and the change of the gradient y that it made.
struct LbfgsPair {
  std::vector<double> s, y;
};

/// The iterations of minimize_lbfgs, one at a time.
class LbfgsSearch {
 public:
  struct Point {
    std::vector<double> theta, gradient;
    double cost = 0;
  };
  /// To what the points are rounded that f is asked for.
  enum class Rounding : bool { none, to_float };

  /// `f` must stay where it is. `memory` pairs are remembered.
  LbfgsSearch(const CostAndGradient& f, Index memory, Rounding rounding = Rounding::none)
      : f_(f), memory_(static_cast<std::size_t>(memory)), rounding_(rounding) {}

  /// Evaluates f where the search starts.
  void start(std::vector<double> theta);
  /// To a point with a lower cost. False where there is none in reach.
  [[nodiscard]] bool iterate();

  [[nodiscard]] const Point& at() const { return at_; }
  [[nodiscard]] int evaluations() const { return evaluations_; }
  [[nodiscard]] const std::deque<LbfgsPair>& pairs() const { return pairs_; }
  void set_pairs(std::deque<LbfgsPair> pairs) { pairs_ = std::move(pairs); }

 private:
  void evaluate(Point& p);
  /// A step along d that lowers the cost enough and has come far enough.
  [[nodiscard]] bool search(const std::vector<double>& d, Point& next);

  const CostAndGradient& f_;
  std::size_t memory_;
  Rounding rounding_;
  Point at_;
  std::deque<LbfgsPair> pairs_;
  int evaluations_ = 0;
};

}  // namespace dtheta::nn::detail
