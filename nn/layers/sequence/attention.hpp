#pragma once

#include <optional>

#include "autodiff/ops/network/attention.hpp"
#include "autodiff/random.hpp"
#include "nn/fields.hpp"
#include "nn/layers/linear.hpp"
#include "nn/recording.hpp"

namespace dtheta::nn {

struct AttentionLayerOptions {
  /// First weights of each projection; where none is given those of PyTorch: Glorot's uniform ones
  /// for the three that stand together, and those of Linear for out_proj.
  Initializer weight_init{};
  /// Element i attends to elements 0 to i only.
  bool causal = false;
  /// Dropout of the attention's weights in training: the probability to keep one, and where the
  /// masks come from, if not from the model's seed.
  double keep_prob = 1;
  RandomStream masks{};
  bool bias = true;
  /// Queries and keys of each head are turned by their positions, see RotaryPositions.
  std::optional<RotaryOptions> rotary{};
  /// So many queries at once, 0 for all: memory that grows with the length of a sequence and not
  /// with its square, at the price of computing scores twice. See AttentionOptions.
  Index query_block = 0;
};

/// Who may not attend to whom, in one call. As PyTorch's, the first two are not 0 where attention
/// is forbidden; they may be index tensors or real ones. A query that may attend to no key gets 0,
/// where PyTorch has NaN.
struct AttentionMasks {
  /// (samples, keys): not 0 where a key is padding.
  Var key_padding{};
  /// (queries, keys) or (samples, queries, keys).
  Var forbidden{};
  /// Added to the scores (samples, heads, queries, keys), to which it broadcasts.
  Var additive{};
  /// Query i attends to keys 0 to i only.
  bool causal = false;
};

/// Attention by `heads` parts of vectors of `width`, see multi_head_attention in
/// autodiff/ops/network/attention.hpp:
///   r(attention, x)                     // of x (samples, length, width) to itself
///   r(attention, x, memory)             // to another sequence
///   r(attention, query, key, value)
///   r(attention, query, key, value, masks)
/// Its parameters are in_proj_weight (3 * width, width), in_proj_bias, out_proj.weight
/// (width, width) and out_proj.bias.
class MultiHeadAttention {
 public:
  /// Biases start at 0. Throws ShapeError unless heads divides width, ValueError for a keep_prob
  /// outside (0, 1].
  MultiHeadAttention(Index width, Index heads, const AttentionLayerOptions& options = {});
  /// With values drawn at once, under `key`.
  MultiHeadAttention(Index width, Index heads, RandomKey key,
                     const AttentionLayerOptions& options = {});

  /// Throw ShapeError for operands or masks that do not fit.
  [[nodiscard]] Var forward(Recording& recording, Var x, const AttentionMasks& masks = {}) const;
  [[nodiscard]] Var forward(Recording& recording, Var x, Var memory,
                            const AttentionMasks& masks = {}) const;
  [[nodiscard]] Var forward(Recording& recording, Var query, Var key, Var value,
                            const AttentionMasks& masks = {}) const;
  /// The same, and the weights of each head, (samples, heads, queries, keys), before dropout. Their
  /// mean over axis 1 is what PyTorch gives by default.
  [[nodiscard]] Attended attend(Recording& recording, Var query, Var key, Var value,
                                const AttentionMasks& masks = {}) const;
  void fields(Fields& fields);

 private:
  struct Prepared {
    AttentionWeights weights{};
    AttentionOptions options{};
  };
  [[nodiscard]] Prepared prepare(Recording& recording, Var query, Var key, Var value,
                                 const AttentionMasks& masks) const;

  Index heads_;
  AttentionLayerOptions options_;
  Parameter w_in_;
  std::optional<Parameter> b_in_;
  Linear out_;
};

}  // namespace dtheta::nn
