#pragma once

#include <vector>

#include "autodiff/random.hpp"
#include "nn/parameter.hpp"
#include "nn/recording.hpp"

namespace dtheta::nn {

struct AttentionLayerOptions {
  /// Element i attends to elements 0 to i only.
  bool causal = false;
  /// Dropout of the attention's weights in training: the probability to keep one, and where the
  /// masks come from.
  double keep_prob = 1;
  RandomKey dropout_key{};
};

/// Self-attention by `heads` parts of the vectors of x (samples, length, width), see
/// multi_head_attention in autodiff/ops/network/attention.hpp. Its parameters are W_in (3 * width,
/// width), b_in, W_out (width, width) and b_out.
class MultiHeadAttention {
 public:
  /// Weights by Glorot's uniform initialisation under `key`, biases 0. Throws ShapeError unless
  /// heads divides width, ValueError for a keep_prob outside (0, 1].
  MultiHeadAttention(Index width, Index heads, RandomKey key,
                     const AttentionLayerOptions& options = {});

  [[nodiscard]] Var forward(Recording& recording, Var x) const;
  [[nodiscard]] std::vector<Parameter*> parameters() { return {&w_in_, &b_in_, &w_out_, &b_out_}; }

 private:
  Index heads_;
  AttentionLayerOptions options_;
  Parameter w_in_, b_in_, w_out_, b_out_;
};

/// An encoder layer of a transformer (Vaswani et al. 2017), with the norms behind the sums:
///   a = norm(x + attention(x)),  y = norm(a + relu(a W_up^T + b_up) W_down^T + b_down)
/// for x (samples, length, width), where norm brings each vector to mean 0 and variance 1, times a
/// scale, plus a shift. Parameters: those of the attention, W_up (inner, width), b_up,
/// W_down (width, inner), b_down, and scale_a, shift_a, scale_f, shift_f (width) of the norms
/// behind the attention and behind the feed-forward part.
class EncoderLayer {
 public:
  /// Weights by Glorot's uniform initialisation under `key`, biases and shifts 0, scales 1. Throws
  /// as MultiHeadAttention does, and ShapeError unless inner is at least 1.
  EncoderLayer(Index width, Index heads, Index inner, RandomKey key,
               const AttentionLayerOptions& options = {});

  [[nodiscard]] Var forward(Recording& recording, Var x) const;
  [[nodiscard]] std::vector<Parameter*> parameters();

 private:
  MultiHeadAttention attention_;
  Parameter w_up_, b_up_, w_down_, b_down_;
  Parameter scale_a_, shift_a_, scale_f_, shift_f_;
};

}  // namespace dtheta::nn
