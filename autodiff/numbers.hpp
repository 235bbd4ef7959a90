#pragma once

#include "autodiff/var.hpp"

/// Irrational constants as recorded values. They are computed in the scalar of each run, so that a
/// replay in quad has all of their digits; a number written as a double would not.
namespace dtheta::numbers {

Var ln2(Tape& tape);
Var ln10(Tape& tape);
Var pi(Tape& tape);
Var sqrt2(Tape& tape);

}  // namespace dtheta::numbers
