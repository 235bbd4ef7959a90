#pragma once

#include "benchmarks/adbench/gmm.hpp"

namespace dtheta::bench::adbench {

/// Minus the mean log-likelihood of each character given those before, by a network of layers
///   f = sigmoid(x w_f + b_f)   i = sigmoid(h w_i + b_i)   o = sigmoid(x w_o + b_o)
///   g = tanh(h w_g + b_g)      c <- c f + i g             h <- o tanh(c)
/// in which every product is elementwise.
[[nodiscard]] Recorded record_lstm(Tape& tape, const LstmInput& in);

}  // namespace dtheta::bench::adbench
