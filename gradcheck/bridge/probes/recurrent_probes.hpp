#pragma once

#include <array>

#include "autodiff/op.hpp"
#include "autodiff/var.hpp"

namespace dtheta::gradcheck {

/// The layers whose steps have one move each in every probe.
enum class RecurrentCell : std::uint8_t { lstm, gru, rnn };

/// A recurrent layer at θ. With G gates, 4, 3 or 1:
struct RecurrentAtTheta {
  RecurrentCell cell;
  bool reverse;
  Var kept{};  ///< (blocks, time, samples, hidden): what the steps leave behind, h first
  /// (time, samples, G hidden): the state's part in the gates, of all but a GRU with that of x.
  Var sums{};
  Var x{};         ///< of a GRU: the part of x, (time, samples, G hidden)
  Var w{};         ///< (G, hidden, hidden): of each gate, as it meets the states: W transposed
  Var h0{}, c0{};  ///< (samples, hidden); the second of an LSTM alone
};

/// What moves in one probe: one column of the gates, one element of W, one of the bias.
struct RecurrentMove {
  Var row;     ///< (K) indices: the column of the gates, which is the row of W
  Var x{};     ///< (time, K, samples): what is added to that column in the part of x
  Var column;  ///< (K) indices: the element's column of W
  Var weight;  ///< (K): what is added to that element
  Var bias;    ///< (K): what is added to that column in the state's part, at every step
};

/// All steps of K layers that differ from the one at θ by a move each: what they keep,
/// (blocks, time, K, samples, hidden). The first step moves one unit, and the second by that one;
/// from then on the products of W with what the states have moved by are those of one layer with K
/// times the samples. Throws ShapeError for operands that do not fit, ValueError for indices out of
/// range.
[[nodiscard]] Var recurrent_probes(const RecurrentAtTheta& at_theta, const RecurrentMove& move);

/// Their records: they are not in the table of ops, as nobody records them by hand.
[[nodiscard]] std::array<const OpRecord*, 3> recurrent_probes_ops();

}  // namespace dtheta::gradcheck
