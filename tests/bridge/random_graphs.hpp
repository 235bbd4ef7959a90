#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "autodiff/tape.hpp"
#include "gradcheck/bridge/network_check.hpp"

/// Random computations on a tape, for the checker to be held against: right ones, and ones with a
/// wrong rule planted at one op.
namespace dtheta::gradcheck::test {

/// What a planted op does wrong. Each stands for a tanh.
enum class Planted {
  none,    ///< a right graph
  factor,  ///< the derivative is 1.01 times the right one
  sign,    ///< minus the right one
  zero,    ///< no derivative at all
};

/// A recorded cost with its leaves.
struct RandomGraph {
  std::unique_ptr<Tape> tape;
  Var cost;
  std::vector<CheckedLeaf> leaves;
  std::string family;  ///< "attention", "normalised", ...
  std::string scale;   ///< "1e-08", of the leaves
  /// Name of the op that stands for a tanh, right or wrong.
  static constexpr const char* planted_op = "planted";
};

/// The same seed gives the same graph with either rule. Shapes are small; scales run from 1e-8 to
/// 1e8; masks are -infinity or -1e30; attention saturates; some parameters have no effect; a third
/// of the costs contain a gradient.
[[nodiscard]] RandomGraph random_graph(std::uint64_t seed, Planted planted = Planted::none);

/// How wrong the gradient of a graph is: the largest error of a block in parts of its largest
/// derivative, by differences in quad. Left out are errors by which J would not move beyond its own
/// rounding.
[[nodiscard]] double error_of(const RandomGraph& graph);

}  // namespace dtheta::gradcheck::test
