#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// x itself, through which no derivative flows.
Var stop_gradient(Arg x);

}  // namespace dtheta
