#include "autodiff/ops/network/attention.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "autodiff/checkpoint.hpp"
#include "autodiff/errors.hpp"
#include "autodiff/ops/broadcast.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/noise.hpp"
#include "autodiff/ops/linalg/dense.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/reduction/softmax.hpp"
#include "autodiff/ops/shape/concat.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// 1 where key j <= query first + i, as a constant.
Var causal_mask(Tape& tape, Index first, Index queries, Index keys) {
  Tensor mask(Shape{queries, keys});
  for (Index i = 0; i < queries; ++i) {
    const auto row = mask.data<double>().subspan(static_cast<std::size_t>(i * keys));
    std::fill_n(row.begin(), std::min(first + i + 1, keys), 1.0);
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

/// Scores of -infinity where key j > query first + i. All queries may attend to the keys before
/// `first`: the mask has no more columns than are needed.
Var causal_scores(Var scores, Index first) {
  const Shape s = scores.shape();
  const Index queries = s[s.rank() - 2], keys = s[s.rank() - 1], split = std::min(first, keys);
  if (split == keys) return scores;
  const Var mask = causal_mask(scores.tape(), 0, queries, keys - split);
  if (split == 0) return masked(scores, mask);
  return concat({slice(scores, -1, {0, split}), masked(slice(scores, -1, {split, keys}), mask)},
                -1);
}

/// The weights of the keys for the queries from number `first` on.
Var attention_weights(Var scores, const AttentionOptions& o, Index first) {
  constexpr std::string_view op = "scaled_dot_attention";
  const Shape s = scores.shape();
  if (o.bias.exists()) {
    require_scores(op, "bias", o.bias, s);
    scores = scores + o.bias;
  }
  Var mask = o.mask;
  if (mask.exists()) require_scores(op, "mask", mask, s);
  if (o.causal) {
    if (!mask.exists()) return softmax(causal_scores(scores, first));  // every query has key 0
    const Var below = causal_mask(scores.tape(), first, s[s.rank() - 2], s[s.rank() - 1]);
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

void require_sequences(const Shape& q, const Shape& k, const Shape& v) {
  const bool fits = q.rank() >= 2 && k.rank() >= 2 && v.rank() >= 2 &&
                    q[q.rank() - 1] == k[k.rank() - 1] && k[k.rank() - 2] == v[v.rank() - 2];
  if (fits) return;
  throw ShapeError(
      fmt::format("scaled_dot_attention: q {}, k {}, v {} do not fit: (..., queries, "
                  "width), (..., keys, width), (..., keys, values) are needed",
                  to_string(q), to_string(k), to_string(v)));
}

/// Attention by the queries from number `first` on.
Attended attend_from(Index first, Arg q, Arg k, Arg v, const AttentionOptions& o) {
  const Shape qs = q.var().shape();
  // The root is taken in the scalar of the run: 1 / sqrt(width) as a double would not be exact.
  const Var scaled =
      o.scale != 0 ? q * o.scale
                   : q / sqrt(q.var().tape().constant(static_cast<double>(qs[qs.rank() - 1])));
  const Var weights = attention_weights(matmul(Arg(scaled, q.at()), k, false, true), o, first);
  const Var used = dropout(Arg(weights, q.at()), o.keep_prob, o.key);
  return {matmul(Arg(used, q.at()), v, false, false), weights};
}

/// Calls attend(q, k) for queries and keys as they are, or turned.
template <class Attend>
auto with_positions(Arg q, Arg k, const AttentionOptions& o, const Attend& attend) {
  if (!o.rotary) return attend(q, k);
  return attend(Arg(rope(q, *o.rotary), q.at()), Arg(rope(k, *o.rotary), k.at()));
}

/// Of what broadcasts to the scores, that for some queries and keys.
Var part_for(Var v, Range queries, Range keys) {
  if (!v.exists()) return v;
  const auto cut = [&](int from_back, Range range) {
    const int axis = v.rank() - from_back;
    if (axis >= 0 && v.shape()[axis] != 1) v = slice(v, axis, range);
  };
  cut(1, keys);
  cut(2, queries);
  return v;
}

/// v (..., length, width) in parts of `size` rows. Halves of halves: the derivatives of the slices,
/// each as long as what is cut, take log(n) passes together.
void append_parts(Var v, Index size, std::vector<Var>& parts) {
  const Index length = v.shape()[v.rank() - 2], count = (length + size - 1) / size;
  if (count <= 1) {
    parts.push_back(v);
    return;
  }
  const Index half = count / 2 * size;
  append_parts(slice(v, -2, {0, half}), size, parts);
  append_parts(slice(v, -2, {half, length}), size, parts);
}
std::vector<Var> in_parts(Var v, Index size) {
  std::vector<Var> parts;
  append_parts(v, size, parts);
  return parts;
}

/// The same block by block of queries, each forgotten when it has been used. With `causal` a block
/// is for the parts of the keys that it may see; that they are parts keeps each cotangent short.
Var attended_by_blocks(Arg q, Arg k, Arg v, const AttentionOptions& o) {
  const Index size = o.query_block, keys = k.var().shape()[k.var().rank() - 2];
  const std::vector<Var> queries = in_parts(q.var(), size),
                         k_parts = in_parts(k.var(), o.causal ? size : keys),
                         v_parts = in_parts(v.var(), o.causal ? size : keys);
  std::vector<Var> blocks;
  for (std::size_t n = 0; n < queries.size(); ++n) {
    const Index first = static_cast<Index>(n) * size;
    const std::size_t seen = std::min(n + 1, k_parts.size());
    const Range rows{first, first + queries[n].shape()[queries[n].rank() - 2]};
    const Range columns{0, o.causal ? std::min(first + size, keys) : keys};
    AttentionOptions own = o;
    own.mask = part_for(o.mask, rows, columns);
    own.bias = part_for(o.bias, rows, columns);
    own.key.stream =
        philox({static_cast<std::uint32_t>(n), 0x6B636F6C, 0, 0}, {o.key.seed, o.key.stream})[0];
    const auto block = [&](Var some) {
      const Var some_k = concat(std::span(k_parts).first(seen), -2),
                some_v = concat(std::span(v_parts).first(seen), -2);
      return attend_from(first, Arg(some, q.at()), some_k, some_v, own).values;
    };
    blocks.push_back(checkpoint(block, queries[n]));
  }
  return concat(blocks, -2);
}

/// Multi-head attention, where attend(q, k, v) is what becomes of the heads: `values` of it are
/// joined.
template <class Attend>
Var by_heads(Arg q, Arg k, Arg v, const AttentionWeights& w, Index heads, const Attend& attend) {
  require_operands(q, k, v, w, heads);
  const bool single = q.var().rank() == 2;
  const Index width = q.var().shape()[q.var().rank() - 1];
  const auto heads_of = [&](Arg x, Index part) {
    const Var projected = project(x, w, part, width);
    return split_heads(single ? expand_dims(projected, 0) : projected, heads);
  };
  const Var joined =
      join_heads(attend(Arg(heads_of(q, 0), q.at()), heads_of(k, 1), heads_of(v, 2)));
  const Var out = detail::dense(Arg(joined, q.at()), w.w_out, w.b_out);
  return single ? squeeze(out, 0) : out;
}

}  // namespace

Attended attend(Arg q, Arg k, Arg v, const AttentionOptions& o) {
  require_sequences(q.var().shape(), k.var().shape(), v.var().shape());
  return with_positions(q, k, o, [&](Arg a, Arg b) { return attend_from(0, a, b, v, o); });
}

Var scaled_dot_attention(Arg q, Arg k, Arg v, const AttentionOptions& o) {
  require_sequences(q.var().shape(), k.var().shape(), v.var().shape());
  if (o.query_block < 0) {
    throw ValueError(
        fmt::format("scaled_dot_attention: query_block {}, must be at least 0", o.query_block));
  }
  if (o.query_block == 0 || o.query_block >= q.var().shape()[q.var().rank() - 2]) {
    return attend(q, k, v, o).values;
  }
  return with_positions(q, k, o, [&](Arg a, Arg b) { return attended_by_blocks(a, b, v, o); });
}

Attended multi_head_attend(Arg q, Arg k, Arg v, const AttentionWeights& w, Index heads,
                           const AttentionOptions& options) {
  Var weights;
  const Var out = by_heads(q, k, v, w, heads, [&](Arg a, Arg b, Arg c) {
    const Attended attended = attend(a, b, c, options);
    weights = attended.weights;
    return attended.values;
  });
  return {out, q.var().rank() == 2 ? squeeze(weights, 0) : weights};
}

Var multi_head_attention(Arg q, Arg k, Arg v, const AttentionWeights& w, Index heads,
                         const AttentionOptions& options) {
  return by_heads(q, k, v, w, heads,
                  [&](Arg a, Arg b, Arg c) { return scaled_dot_attention(a, b, c, options); });
}

}  // namespace dtheta
