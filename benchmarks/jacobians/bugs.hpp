#pragma once

#include <functional>
#include <string>
#include <vector>

#include "benchmarks/jacobians/worlds.hpp"

namespace jacobian_worlds {

/// One way to be wrong.
struct Bug {
  std::string name;
  std::vector<gc::JacobianPattern> names;  ///< any of which is its right name
  /// Spoils the values of a world, or its pattern; false where it cannot be.
  std::function<bool(World& world, Vector& values, Random& random)> plant;
};

/// All that apply to a family.
std::vector<Bug> bugs_of(Family family);

/// What became of one planted bug.
struct Planted {
  bool effective =
      false;            ///< some entry is off by more than 1e-5 of its row's largest in the block
  bool caught = false;  ///< the check failed
  bool open = false;    ///< inconclusive
  bool placed =
      false;           ///< the worst entry is one that was spoiled, and none is accused that is not
  bool named = false;  ///< the first cause is its own
  std::string taken_for;
};
Planted plant(const Bug& bug, Family family, unsigned seed);

}  // namespace jacobian_worlds
