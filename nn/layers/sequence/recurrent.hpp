#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "autodiff/ops/network/recurrent.hpp"
#include "autodiff/random.hpp"
#include "nn/fields.hpp"
#include "nn/recording.hpp"

namespace dtheta::nn {

/// The kinds of recurrent layers, see autodiff/ops/network/recurrent.hpp for their formulas. `rnn`
/// is that with tanh.
enum class RecurrentKind : std::uint8_t { rnn, rnn_relu, lstm, gru };

struct RecurrentOptions {
  /// First values of all parameters, where not those of the layer.
  Initializer init{};
  /// The layer's values at all steps, not only behind the last one.
  bool all_steps = false;
  /// From the last step to the first.
  bool reverse = false;
  /// Layers, each of which reads what the one before says at each step.
  Index layers = 1;
  /// Each layer reads in both directions, by parameters of their own, and says both.
  bool bidirectional = false;
  bool bias = true;
  /// Dropout between layers in training: the probability to keep an element.
  double keep_prob = 1;
};

/// What a recurrent layer may be given beside x: the length of each sequence, an index tensor
/// (samples) of numbers from 0 to the time of x, and the state to begin with, zeros if not given,
/// (layers * directions, samples, hidden). Only an LSTM has the memory c. What stands in x behind
/// the length of a sequence has no effect.
struct RecurrentInputs {
  Var lengths{};
  Var h{};
  Var c{};
};

/// What it says: outputs (samples, time, directions * hidden), 0 behind the length of a sequence,
/// and the state of each layer and direction behind its last step, in the shape of the first one.
struct RecurrentOutputs {
  Var outputs;
  Var h;
  Var c{};
};

/// Recurrent layers over sequences x (samples, time, in). For layer k the parameters are, named as
/// in PyTorch, weight_ih_lk (gates * hidden, in), weight_hh_lk (gates * hidden, hidden),
/// bias_ih_lk and bias_hh_lk (gates * hidden), with 1 gate in an rnn, 4 in an lstm and 3 in a gru;
/// those of the other direction end in _reverse.
class Recurrent {
 public:
  /// All parameters start uniform in (-1 / sqrt(hidden), 1 / sqrt(hidden)). Throws ShapeError
  /// unless sizes and layers are at least 1, ValueError for a keep_prob outside (0, 1] and for one
  /// that is to go both ways and in reverse.
  Recurrent(RecurrentKind kind, Index in, Index hidden, const RecurrentOptions& options = {});
  /// With values drawn at once, under `key`.
  Recurrent(RecurrentKind kind, Index in, Index hidden, RandomKey key,
            const RecurrentOptions& options = {});

  /// With `all_steps` the outputs; else those behind the last step of each sequence, (samples,
  /// directions * hidden). Throws ShapeError when x or the lengths do not fit, ValueError for a
  /// length that is outside [0, time].
  [[nodiscard]] Var forward(Recording& recording, Var x) const;
  [[nodiscard]] Var forward(Recording& recording, Var x, Var lengths) const;
  /// All that there is to know, from any state. Throws ShapeError for a state that does not fit.
  [[nodiscard]] RecurrentOutputs run(Recording& recording, Var x,
                                     const RecurrentInputs& inputs = {}) const;
  void fields(Fields& fields);

 private:
  /// The parameters of one layer in one direction.
  struct Cell {
    std::string suffix;
    Parameter w_x{}, w_h{};
    std::optional<Parameter> b_x{}, b_h{};
    [[nodiscard]] RecurrentWeights recorded(Recording& recording) const;
  };
  struct Sequences;

  [[nodiscard]] Index directions() const { return options_.bidirectional ? 2 : 1; }
  void require_inputs(Var x, const RecurrentInputs& inputs) const;

  RecurrentKind kind_;
  Index in_, hidden_;
  RecurrentOptions options_;
  std::vector<Cell> cells_;  // of layer 0, in one direction and the other, of layer 1, ...
  std::vector<RandomStream> masks_;
};

/// h' = tanh(W_x x + b_x + W_h h + b_h), or with relu.
class RNN : public Recurrent {
 public:
  RNN(Index in, Index hidden, const RecurrentOptions& options = {},
      RecurrentActivation activation = RecurrentActivation::tanh)
      : Recurrent(
            activation == RecurrentActivation::relu ? RecurrentKind::rnn_relu : RecurrentKind::rnn,
            in, hidden, options) {}
};
/// Long short-term memory (Hochreiter and Schmidhuber 1997).
class LSTM : public Recurrent {
 public:
  LSTM(Index in, Index hidden, const RecurrentOptions& options = {})
      : Recurrent(RecurrentKind::lstm, in, hidden, options) {}
};
/// Gated recurrent units (Cho et al. 2014), with the reset gate behind the product.
class GRU : public Recurrent {
 public:
  GRU(Index in, Index hidden, const RecurrentOptions& options = {})
      : Recurrent(RecurrentKind::gru, in, hidden, options) {}
};

}  // namespace dtheta::nn
