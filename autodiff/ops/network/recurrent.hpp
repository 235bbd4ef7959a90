#pragma once

#include <cstdint>

#include "autodiff/var.hpp"

namespace dtheta {

/// Recurrent networks: one step (a cell) and whole sequences. Those compute the part of all steps
/// that depends on x alone in one product.

/// Parameters of a recurrent layer with `gates` gates: w_x (gates * hidden, in),
/// w_h (gates * hidden, hidden) and the biases b_x and b_h (gates * hidden), which may be left out.
/// Gates stand in PyTorch's order: i, f, g, o in an LSTM, r, z, n in a GRU.
struct RecurrentWeights {
  Var w_x;
  Var w_h;
  Var b_x{};
  Var b_h{};
};

/// The layer's values after a step, each (samples, hidden); only an LSTM has the cell's memory c.
struct RecurrentState {
  Var h;
  Var c{};
};

/// The values h of all steps, (time, samples, hidden), and the state after the last one. Of an LSTM
/// also the memory c of all steps.
struct RecurrentResult {
  Var outputs;
  RecurrentState last;
  Var memory{};
};

enum class RecurrentActivation : std::uint8_t { tanh, relu };

/// h' = tanh(W_x x + b_x + W_h h + b_h), or relu.
Var rnn_cell(Arg x, Arg h, const RecurrentWeights& w,
             RecurrentActivation activation = RecurrentActivation::tanh);
/// (i, f, g, o) = (sigmoid, sigmoid, tanh, sigmoid)(W_x x + b_x + W_h h + b_h);
/// c' = f c + i g;  h' = o tanh(c').
RecurrentState lstm_cell(Arg x, const RecurrentState& state, const RecurrentWeights& w);
/// (r, z) = sigmoid(W_x x + b_x + W_h h + b_h);  h' = (1 - z) n + z h  with
/// n = tanh(W_x x + b_x + r (W_h h + b_h)), as in PyTorch, or for reset_after = false
/// n = tanh(W_x x + b_x + W_h (r h) + b_h), as in the paper.
Var gru_cell(Arg x, Arg h, const RecurrentWeights& w, bool reset_after = true);

/// The same for the steps x[0], x[1], ... of x (time, samples, in), or with `reverse` from the last
/// to the first; outputs stay in the order of x. Throws ShapeError when there is no step.
RecurrentResult rnn(Arg x, Arg h, const RecurrentWeights& w,
                    RecurrentActivation activation = RecurrentActivation::tanh,
                    bool reverse = false);
RecurrentResult lstm(Arg x, const RecurrentState& state, const RecurrentWeights& w,
                     bool reverse = false);
RecurrentResult gru(Arg x, Arg h, const RecurrentWeights& w, bool reset_after = true,
                    bool reverse = false);

}  // namespace dtheta
