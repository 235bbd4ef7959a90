#pragma once

#include <optional>
#include <vector>

#include "nn/fields.hpp"
#include "nn/layers/activation.hpp"
#include "nn/layers/dropout.hpp"
#include "nn/layers/linear.hpp"
#include "nn/layers/norm/layer_norm.hpp"
#include "nn/layers/sequence/attention.hpp"
#include "nn/recording.hpp"

namespace dtheta::nn {

/// What encoder and decoder layers are made with.
struct TransformerOptions {
  /// First weights of all products; those of PyTorch where none is given.
  Initializer weight_init{};
  /// Element i attends to elements 0 to i only.
  bool causal = false;
  /// Dropout in training, of the attention's weights, behind the activation and of all that is
  /// added: the probability to keep an element.
  double keep_prob = 1;
  /// Norms in front of attention and products, and not behind the sums.
  bool norm_first = false;
  Activation activation = Activation::relu;
  double epsilon = 1e-5;  ///< of the norms
  bool bias = true;       ///< of products and attention
  /// Queries and keys that meet in self-attention are turned by their positions.
  std::optional<RotaryOptions> rotary{};
};

namespace detail {

/// linear2(dropout(f(linear1(x)))), whose members are listed as those of the layer that has it.
class FeedForward {
 public:
  FeedForward(const char* layer, Index width, Index inner, const TransformerOptions& options);
  [[nodiscard]] Var record(Recording& recording, Var x) const;
  void list(Fields& fields);

 private:
  Activation f_;
  Linear up_, down_;
  Dropout dropout_;
};

}  // namespace detail

/// An encoder layer of a transformer (Vaswani et al. 2017), with the norms behind the sums:
///   a = norm1(x + self_attn(x)),  y = norm2(a + linear2(f(linear1(a))))
/// or, with norm_first, in front of what is added:
///   a = x + self_attn(norm1(x)),  y = a + linear2(f(linear1(norm2(a))))
/// for x (samples, length, width). Its members are, named as in PyTorch, self_attn, linear1 (width
/// to inner), linear2 (inner to width), norm1 and norm2.
class EncoderLayer {
 public:
  /// Throws as MultiHeadAttention does, and ShapeError unless inner is at least 1.
  EncoderLayer(Index width, Index heads, Index inner, const TransformerOptions& options = {});
  /// With values drawn at once, under `key`.
  EncoderLayer(Index width, Index heads, Index inner, RandomKey key,
               const TransformerOptions& options = {});

  [[nodiscard]] Var forward(Recording& recording, Var x, const AttentionMasks& masks = {}) const;
  void fields(Fields& fields);

 private:
  bool norm_first_;
  MultiHeadAttention attention_;
  detail::FeedForward feed_;
  LayerNorm norm_attended_, norm_fed_;
  Dropout dropout_attended_, dropout_fed_;
};

/// The masks of a decoder layer: of its attention to itself and of that to the memory.
struct DecoderMasks {
  AttentionMasks self{};
  AttentionMasks memory{};
};

/// A decoder layer, called as r(layer, x, memory): as an encoder layer, but with attention to the
/// memory (samples, keys, width), which an encoder has made, between the two parts. `causal` and
/// `rotary` are of the attention to itself. Its members are self_attn, multihead_attn, linear1,
/// linear2, norm1, norm2 and norm3.
class DecoderLayer {
 public:
  /// Throws as EncoderLayer does.
  DecoderLayer(Index width, Index heads, Index inner, const TransformerOptions& options = {});

  [[nodiscard]] Var forward(Recording& recording, Var x, Var memory,
                            const DecoderMasks& masks = {}) const;
  void fields(Fields& fields);

 private:
  bool norm_first_;
  MultiHeadAttention attention_, memory_attention_;
  detail::FeedForward feed_;
  LayerNorm norm_attended_, norm_memory_, norm_fed_;
  Dropout dropout_attended_, dropout_memory_, dropout_fed_;
};

/// Encoder layers one after the other, and a norm behind the last, if one is given: what norms
/// first need. Its members are layers.0, layers.1, ... and norm.
class TransformerEncoder {
 public:
  /// `count` layers like the one given. Throws ShapeError unless count is at least 1.
  TransformerEncoder(const EncoderLayer& layer, Index count, std::optional<LayerNorm> norm = {});

  [[nodiscard]] Var forward(Recording& recording, Var x, const AttentionMasks& masks = {}) const;
  void fields(Fields& fields) { fields("layers", layers_)("norm", norm_); }

 private:
  std::vector<EncoderLayer> layers_;
  std::optional<LayerNorm> norm_;
};

/// The same of decoder layers, all of which read the same memory.
class TransformerDecoder {
 public:
  TransformerDecoder(const DecoderLayer& layer, Index count, std::optional<LayerNorm> norm = {});

  [[nodiscard]] Var forward(Recording& recording, Var x, Var memory,
                            const DecoderMasks& masks = {}) const;
  void fields(Fields& fields) { fields("layers", layers_)("norm", norm_); }

 private:
  std::vector<DecoderLayer> layers_;
  std::optional<LayerNorm> norm_;
};

}  // namespace dtheta::nn
