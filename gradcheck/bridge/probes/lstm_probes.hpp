#pragma once

#include "autodiff/op.hpp"
#include "autodiff/var.hpp"

namespace dtheta::gradcheck {

/// What moves in one probe of an LSTM: one column of its gates, and one element of W.
struct LstmMove {
  Var row;     ///< (K) indices: the column of the gates, which is the row of W
  Var gates;   ///< (time, K, samples): what is added to that column
  Var column;  ///< (K) indices: the element's column of W
  Var weight;  ///< (K): what is added to that element
};

/// An LSTM at θ.
struct LstmAtTheta {
  Var kept;  ///< (6, time, samples, hidden), see detail::lstm_steps
  Var sums;  ///< (time, samples, 4 hidden): what goes through the activations, the state's part in it
  Var w;     ///< (4, hidden, hidden): of each gate, as it meets the states: W transposed
  Var h0, c0;
  bool reverse;
};

/// All steps of K LSTMs that differ from the one at θ by a move each: what they keep,
/// (6, time, K, samples, hidden). The first step moves one unit, and the second by that one; from
/// then on the products of W with what the states have moved by are those of one LSTM with K times
/// the samples. Throws ShapeError for operands that do not fit, ValueError for indices out of range.
[[nodiscard]] Var lstm_probes(const LstmAtTheta& at_theta, const LstmMove& move);

/// Its record: it is not in the table of ops, as nobody records it by hand.
[[nodiscard]] const OpRecord& lstm_probes_op();

}  // namespace dtheta::gradcheck
