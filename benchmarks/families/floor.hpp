#pragma once

#include "benchmarks/families/family.hpp"

namespace families {

/// What the best difference could know of a derivative: the smallest, over all steps, of truncation
/// plus noise. Both are known exactly, for J is known in quad: truncation is the error of the
/// stencil on the exact J, noise the range of what the cost differs from it. `side` is -1 or +1 for
/// one-sided stencils and 0 for a central one. Infinite where no step gives a finite difference.
double floor_of(const World& world, std::size_t entry, double right, int side);

/// How far the gradient that the world calls right is from the best difference of J in quad, less
/// what quad itself may have rounded: for validating the worlds.
double disagreement(const World& world, std::size_t entry, double right, int side);

}  // namespace families
