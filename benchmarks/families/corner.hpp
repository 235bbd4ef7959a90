#pragma once

#include "benchmarks/families/family.hpp"

namespace families {

/// Least squares with a penalty of absolute values, some parameters at exactly 0.
World draw_lasso(Random& random);

/// A hinge that θ meets exactly: every entry lies on the same corner.
World draw_hinge(Random& random);

}  // namespace families
