#pragma once

#include <memory>
#include <string>
#include <vector>

#include "autodiff/op.hpp"
#include "autodiff/tape.hpp"

namespace dtheta::gradcheck {

/// One sample of an op, recorded with every derivative that the op has:
///
///   y = op(x)                 the value
///   L = sum(c y)              c: a random signed cotangent
///   g = dL/dx                 by the op's vjp
///   s = sum over x of sum(v g)    v: a random direction; bilinear in c and v
///   h = ds/d(x, c)            the second derivative, by the vjps of what the vjp is made of
///   t = sum(c dy/dx v)        by forward mode; must equal s
///
/// Everything is an ordinary recorded value, so a plan replays all of it in any scalar.
struct OpCase {
  /// Records sample number `number` of the op on a tape of the given precision. The random values
  /// depend on the op's name and the number alone.
  OpCase(const OpRecord& op, const SampleCase& sample, std::size_t number,
         DType precision = DType::float64);

  /// The value and all derivatives.
  [[nodiscard]] std::vector<Var> everything() const;

  std::unique_ptr<Tape> tape;
  std::vector<Var> operands;        // all of them
  std::vector<Var> differentiated;  // those with a derivative
  Var y;
  bool has_derivative = false;  // the rest exists only then
  Var cotangent;
  Var cost;
  std::vector<Var> gradient;
  std::vector<Var> directions;  // v, in proportion to the scale on which the function varies
  Var directional;              // s
  std::vector<Var> moved;       // differentiated, then the cotangent
  std::vector<Var> second;      // h, in the order of `moved`
  Var forward_directional;      // t
  std::string shapes;           // "(2, 3) x (3)"
};

}  // namespace dtheta::gradcheck
