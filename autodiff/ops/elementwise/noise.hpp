#pragma once

#include "autodiff/random.hpp"
#include "autodiff/var.hpp"

namespace dtheta {

/// Random values as functions of a key and of the tape's step (Tape::step): while the step stays
/// the same, a replay draws the same values in every scalar, and a cost with dropout is an ordinary
/// deterministic function. Set the step anew for every training step.

/// Each element 1 / keep_prob with probability keep_prob, else 0 (inverted dropout).
/// Throws ValueError unless keep_prob lies in (0, 1].
Var dropout_mask(Tape& tape, const Shape& shape, double keep_prob, RandomKey key,
                 SourceLocation at = SourceLocation::current());
/// x * dropout_mask(...); x itself for keep_prob = 1.
Var dropout(Arg x, double keep_prob, RandomKey key);

/// Independent values, uniform in [0, 1) or standard normal.
Var uniform_noise(Tape& tape, const Shape& shape, RandomKey key,
                  SourceLocation at = SourceLocation::current());
Var normal_noise(Tape& tape, const Shape& shape, RandomKey key,
                 SourceLocation at = SourceLocation::current());

}  // namespace dtheta
