#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "gradcheck/jacobian/function.hpp"
#include "gradcheck/manifold.hpp"
#include "gradcheck/parameter_vector.hpp"

namespace dtheta::gradcheck::detail {

/// x with some of its blocks on manifolds, seen by the numbers it moves by. The coordinates of a
/// tangent stand at their lengths, not at 0, so that steps in parts of an entry's size suit them;
/// an entry at length + d means delta = d, exactly.
class Tangent {
 public:
  /// Throws NameError for a block that x does not have or that is named twice, ShapeError for one
  /// of another size than the manifold's.
  Tangent(const ParameterVector& x, std::span<const ManifoldBlock> manifolds);

  std::size_t size() const { return lengths_.size(); }

  /// Blocks as x's, those on manifolds of the size of their tangent.
  const ParameterVector& lengths() const { return lengths_; }

  /// x moved as these coordinates say.
  std::vector<double> point(std::span<const double> coordinates) const;

  /// f as a function of the coordinates.
  VectorFunction moved(const VectorFunction& f, std::size_t outputs) const;

 private:
  ParameterVector x_;
  ParameterVector lengths_;
  std::vector<const Manifold*> on_;  // by block; null where it is moved number by number
  std::vector<ManifoldBlock> manifolds_;
};

}  // namespace dtheta::gradcheck::detail
