#include "autodiff/ops/network/attention.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "autodiff/errors.hpp"
#include "autodiff/ops/broadcast.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/random.hpp"
#include "autodiff/ops/linalg/dense.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/shape.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// 1 where key j <= query i, as a constant.
Var causal_mask(Tape& tape, Index queries, Index keys) {
  Tensor mask(Shape{queries, keys});
  for (Index i = 0; i < queries; ++i) {
    const auto row = mask.data<double>().subspan(static_cast<std::size_t>(i * keys));
    std::fill_n(row.begin(), std::min(i + 1, keys), 1.0);
  }
  return tape.constant(mask);
}

/// Scores of -infinity where the mask is 0.
Var masked(Var scores, Var mask) { return where(mask, scores, -infinity); }

void require_scores(std::string_view op, std::string_view what, Var v, const Shape& scores) {
  if (!broadcasts_to(v.shape(), scores)) {
    throw ShapeError(fmt::format("{}: the {} {} does not broadcast to the scores {}", op, what,
                                 to_string(v.shape()), to_string(scores)));
  }
}

/// The weights of the keys for each query.
Var attention_weights(Var scores, const AttentionOptions& o) {
  constexpr std::string_view op = "scaled_dot_attention";
  const Shape s = scores.shape();
  if (o.bias.exists()) {
    require_scores(op, "bias", o.bias, s);
    scores = scores + o.bias;
  }
  Var mask = o.mask;
  if (mask.exists()) require_scores(op, "mask", mask, s);
  if (o.causal) {
    const Var below = causal_mask(scores.tape(), s[s.rank() - 2], s[s.rank() - 1]);
    if (!mask.exists()) return softmax(masked(scores, below));  // every query has key 0
    mask = below * not_equal(mask, 0);
  }
  if (!mask.exists()) return softmax(scores);
  if (s[s.rank() - 1] == 0) return softmax(scores);
  // A query with no key: softmax over all of them, so that nothing is NaN, then 0 selected.
  const Var some = max(not_equal(mask, 0) * broadcast_to(scores.tape().constant(1.0), s), -1, true);
  const Var weights = softmax(masked(scores, maximum(not_equal(mask, 0), 1 - some)));
  return where(some, weights, 0);
}

/// (samples, length, width) as (samples, heads, length, width / heads).
Var split_heads(Var v, Index heads) {
  const Shape s = v.shape();
  return permute(reshape(v, Shape{s[0], s[1], heads, s[2] / heads}), {0, 2, 1, 3});
}
Var join_heads(Var v) {
  const Shape s = v.shape();
  return reshape(permute(v, {0, 2, 1, 3}), Shape{s[0], s[2], s[1] * s[3]});
}

/// x W^T + b for part `i` of the three that stand in the rows of w_in.
Var project(Arg x, const AttentionWeights& w, Index i, Index width) {
  const Range rows{i * width, (i + 1) * width};
  return detail::dense(x, slice(w.w_in, 0, rows), w.b_in.exists() ? slice(w.b_in, 0, rows) : Var{});
}

void require_operands(Arg q, Arg k, Arg v, const AttentionWeights& w, Index heads) {
  const Shape qs = q.var().shape(), ks = k.var().shape(), vs = v.var().shape();
  const int rank = qs.rank();
  const Index width = rank > 0 ? qs[rank - 1] : 0;
  const bool fits = (rank == 2 || rank == 3) && ks.rank() == rank && vs == ks &&
                    ks[rank - 1] == width && (rank == 2 || ks[0] == qs[0]);
  if (!fits) {
    throw ShapeError(
        fmt::format("multi_head_attention: q {}, k {}, v {} do not fit: (samples, "
                    "queries, width), (samples, keys, width) twice are needed",
                    to_string(qs), to_string(ks), to_string(vs)));
  }
  if (heads < 1 || width % heads != 0) {
    throw ShapeError(
        fmt::format("multi_head_attention: the width {} of {} does not divide by {} heads", width,
                    to_string(qs), heads));
  }
  const auto require = [&](std::string_view name, Var p, const Shape& shape, bool needed) {
    if (p.exists() ? p.shape() != shape : needed) {
      throw ShapeError(fmt::format("multi_head_attention: {} {} does not fit q {}: {} is needed",
                                   name, p.exists() ? to_string(p.shape()) : "(missing)",
                                   to_string(qs), to_string(shape)));
    }
  };
  require("w_in", w.w_in, Shape{3 * width, width}, true);
  require("w_out", w.w_out, Shape{width, width}, true);
  require("b_in", w.b_in, Shape{3 * width}, false);
  require("b_out", w.b_out, Shape{width}, false);
}

}  // namespace

Attended attend(Arg q, Arg k, Arg v, const AttentionOptions& o) {
  const Shape qs = q.var().shape(), ks = k.var().shape(), vs = v.var().shape();
  const bool fits = qs.rank() >= 2 && ks.rank() >= 2 && vs.rank() >= 2 &&
                    qs[qs.rank() - 1] == ks[ks.rank() - 1] &&
                    ks[ks.rank() - 2] == vs[vs.rank() - 2];
  if (!fits) {
    throw ShapeError(
        fmt::format("scaled_dot_attention: q {}, k {}, v {} do not fit: (..., queries, "
                    "width), (..., keys, width), (..., keys, values) are needed",
                    to_string(qs), to_string(ks), to_string(vs)));
  }
  if (o.rotary) {
    AttentionOptions turned = o;
    turned.rotary.reset();
    return attend(Arg(rope(q, *o.rotary), q.at()), Arg(rope(k, *o.rotary), k.at()), v, turned);
  }
  // The root is taken in the scalar of the run: 1 / sqrt(width) as a double would not be exact.
  const Var scaled =
      o.scale != 0 ? q * o.scale
                   : q / sqrt(q.var().tape().constant(static_cast<double>(qs[qs.rank() - 1])));
  const Var weights = attention_weights(matmul(Arg(scaled, q.at()), k, false, true), o);
  const Var used = dropout(Arg(weights, q.at()), o.keep_prob, o.key);
  return {matmul(Arg(used, q.at()), v, false, false), weights};
}

Var scaled_dot_attention(Arg q, Arg k, Arg v, const AttentionOptions& options) {
  return attend(q, k, v, options).values;
}

Attended multi_head_attend(Arg q, Arg k, Arg v, const AttentionWeights& w, Index heads,
                           const AttentionOptions& options) {
  require_operands(q, k, v, w, heads);
  const bool single = q.var().rank() == 2;
  const Index width = q.var().shape()[q.var().rank() - 1];
  const auto heads_of = [&](Arg x, Index part) {
    const Var projected = project(x, w, part, width);
    return split_heads(single ? expand_dims(projected, 0) : projected, heads);
  };
  const Attended attended =
      attend(Arg(heads_of(q, 0), q.at()), heads_of(k, 1), heads_of(v, 2), options);
  const Var joined = join_heads(attended.values);
  const Var out = detail::dense(Arg(joined, q.at()), w.w_out, w.b_out);
  if (!single) return {out, attended.weights};
  return {squeeze(out, 0), squeeze(attended.weights, 0)};
}

Var multi_head_attention(Arg q, Arg k, Arg v, const AttentionWeights& w, Index heads,
                         const AttentionOptions& options) {
  return multi_head_attend(q, k, v, w, heads, options).values;
}

}  // namespace dtheta
