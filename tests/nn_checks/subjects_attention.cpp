#include "nn/layers/sequence/attention.hpp"
#include "nn/layers/sequence/transformer.hpp"
#include "subject.hpp"

namespace dtheta::nn::test {
namespace {

/// The values and the weights of attention by a way to call it.
template <class F>
std::function<Subject()> attention(F call, const AttentionLayerOptions& options = {}) {
  return [call, options] {
    return subject(MultiHeadAttention(4, 2, options),
                   [call](const MultiHeadAttention& a, Recording& r, Inputs in) {
                     const Attended all = call(a, r, in);
                     return Results{all.values, all.weights};
                   });
  };
}

void add_attention(Subjects& all) {
  using Layer = MultiHeadAttention;
  const auto to_itself = [](const Layer& a, Recording& r, Inputs in) {
    return a.attend(r, in[0], in[0], in[0]);
  };
  all["attention/self"] = attention(to_itself);
  all["attention/no_bias"] = attention(to_itself, {.bias = false});
  all["attention/causal"] = attention(to_itself, {.causal = true});
  all["attention/cross"] = attention(
      [](const Layer& a, Recording& r, Inputs in) { return a.attend(r, in[0], in[1], in[1]); });
  all["attention/three"] = attention(
      [](const Layer& a, Recording& r, Inputs in) { return a.attend(r, in[0], in[1], in[2]); });
  all["attention/key_padding"] = attention([](const Layer& a, Recording& r, Inputs in) {
    return a.attend(r, in[0], in[1], in[1], {.key_padding = in[2]});
  });
  all["attention/forbidden"] = attention([](const Layer& a, Recording& r, Inputs in) {
    return a.attend(r, in[0], in[1], in[1], {.forbidden = in[2]});
  });
  all["attention/additive"] = attention([](const Layer& a, Recording& r, Inputs in) {
    return a.attend(r, in[0], in[1], in[1], {.key_padding = in[3], .additive = in[2]});
  });
}

}  // namespace

void add_attention_subjects(Subjects& all) {
  add_attention(all);
  const TransformerOptions post{.causal = true};
  const TransformerOptions pre{.causal = true, .norm_first = true, .activation = Activation::gelu};
  for (const auto& [name, options] : {std::pair{"post", post}, std::pair{"pre", pre}}) {
    all[std::string("encoder/") + name] = [options] {
      return subject(EncoderLayer(4, 2, 6, options));
    };
    all[std::string("decoder/") + name] = [options] {
      return subject(
          DecoderLayer(4, 2, 6, options), [](const DecoderLayer& l, Recording& r, Inputs in) {
            return Results{r(l, in[0], in[1], DecoderMasks{.memory = {.key_padding = in[2]}})};
          });
    };
  }
  const TransformerOptions first{.norm_first = true};
  all["encoder/stack"] = [first] {
    return subject(TransformerEncoder(EncoderLayer(4, 2, 6, first), 2, LayerNorm(4)));
  };
  all["decoder/stack"] = [first] {
    return subject(TransformerDecoder(DecoderLayer(4, 2, 6, first), 2, LayerNorm(4)),
                   [](const TransformerDecoder& l, Recording& r, Inputs in) {
                     return Results{r(l, in[0], in[1])};
                   });
  };
  all["encoder/padding"] = [] {
    return subject(EncoderLayer(4, 2, 6), [](const EncoderLayer& l, Recording& r, Inputs in) {
      return Results{r(l, in[0], AttentionMasks{.key_padding = in[1]})};
    });
  };
}

}  // namespace dtheta::nn::test
