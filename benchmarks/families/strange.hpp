#pragma once

#include "benchmarks/families/family.hpp"

/// Worlds that were drawn up after the law, by somebody who did not look at it.
namespace families {

World draw_strange_smooth(Random& random);
World draw_strange_corner(Random& random);
World draw_strange_coarse(Random& random);

}  // namespace families
