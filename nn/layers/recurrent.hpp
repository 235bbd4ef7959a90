#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "autodiff/ops/network/recurrent.hpp"
#include "autodiff/random.hpp"
#include "nn/parameter.hpp"
#include "nn/recording.hpp"

namespace dtheta::nn {

/// The kinds of recurrent layers, see autodiff/ops/network/recurrent.hpp for their formulas. `rnn`
/// is that with tanh.
enum class RecurrentKind : std::uint8_t { rnn, rnn_relu, lstm, gru };

struct RecurrentOptions {
  /// The layer's values at all steps, (samples, time, hidden), not only behind the last one,
  /// (samples, hidden).
  bool all_steps = false;
  /// From the last step to the first.
  bool reverse = false;
};

/// A recurrent layer over sequences x (samples, time, in), starting from zeros. Its parameters are
/// W_x (gates * hidden, in), W_h (gates * hidden, hidden) and the biases b_x and b_h
/// (gates * hidden), with 1 gate in an rnn, 4 in an lstm and 3 in a gru.
class Recurrent {
 public:
  /// All parameters uniform in (-1 / sqrt(hidden), 1 / sqrt(hidden)) under `key`. Throws ShapeError
  /// unless both sizes are at least 1.
  Recurrent(RecurrentKind kind, Index in, Index hidden, RandomKey key,
            const RecurrentOptions& options = {});

  /// Throws ShapeError when x does not fit.
  [[nodiscard]] Var forward(Recording& recording, Var x) const;
  [[nodiscard]] std::vector<Parameter*> parameters() { return {&w_x_, &w_h_, &b_x_, &b_h_}; }

 private:
  RecurrentKind kind_;
  RecurrentOptions options_;
  Parameter w_x_, w_h_, b_x_, b_h_;
};

}  // namespace dtheta::nn
