#include "nn/layers/attention.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/network/attention.hpp"
#include "autodiff/ops/network/normalization.hpp"
#include "nn/init.hpp"
#include "nn/layers/dropout.hpp"

namespace dtheta::nn {
namespace {

/// Glorot's bounds for matrices of several shapes, in values from one stream.
void draw(std::initializer_list<Parameter*> matrices, RandomKey key) {
  Index total = 0;
  for (const Parameter* p : matrices) total += p->value.size();
  const Tensor drawn = uniform({total}, -1, 1, key);
  std::span<const double> left = drawn.data<double>();
  for (Parameter* p : matrices) {
    const Shape s = p->value.shape();
    // W_in is three matrices (width, width), one below the other: each has fans of its own.
    const Index out = p->symbol == "W_in" ? s[1] : s[0];
    const double bound = std::sqrt(6 / static_cast<double>(out + s[1]));
    const auto n = static_cast<std::size_t>(s.size());
    std::ranges::transform(left.first(n), p->value.data<double>().begin(),
                           [&](double v) { return bound * v; });
    left = left.subspan(n);
  }
}

Parameter matrix(std::string symbol, Index rows, Index columns) {
  return {.symbol = std::move(symbol), .value = Tensor(Shape{rows, columns})};
}
Parameter vector(std::string symbol, Index n, double value = 0) {
  return {.symbol = std::move(symbol), .value = constant({n}, value), .regularized = false};
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

MultiHeadAttention::MultiHeadAttention(Index width, Index heads, RandomKey key,
                                       const AttentionLayerOptions& options)
    : heads_(heads),
      options_(options),
      w_in_(matrix("W_in", 3 * checked_width(width, heads), width)),
      b_in_(vector("b_in", 3 * width)),
      w_out_(matrix("W_out", width, width)),
      b_out_(vector("b_out", width)) {
  detail::require_keep_prob(options.keep_prob);
  draw({&w_in_, &w_out_}, key);
}

Var MultiHeadAttention::forward(Recording& recording, Var x) const {
  AttentionOptions o;
  o.causal = options_.causal;
  if (recording.training()) {
    o.keep_prob = options_.keep_prob;
    o.key = options_.dropout_key;
  }
  const Var w_in = recording(w_in_), b_in = recording(b_in_);
  const Var w_out = recording(w_out_), b_out = recording(b_out_);
  return multi_head_attention(x, x, x, {w_in, w_out, b_in, b_out}, heads_, o);
}

EncoderLayer::EncoderLayer(Index width, Index heads, Index inner, RandomKey key,
                           const AttentionLayerOptions& options)
    : attention_(width, heads, key, options),
      w_up_(matrix("W_up", checked_inner(inner), width)),
      b_up_(vector("b_up", inner)),
      w_down_(matrix("W_down", width, inner)),
      b_down_(vector("b_down", width)),
      scale_a_(vector("scale_a", width, 1)),
      shift_a_(vector("shift_a", width)),
      scale_f_(vector("scale_f", width, 1)),
      shift_f_(vector("shift_f", width)) {
  const std::vector<Parameter*> own = attention_.parameters();
  draw({own[0], own[2], &w_up_, &w_down_}, key);  // all from the one stream
}

Var EncoderLayer::forward(Recording& recording, Var x) const {
  const Var attended = attention_.forward(recording, x);
  const Var scale_a = recording(scale_a_), shift_a = recording(shift_a_);
  const Var a = layer_norm(x + attended, scale_a, shift_a);
  const Var w_up = recording(w_up_), b_up = recording(b_up_);
  const Var inner = relu(affine(a, w_up, b_up));
  const Var w_down = recording(w_down_), b_down = recording(b_down_);
  const Var scale_f = recording(scale_f_), shift_f = recording(shift_f_);
  return layer_norm(a + affine(inner, w_down, b_down), scale_f, shift_f);
}

std::vector<Parameter*> EncoderLayer::parameters() {
  std::vector<Parameter*> all = attention_.parameters();
  all.insert(all.end(),
             {&w_up_, &b_up_, &w_down_, &b_down_, &scale_a_, &shift_a_, &scale_f_, &shift_f_});
  return all;
}

}  // namespace dtheta::nn
