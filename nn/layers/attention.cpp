#include "nn/layers/attention.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/network/attention.hpp"
#include "nn/init.hpp"
#include "nn/layers/dropout.hpp"

namespace dtheta::nn {
namespace {

Initializer init_of(const AttentionLayerOptions& options) {
  return options.weight_init ? options.weight_init : glorot_uniform;
}

/// Three matrices (width, width), one below the other: each is drawn by itself, as its fans are its
/// own.
Initializer three(Initializer one) {
  return [one = std::move(one)](const Shape& shape, RandomKey key) {
    Tensor all(shape);
    const Index width = shape[1];
    std::span<double> left = all.data<double>();
    for (std::uint32_t i = 0; i < 3; ++i) {
      const Tensor drawn = one({width, width}, {key.seed + i * 0x85EBCA6BU, key.stream});
      std::ranges::copy(drawn.data<double>(), left.begin());
      left = left.subspan(static_cast<std::size_t>(width * width));
    }
    return all;
  };
}

Index checked_width(Index width, Index heads) {
  if (heads < 1 || width < 1 || width % heads != 0) {
    throw ShapeError(
        fmt::format("attention: a width of {} does not divide by {} heads", width, heads));
  }
  return width;
}
Index checked_inner(Index inner) {
  if (inner < 1) {
    throw ShapeError(fmt::format("encoder: an inner width of {}, need at least 1", inner));
  }
  return inner;
}

}  // namespace

MultiHeadAttention::MultiHeadAttention(Index width, Index heads,
                                       const AttentionLayerOptions& options)
    : heads_(heads),
      options_(options),
      w_in_(to_draw("in_proj_weight", {3 * checked_width(width, heads), width},
                    three(init_of(options)))),
      b_in_(given("in_proj_bias", constant({3 * width}, 0))),
      out_(width, width, {.weight_init = init_of(options), .bias_init = always(0)}) {
  detail::require_keep_prob(options.keep_prob);
}

MultiHeadAttention::MultiHeadAttention(Index width, Index heads, RandomKey key,
                                       const AttentionLayerOptions& options)
    : MultiHeadAttention(width, heads, options) {
  detail::draw_all(*this, key);
}

void MultiHeadAttention::fields(Fields& fields) {
  fields("in_proj_weight", w_in_)("in_proj_bias", b_in_)("out_proj", out_);
  if (options_.keep_prob < 1) fields("masks", options_.masks);
}

Var MultiHeadAttention::forward(Recording& recording, Var x) const {
  AttentionOptions o;
  o.causal = options_.causal;
  if (recording.training() && options_.keep_prob < 1) {
    o.keep_prob = options_.keep_prob;
    o.key = recording(options_.masks);
  }
  const Var w_in = recording(w_in_), b_in = recording(b_in_);
  const Var w_out = recording(out_.weight_parameter()), b_out = recording(*out_.bias_parameter());
  return multi_head_attention(x, x, x, {w_in, w_out, b_in, b_out}, heads_, o);
}

EncoderLayer::EncoderLayer(Index width, Index heads, Index inner,
                           const AttentionLayerOptions& options)
    : attention_(width, heads, options),
      up_(width, checked_inner(inner), {.weight_init = init_of(options), .bias_init = always(0)}),
      down_(inner, width, {.weight_init = init_of(options), .bias_init = always(0)}),
      norm_attended_(width),
      norm_fed_(width) {}

EncoderLayer::EncoderLayer(Index width, Index heads, Index inner, RandomKey key,
                           const AttentionLayerOptions& options)
    : EncoderLayer(width, heads, inner, options) {
  detail::draw_all(*this, key);
}

Var EncoderLayer::forward(Recording& recording, Var x) const {
  const Var a = recording(norm_attended_, x + recording(attention_, x));
  return recording(norm_fed_, a + recording(down_, relu(recording(up_, a))));
}

void EncoderLayer::fields(Fields& fields) {
  fields("self_attn", attention_)("linear1", up_)("linear2", down_);
  fields("norm1", norm_attended_)("norm2", norm_fed_);
}

}  // namespace dtheta::nn
