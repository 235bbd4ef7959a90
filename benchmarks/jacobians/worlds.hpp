#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "gradcheck/jacobian.hpp"

namespace jacobian_worlds {

namespace gc = dtheta::gradcheck;
using Vector = std::vector<double>;
using Random = std::mt19937_64;

enum class Family { dense, units, corners, pose, sparse, hessian };
const char* name_of(Family family);

/// A function of which the Jacobian is known.
struct World {
  Family family = Family::dense;
  gc::VectorFunction f;
  gc::ParameterVector x;
  gc::JacobianOptions options;
  std::size_t rows = 0, columns = 0;
  std::vector<std::size_t> row_of{}, column_of{};  ///< of each entry of the pattern, by rows
  Vector values{};                                 ///< the right ones
  /// On a manifold: the Jacobians that are right for usual mistakes.
  Vector other_side{}, by_numbers{};
  std::size_t rotation = 0;  ///< first column of the rotation

  bool dense() const { return family != Family::sparse; }
  std::size_t size() const { return values.size(); }
};

/// The world of a family and a seed.
World make_world(Family family, unsigned seed);

/// Holds these values as the world's Jacobian against it.
gc::JacobianResult check(const World& world, const Vector& values);

}  // namespace jacobian_worlds
