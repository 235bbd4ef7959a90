#pragma once

#include <array>
#include <cstdint>

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
  /// The layer's values at all steps, (samples, time, hidden), not only behind the last one,
  /// (samples, hidden).
  bool all_steps = false;
  /// From the last step to the first.
  bool reverse = false;
};

/// A recurrent layer over sequences x (samples, time, in), starting from zeros. Its parameters are,
/// named as in PyTorch, weight_ih_l0 (gates * hidden, in), weight_hh_l0 (gates * hidden, hidden)
/// and bias_ih_l0 and bias_hh_l0 (gates * hidden), with 1 gate in an rnn, 4 in an lstm and 3 in a
/// gru.
class Recurrent {
 public:
  /// All parameters start uniform in (-1 / sqrt(hidden), 1 / sqrt(hidden)). Throws ShapeError
  /// unless both sizes are at least 1.
  Recurrent(RecurrentKind kind, Index in, Index hidden, const RecurrentOptions& options = {});
  /// With values drawn at once, under `key`.
  Recurrent(RecurrentKind kind, Index in, Index hidden, RandomKey key,
            const RecurrentOptions& options = {});

  /// Throws ShapeError when x does not fit.
  [[nodiscard]] Var forward(Recording& recording, Var x) const;
  void fields(Fields& fields);

 private:
  RecurrentKind kind_;
  RecurrentOptions options_;
  Parameter w_x_, w_h_, b_x_, b_h_;
};

}  // namespace dtheta::nn
