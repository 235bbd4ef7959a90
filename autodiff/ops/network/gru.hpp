#pragma once

#include "autodiff/var.hpp"

namespace dtheta::detail {

/// All steps of a GRU as one op. `x` (time, samples, 3 hidden) is the part of the gates that depends
/// on the input alone, its bias included, in the order r, z, n; w_h (3 hidden, hidden) and b_h
/// (3 hidden); h0 (samples, hidden). The reset gate works on the product of n with its bias, as in
/// PyTorch. With `reverse` steps are taken from the last one to the first. Returns what the steps
/// leave behind, (5, time, samples, hidden): h, r, z, n and that product.
Var gru_steps(Arg x, Var w_h, Var b_h, Var h0, bool reverse);

}  // namespace dtheta::detail
