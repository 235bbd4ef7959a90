#include "nn/layers/sequence/attention.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>

#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/comparison.hpp"
#include "autodiff/ops/shape/indexing.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/tape.hpp"
#include "nn/init.hpp"
#include "nn/layers/dropout.hpp"
#include "nn/layers/require.hpp"

namespace dtheta::nn {
namespace {

/// Three matrices (width, width), one below the other, each drawn by itself as its fans are its
/// own.
Initializer three(const Initializer& one) {
  return [one](const Shape& shape, RandomKey key) {
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

/// 1 where the mask is 0, else 0.
Var allowed_by(Var mask) {
  if (!mask.is_index()) return equal(mask, 0);
  // Comparisons are of real values: what an index means is looked up.
  const Var table = mask.tape().constant(Tensor(Shape{2}, {1.0, 0.0}));
  return take(table, mask);
}

[[noreturn]] void throw_mask(std::string_view name, Var mask, const std::string& wanted) {
  throw ShapeError(fmt::format("attention: the {} mask {} does not fit: {} is needed", name,
                               to_string(mask.shape()), wanted));
}

/// What both masks allow, as it broadcasts to (samples, heads, queries, keys); no Var for all.
Var allowed(const AttentionMasks& masks, Index samples, Index queries, Index keys) {
  Var all;
  if (const Var m = masks.key_padding; m.exists()) {
    if (m.shape() != Shape{samples, keys}) {
      throw_mask("key padding", m, fmt::format("(samples, keys) = ({}, {})", samples, keys));
    }
    all = reshape(allowed_by(m), Shape{samples, 1, 1, keys});
  }
  if (const Var m = masks.forbidden; m.exists()) {
    const bool each = m.shape() == Shape{samples, queries, keys};
    if (!each && m.shape() != Shape{queries, keys}) {
      throw_mask("forbidden", m,
                 fmt::format("(queries, keys) = ({}, {}), or with {} samples in front,", queries,
                             keys, samples));
    }
    const Var own = each ? expand_dims(allowed_by(m), 1) : allowed_by(m);
    all = all.exists() ? all * own : own;
  }
  return all;
}

}  // namespace

MultiHeadAttention::MultiHeadAttention(Index width, Index heads,
                                       const AttentionLayerOptions& options)
    : heads_(heads),
      options_(options),
      w_in_(to_draw("in_proj_weight", {3 * checked_width(width, heads), width},
                    options.weight_init ? three(options.weight_init) : glorot_uniform)),
      out_(width, width,
           {.weight_init = options.weight_init, .bias_init = always(0), .bias = options.bias}) {
  detail::require_keep_prob(options.keep_prob);
  if (options.bias) b_in_ = given("in_proj_bias", constant({3 * width}, 0));
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

MultiHeadAttention::Prepared MultiHeadAttention::prepare(Recording& recording, Var query, Var key,
                                                         Var value,
                                                         const AttentionMasks& masks) const {
  const Index width = w_in_.value.shape()[1];
  detail::require_sequence("attention", "the query", query, width);
  detail::require_sequence("attention", "the key", key, width);
  detail::require_sequence("attention", "the value", value, width);
  const Shape &q = query.shape(), &k = key.shape();
  Prepared prepared;
  AttentionOptions& o = prepared.options;
  o.mask = allowed(masks, q[0], q[1], k[1]);
  o.bias = masks.additive;
  o.causal = options_.causal || masks.causal;
  o.rotary = options_.rotary;
  o.query_block = options_.query_block;
  if (recording.training() && options_.keep_prob < 1) {
    o.keep_prob = options_.keep_prob;
    o.key = recording(options_.masks);
  }
  AttentionWeights& w = prepared.weights;
  w.w_in = recording(w_in_);
  if (b_in_) w.b_in = recording(*b_in_);
  w.w_out = recording(out_.weight_parameter());
  if (b_in_) w.b_out = recording(*out_.bias_parameter());
  return prepared;
}

Attended MultiHeadAttention::attend(Recording& recording, Var query, Var key, Var value,
                                    const AttentionMasks& masks) const {
  const auto [weights, options] = prepare(recording, query, key, value, masks);
  return multi_head_attend(query, key, value, weights, heads_, options);
}

Var MultiHeadAttention::forward(Recording& recording, Var x, const AttentionMasks& masks) const {
  return forward(recording, x, x, x, masks);
}
Var MultiHeadAttention::forward(Recording& recording, Var x, Var memory,
                                const AttentionMasks& masks) const {
  return forward(recording, x, memory, memory, masks);
}
Var MultiHeadAttention::forward(Recording& recording, Var query, Var key, Var value,
                                const AttentionMasks& masks) const {
  const auto [weights, options] = prepare(recording, query, key, value, masks);
  return multi_head_attention(query, key, value, weights, heads_, options);
}

}  // namespace dtheta::nn
