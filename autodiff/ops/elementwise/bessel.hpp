#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// The modified Bessel functions of the first kind of orders 0 and 1, elementwise.
Var i0(Arg x);
Var i1(Arg x);
/// The same of any order from 0 to 100 (ValueError).
Var bessel_i(int order, Arg x);

}  // namespace dtheta
