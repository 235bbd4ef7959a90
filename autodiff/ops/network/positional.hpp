#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// (length, width): element (p, 2i) is sin(p / base^(2i / width)), element (p, 2i + 1) its cosine.
/// Computed in the scalar of the run. Throws ValueError unless base > 0 and the sizes are positive.
Var positional_encoding(Tape& tape, Index length, Index width, double base = 10000,
                        SourceLocation at = SourceLocation::current());

/// Rotary position embedding.
struct RotaryOptions {
  double base = 10000;
  /// The position of the first element.
  Index start = 0;
  /// Pairs are (2i, 2i + 1); else (i, i + width / 2).
  bool interleaved = false;
};

/// x (..., length, width) with pair i of the vector at position p turned by p / base^(2i / width).
/// Throws ShapeError unless width is even.
Var rope(Arg x, const RotaryOptions& options = {});

}  // namespace dtheta
