#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "autodiff/tape.hpp"
#include "networks.hpp"
#include "nn/layers/embedding.hpp"
#include "nn/layers/flatten.hpp"
#include "nn/layers/linear.hpp"
#include "nn/layers/sequence/attention.hpp"
#include "nn/layers/sequence/positions.hpp"
#include "nn/layers/sequence/recurrent.hpp"
#include "nn/layers/sequence/transformer.hpp"

namespace dtheta::nn::test {
namespace {

/// The mean over a sequence.
struct Mean {
  [[nodiscard]] Var forward(Recording&, Var x) const { return mean(x, 1); }
};

/// Sequences of 1, 2, 3, ... steps.
template <class L>
struct Shorter {
  L layer;
  void fields(Fields& f) { f("layer", layer); }
  [[nodiscard]] Var forward(Recording& r, Var x) const {
    Tensor lengths(Shape{x.shape()[0]}, DType::int64);
    Index n = 0;
    for (Index& l : lengths.data<Index>()) l = ++n;
    return r(layer, x, x.tape().constant(lengths));
  }
};

/// A sequence that attends to its own first two elements, and has some of them as padding.
struct Crossed {
  MultiHeadAttention attention{4, 2, {.keep_prob = 0.75}};
  void fields(Fields& f) { f("attention", attention); }
  [[nodiscard]] Var forward(Recording& r, Var x) const {
    const Var padding = x.tape().constant(Tensor(Shape{3, 2}, {0.0, 0.0, 0.0, 1.0, 0.0, 0.0}));
    return r(attention, x, slice(x, 1, {0, 2}), AttentionMasks{.key_padding = padding});
  }
};

struct EncoderDecoder {
  TransformerEncoder encoder;
  TransformerDecoder decoder;
  explicit EncoderDecoder(const TransformerOptions& o, Index layers = 1)
      : encoder(EncoderLayer(4, 2, 6, o), layers), decoder(DecoderLayer(4, 2, 6, o), layers) {}
  void fields(Fields& f) { f("encoder", encoder)("decoder", decoder); }
  [[nodiscard]] Var forward(Recording& r, Var x) const { return r(decoder, x, r(encoder, x)); }
};

}  // namespace

std::vector<Net> sequence_nets() {
  const Tensor x = numbers({3, 4, 3}), wide = numbers({3, 4, 4});
  const RecurrentOptions deep{.layers = 2, .bidirectional = true, .keep_prob = 0.75};
  return {
      {"rnn", {RNN(3, 3, deep), Linear(6, 2)}, x},
      {"rnn by relu", {RNN(3, 4, {.bias = false}, RecurrentActivation::relu), Linear(4, 2)}, x},
      {"gru", {GRU(3, 3, deep), Linear(6, 2)}, x},
      {"lstm", {LSTM(3, 3, deep), Linear(6, 2)}, x},
      {"rnn of lengths", {Shorter<RNN>{{3, 3, deep}}, Linear(6, 2)}, x},
      {"gru of lengths",
       {Shorter<GRU>{{3, 2, {.all_steps = true, .bidirectional = true}}}, Flatten(), Linear(16, 2)},
       x},
      {"lstm of lengths", {Shorter<LSTM>{{3, 3, deep}}, Linear(6, 2)}, x},
      {"attention", {MultiHeadAttention(4, 2, {.causal = true}), Mean{}, Linear(4, 2)}, wide},
      {"attention with rotary positions",
       {MultiHeadAttention(4, 2, {.rotary = RotaryOptions{}}), Mean{}, Linear(4, 2)},
       wide},
      {"cross-attention", {Crossed{}, Mean{}, Linear(4, 2)}, wide},
      {"positions",
       {Embedding(5, 4), SinusoidalPositions(), LearnedPositions(6, 4), RotaryPositions(),
        EncoderLayer(4, 2, 6), Mean{}, Linear(4, 2)},
       indices({3, 4}, 5)},
      {"transformer",
       {EncoderDecoder({.causal = true, .keep_prob = 0.8}), Mean{}, Linear(4, 2)},
       wide},
      {"transformer with norms first",
       {EncoderDecoder({.norm_first = true, .activation = Activation::gelu}, 2), Mean{},
        Linear(4, 2)},
       wide},
  };
}

}  // namespace dtheta::nn::test
