#include "autodiff/ops/network/embedding_bag.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "autodiff/errors.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/operands.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/indexing.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/scatter_reduce.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {
namespace {

/// The bag of each of `count` places, from where the bags start.
struct BagOf {
  Index count = 0;
  friend constexpr bool operator==(const BagOf&, const BagOf&) = default;

  static constexpr OpInfo info{.name = "bag_of", .differentiable = false};
  static constexpr OpRule rule{"y = the bag of each place"};
  [[nodiscard]] ValueType infer(Types in) const {
    detail::require_indices("embedding_bag", in[0]);
    return {Shape{count}, Kind::index};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const Index bags = call.shape(0)[0];
    const Index* starts = call.indices(0);
    for (Index b = 0; b < bags; ++b) {
      const Index end = b + 1 < bags ? starts[b + 1] : count;
      if ((b == 0 && starts[0] != 0) || end < starts[b] || end > count) {
        throw ValueError(fmt::format(
            "embedding_bag: bag {} of {} from {} to {}: offsets start at 0 and do not decrease, up "
            "to {} indices",
            b, bags, starts[b], end, count));
      }
      std::fill(call.index_output() + starts[b], call.index_output() + end, b);
    }
  }
  [[nodiscard]] static Var vjp(int, const Primal&, Var) { return {}; }
  static std::vector<Sample<BagOf>> samples() {
    return {{{5}, {index({3}, {0, 2, 2})}}, {{3}, {index({1}, {0})}}, {{0}, {index({2}, {0, 0})}}};
  }
};

void require_table(std::string_view op, Arg table, Arg indices, int rank) {
  const Shape &t = table.var().shape(), &at = indices.var().shape();
  detail::require_real(op, table.var().type());
  detail::require_indices(op, indices.var().type());
  if (t.rank() == 2 && at.rank() == rank) return;
  throw ShapeError(fmt::format("{}: table {} and indices {}: (count, width) and {} are needed", op,
                               to_string(t), to_string(at),
                               rank == 2 ? "(bags, length)" : "a vector"));
}

void require_weights(Arg indices, Arg weights) {
  const Shape &at = indices.var().shape(), &w = weights.var().shape();
  if (at == w) return;
  throw ShapeError(
      fmt::format("weighted_embedding_bag: weights {} for indices {}: the same shape "
                  "is needed",
                  to_string(w), to_string(at)));
}

Var bags_of(std::string_view op, Arg indices, Arg offsets) {
  const Shape& at = offsets.var().shape();
  const Index count = indices.var().size();
  if (at.rank() != 1 || (at[0] == 0 && count > 0)) {
    throw ShapeError(
        fmt::format("{}: offsets {} for {} indices are no vector with a place for "
                    "each bag",
                    op, to_string(at), count));
  }
  return apply(BagOf{count}, {offsets});
}

}  // namespace

Var embedding_bag(Arg table, Arg indices, Bag how) {
  require_table("embedding_bag", table, indices, 2);
  const Var rows = embedding(table, indices);
  if (how == Bag::sum || rows.shape()[1] == 0) return sum(rows, 1);
  return how == Bag::mean ? mean(rows, 1) : max(rows, 1);
}

Var embedding_bag(Arg table, Arg indices, Arg offsets, Bag how) {
  require_table("embedding_bag", table, indices, 1);
  const Var bags = bags_of("embedding_bag", indices, offsets), rows = embedding(table, indices);
  const Shape shape{offsets.var().shape()[0], table.var().shape()[1]};
  const Var none = broadcast_to(table.var().tape().constant(0.0), shape);
  // Without the zeros, where there are rows.
  const Reduce reduce = how == Bag::sum    ? Reduce::sum
                        : how == Bag::mean ? Reduce::mean
                                           : Reduce::amax;
  return index_reduce(none, bags, rows, 0, reduce, false);
}

Var weighted_embedding_bag(Arg table, Arg indices, Arg weights) {
  require_table("weighted_embedding_bag", table, indices, 2);
  require_weights(indices, weights);
  return sum(embedding(table, indices) * expand_dims(weights, -1), 1);
}

Var weighted_embedding_bag(Arg table, Arg indices, Arg offsets, Arg weights) {
  require_table("weighted_embedding_bag", table, indices, 1);
  require_weights(indices, weights);
  const Var bags = bags_of("weighted_embedding_bag", indices, offsets);
  const Var rows = embedding(table, indices) * expand_dims(weights, -1);
  return scatter_add(rows, bags, 0, offsets.var().shape()[0]);
}

std::span<const OpEntry> embedding_bag_ops() { return OpList<BagOf>::entries; }

}  // namespace dtheta
