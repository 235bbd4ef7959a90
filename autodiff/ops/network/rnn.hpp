#pragma once

#include "autodiff/var.hpp"

namespace dtheta::detail {

/// All steps h = tanh(x + W h_before) of a recurrent layer as one op. `x` (time, samples, hidden) is
/// what the input contributes, biases included; w_h (hidden, hidden); h0 (samples, hidden). With
/// `reverse` steps are taken from the last one to the first. Returns h, (time, samples, hidden).
Var rnn_steps(Arg x, Var w_h, Var h0, bool reverse);

}  // namespace dtheta::detail
