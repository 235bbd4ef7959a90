#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace dtheta::gradcheck {

/// Where an input block lives that cannot be moved number by number: x moves by plus(x, delta), and
/// derivatives are by delta at 0.
struct Manifold {
  using Plus = std::function<void(std::span<const double> x, std::span<const double> delta,
                                  std::span<double> moved)>;

  std::string name;         ///< "SO(3)"
  std::size_t ambient = 0;  ///< numbers that a point is stored in
  std::size_t tangent = 0;  ///< numbers that it moves by
  Plus plus;
  /// The same moved on the other side, where there is one: a Jacobian by it is named.
  Plus other_side{};
  /// How large each number of delta is, where 1 is not right: that of a translation, say.
  std::vector<double> lengths{};
};

/// An input block and where it lives.
struct ManifoldBlock {
  std::string block;
  Manifold manifold;
};

}  // namespace dtheta::gradcheck
