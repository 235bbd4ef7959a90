#pragma once

#include <optional>

#include "autodiff/ops/network/positional.hpp"
#include "autodiff/random.hpp"
#include "autodiff/var.hpp"

namespace dtheta {

/// Which keys a query may attend to, and how.
struct AttentionOptions {
  /// Where not 0 a query may attend to a key; broadcasts to the scores (..., queries, keys). A
  /// query that may attend to none gets 0, and passes no derivative on.
  Var mask{};
  /// Added to the scores; broadcasts to them.
  Var bias{};
  /// Query i attends to keys 0 to i.
  bool causal = false;
  /// What scores are multiplied by; 0: 1 / sqrt(width of a query).
  double scale = 0;
  /// Dropout of the weights, see autodiff/ops/elementwise/noise.hpp.
  double keep_prob = 1;
  RandomKey key{};
  /// Turns queries and keys by their positions first, see rope.
  std::optional<RotaryOptions> rotary{};
  /// So many queries at once, 0 for all. Their scores are forgotten when they have been used, and
  /// computed again for the derivative (autodiff/checkpoint.hpp): a workspace holds the scores of
  /// some queries to all keys and never those of all queries. With `causal` keys that come later
  /// are not even looked at. Dropout draws other masks than without. Negative: ValueError.
  Index query_block = 0;
};

/// softmax(q k^T * scale + bias) v for q (..., queries, width), k (..., keys, width) and
/// v (..., keys, values): (..., queries, values). Leading axes broadcast. Throws ShapeError when
/// the operands do not fit.
Var scaled_dot_attention(Arg q, Arg k, Arg v, const AttentionOptions& options = {});

/// The result of attention and the weights it was averaged with, (..., queries, keys), before
/// dropout. All weights are wanted, so `query_block` has no effect.
struct Attended {
  Var values;
  Var weights;
};
Attended attend(Arg q, Arg k, Arg v, const AttentionOptions& options = {});

/// Parameters of multi-head attention over vectors of `width`: the projections of queries, keys and
/// values, one below the other, w_in (3 * width, width) and b_in (3 * width), and of the result,
/// w_out (width, width) and b_out (width). Biases may be left out.
struct AttentionWeights {
  Var w_in;
  Var w_out;
  Var b_in{};
  Var b_out{};
};

/// Attention by `heads` parts of the projected vectors, each on its own, for q (samples, queries,
/// width) and k, v (samples, keys, width); or without samples. Scores have the shape
/// (samples, heads, queries, keys). Throws ShapeError unless heads divides width.
Var multi_head_attention(Arg q, Arg k, Arg v, const AttentionWeights& w, Index heads,
                         const AttentionOptions& options = {});
/// The same, and the weights of each head, (samples, heads, queries, keys), or without samples.
Attended multi_head_attend(Arg q, Arg k, Arg v, const AttentionWeights& w, Index heads,
                           const AttentionOptions& options = {});

}  // namespace dtheta
