#pragma once

#include "autodiff/var.hpp"

namespace dtheta::detail {

/// All steps of an LSTM as one op. `gates` (time, samples, 4 hidden) is the part of the gates that
/// depends on the input alone, biases included, in the order i, f, g, o; w_h (4 hidden, hidden);
/// h0 and c0 (samples, hidden). With `reverse` steps are taken from the last one to the first.
/// Returns what the steps leave behind, (6, time, samples, hidden): h, c, i, f, g, o.
Var lstm_steps(Arg gates, Var w_h, Var h0, Var c0, bool reverse);

}  // namespace dtheta::detail
