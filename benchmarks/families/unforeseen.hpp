#pragma once

#include <span>

#include "benchmarks/families/model.hpp"

namespace families {

/// A model and the shortest length over which it bends.
struct Drawn {
  Model model;
  double length = 1.0;
  bool rough = false;  ///< as World::rough
};

using DrawKind = Drawn (*)(Random&);

/// Costs that are made of pieces.
std::span<const DrawKind> pieces();

}  // namespace families
