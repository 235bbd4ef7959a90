#include "nn/layers/sequence/transformer.hpp"

#include <fmt/format.h>

#include <utility>

#include "autodiff/errors.hpp"
#include "nn/layers/require.hpp"

namespace dtheta::nn {
namespace {

Index checked_inner(const char* layer, Index inner) {
  if (inner < 1) {
    throw ShapeError(fmt::format("{}: an inner width of {}, need at least 1", layer, inner));
  }
  return inner;
}

AttentionLayerOptions self_options(const TransformerOptions& o) {
  return {.weight_init = o.weight_init,
          .causal = o.causal,
          .keep_prob = o.keep_prob,
          .bias = o.bias,
          .rotary = o.rotary};
}
AttentionLayerOptions memory_options(const TransformerOptions& o) {
  return {.weight_init = o.weight_init, .keep_prob = o.keep_prob, .bias = o.bias};
}

/// x + dropout(part(x)) with the norm in front of the part or behind the sum.
template <class Part>
Var add_part(Recording& r, Var x, const LayerNorm& norm, const Dropout& dropout, bool norm_first,
             Part part) {
  if (norm_first) return x + r(dropout, part(r(norm, x)));
  return r(norm, x + r(dropout, part(x)));
}

}  // namespace

detail::FeedForward::FeedForward(const char* layer, Index width, Index inner,
                                 const TransformerOptions& o)
    : f_(o.activation),
      up_(width, checked_inner(layer, inner), {.weight_init = o.weight_init, .bias = o.bias}),
      down_(inner, width, {.weight_init = o.weight_init, .bias = o.bias}),
      dropout_(o.keep_prob) {}

Var detail::FeedForward::record(Recording& r, Var x) const {
  return r(down_, r(dropout_, activate(f_, r(up_, x))));
}

void detail::FeedForward::list(Fields& fields) {
  fields("linear1", up_)("dropout", dropout_)("linear2", down_);
}

EncoderLayer::EncoderLayer(Index width, Index heads, Index inner, const TransformerOptions& options)
    : norm_first_(options.norm_first),
      attention_(width, heads, self_options(options)),
      feed_("encoder", width, inner, options),
      norm_attended_(width, options.epsilon),
      norm_fed_(width, options.epsilon),
      dropout_attended_(options.keep_prob),
      dropout_fed_(options.keep_prob) {}

EncoderLayer::EncoderLayer(Index width, Index heads, Index inner, RandomKey key,
                           const TransformerOptions& options)
    : EncoderLayer(width, heads, inner, options) {
  detail::draw_all(*this, key);
}

Var EncoderLayer::forward(Recording& r, Var x, const AttentionMasks& masks) const {
  const Var a = add_part(r, x, norm_attended_, dropout_attended_, norm_first_,
                         [&](Var v) { return r(attention_, v, masks); });
  return add_part(r, a, norm_fed_, dropout_fed_, norm_first_,
                  [&](Var v) { return feed_.record(r, v); });
}

void EncoderLayer::fields(Fields& fields) {
  fields("self_attn", attention_);
  feed_.list(fields);
  fields("norm1", norm_attended_)("norm2", norm_fed_);
  fields("dropout1", dropout_attended_)("dropout2", dropout_fed_);
}

DecoderLayer::DecoderLayer(Index width, Index heads, Index inner, const TransformerOptions& options)
    : norm_first_(options.norm_first),
      attention_(width, heads, self_options(options)),
      memory_attention_(width, heads, memory_options(options)),
      feed_("decoder", width, inner, options),
      norm_attended_(width, options.epsilon),
      norm_memory_(width, options.epsilon),
      norm_fed_(width, options.epsilon),
      dropout_attended_(options.keep_prob),
      dropout_memory_(options.keep_prob),
      dropout_fed_(options.keep_prob) {}

Var DecoderLayer::forward(Recording& r, Var x, Var memory, const DecoderMasks& masks) const {
  const Var a = add_part(r, x, norm_attended_, dropout_attended_, norm_first_,
                         [&](Var v) { return r(attention_, v, masks.self); });
  const Var b = add_part(r, a, norm_memory_, dropout_memory_, norm_first_,
                         [&](Var v) { return r(memory_attention_, v, memory, masks.memory); });
  return add_part(r, b, norm_fed_, dropout_fed_, norm_first_,
                  [&](Var v) { return feed_.record(r, v); });
}

void DecoderLayer::fields(Fields& fields) {
  fields("self_attn", attention_)("multihead_attn", memory_attention_);
  feed_.list(fields);
  fields("norm1", norm_attended_)("norm2", norm_memory_)("norm3", norm_fed_);
  fields("dropout1", dropout_attended_)("dropout2", dropout_memory_)("dropout3", dropout_fed_);
}

TransformerEncoder::TransformerEncoder(const EncoderLayer& layer, Index count,
                                       std::optional<LayerNorm> norm)
    : norm_(std::move(norm)) {
  detail::require_size("encoder", "layers", count);
  layers_.assign(static_cast<std::size_t>(count), layer);
}

Var TransformerEncoder::forward(Recording& r, Var x, const AttentionMasks& masks) const {
  for (const EncoderLayer& layer : layers_) x = r(layer, x, masks);
  return norm_ ? r(*norm_, x) : x;
}

TransformerDecoder::TransformerDecoder(const DecoderLayer& layer, Index count,
                                       std::optional<LayerNorm> norm)
    : norm_(std::move(norm)) {
  detail::require_size("decoder", "layers", count);
  layers_.assign(static_cast<std::size_t>(count), layer);
}

Var TransformerDecoder::forward(Recording& r, Var x, Var memory, const DecoderMasks& masks) const {
  for (const DecoderLayer& layer : layers_) x = r(layer, x, memory, masks);
  return norm_ ? r(*norm_, x) : x;
}

}  // namespace dtheta::nn
