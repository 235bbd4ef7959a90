#pragma once

#include "autodiff/random.hpp"
#include "nn/fields.hpp"
#include "nn/layers/layer_norm.hpp"
#include "nn/layers/linear.hpp"
#include "nn/recording.hpp"

namespace dtheta::nn {

struct AttentionLayerOptions {
  /// First weights of each projection; Glorot's uniform ones where none is given.
  Initializer weight_init{};
  /// Element i attends to elements 0 to i only.
  bool causal = false;
  /// Dropout of the attention's weights in training: the probability to keep one, and where the
  /// masks come from, if not from the model's seed.
  double keep_prob = 1;
  RandomStream masks{};
};

/// Self-attention by `heads` parts of the vectors of x (samples, length, width), see
/// multi_head_attention in autodiff/ops/network/attention.hpp. Its parameters are
/// in_proj_weight (3 * width, width), in_proj_bias, out_proj.weight (width, width) and
/// out_proj.bias.
class MultiHeadAttention {
 public:
  /// Weights start by Glorot's uniform initialisation, biases at 0. Throws ShapeError unless heads
  /// divides width, ValueError for a keep_prob outside (0, 1].
  MultiHeadAttention(Index width, Index heads, const AttentionLayerOptions& options = {});
  /// With values drawn at once, under `key`.
  MultiHeadAttention(Index width, Index heads, RandomKey key,
                     const AttentionLayerOptions& options = {});

  [[nodiscard]] Var forward(Recording& recording, Var x) const;
  void fields(Fields& fields);

 private:
  Index heads_;
  AttentionLayerOptions options_;
  Parameter w_in_, b_in_;
  Linear out_;
};

/// An encoder layer of a transformer (Vaswani et al. 2017), with the norms behind the sums:
///   a = norm(x + attention(x)),  y = norm(a + relu(a W_up^T + b_up) W_down^T + b_down)
/// for x (samples, length, width). Its members are, named as in PyTorch, self_attn, linear1 (width
/// to inner), linear2 (inner to width), norm1 and norm2.
class EncoderLayer {
 public:
  /// Throws as MultiHeadAttention does, and ShapeError unless inner is at least 1.
  EncoderLayer(Index width, Index heads, Index inner, const AttentionLayerOptions& options = {});
  /// With values drawn at once, under `key`.
  EncoderLayer(Index width, Index heads, Index inner, RandomKey key,
               const AttentionLayerOptions& options = {});

  [[nodiscard]] Var forward(Recording& recording, Var x) const;
  void fields(Fields& fields);

 private:
  MultiHeadAttention attention_;
  Linear up_, down_;
  LayerNorm norm_attended_, norm_fed_;
};

}  // namespace dtheta::nn
