#include <algorithm>
#include <numeric>

#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/comparison.hpp"
#include "autodiff/ops/shape/concat.hpp"
#include "autodiff/ops/shape/indexing.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/repeat.hpp"
#include "autodiff/ops/shape/scatter.hpp"
#include "autodiff/ops/shape/scatter_reduce.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "rules.hpp"

namespace dtheta::onnx_tests {
namespace {

Var index_vector(Tape& tape, const std::vector<Index>& places) {
  return tape.constant(
      Tensor(Shape{static_cast<Index>(places.size())}, std::span<const Index>(places)));
}

Values gather(const Call& c) { return c.like(take(c[0], c.indices(1), c.axis(0))); }

Values gather_elements(const Call& c) {
  return c.like(take_along_axis(c[0], c.indices(1), c.axis(0)));
}

Values gather_positions(const Call& c) {
  return c.like(gather_nd(c[0], c.indices(1), static_cast<int>(c.integer("batch_dims", 0))));
}

Values scatter_elements(const Call& c) {
  const std::string how = c.text("reduction", "none");
  if (how == "none") return c.like(put_along_axis(c[0], c.indices(1), c[2], c.axis(0)));
  const Reduce reduce = how == "add"   ? Reduce::sum
                        : how == "mul" ? Reduce::prod
                        : how == "max" ? Reduce::amax
                                       : Reduce::amin;
  return c.like(scatter_reduce(c[0], c.indices(1), c[2], c.axis(0), reduce));
}

/// One update after the other: places that occur twice are changed twice.
template <class F>
Var scatter_in_turn(const Call& c, F changed) {
  const Var indices = c.indices(1);
  const Index count = indices.size() / indices.shape()[indices.rank() - 1];
  const Var places = reshape(indices, {count, -1});
  const Shape rest = c[2].shape();
  std::vector<Index> dims{count};
  dims.insert(dims.end(), rest.begin() + indices.rank() - 1, rest.end());
  const Var updates = reshape(c[2], to_shape(dims));
  Var x = c[0];
  for (Index i = 0; i < count; ++i) {
    const Var place = slice(places, 0, {i, i + 1}), update = slice(updates, 0, {i, i + 1});
    x = scatter_nd(x, place, changed(gather_nd(x, place), update));
  }
  return x;
}

Values scatter_positions(const Call& c) {
  const std::string how = c.text("reduction", "none");
  if (how == "none") return c.like(scatter_nd(c[0], c.indices(1), c[2]));
  if (how == "add") return c.like(scatter_nd_add(c[0], c.indices(1), c[2]));
  return c.like(scatter_in_turn(c, [&](Var a, Var b) {
    return how == "mul" ? a * b : how == "max" ? maximum(a, b) : minimum(a, b);
  }));
}

/// off + (on - off) * hot, with the classes along `axis`. Negative indices count from the back;
/// those out of range give a row without a 1.
Values one_hot_rule(const Call& c) {
  const Index classes = c.integer(1);
  std::vector<Index> labels = c.integers(0);
  for (Index& label : labels) {
    if (label < 0) label += classes;
    if (label < 0 || label >= classes) label = classes;
  }
  const Shape shape = c[0].shape();
  const Var hot =
      one_hot(c.tape().constant(Tensor(shape, std::span<const Index>(labels))), classes + 1);
  const Var kept = slice(hot, -1, {0, classes});
  const Var off = select(c[2], 0, 0), on = select(c[2], 0, 1);
  const int axis = c.axis(-1), rank = shape.rank() + 1;
  const Var values = where(kept, on, off);
  return Call::of(move_axis(values, rank - 1, axis < 0 ? axis + rank : axis), c.type(2));
}

Values compress(const Call& c) {
  const std::vector<Index> kept = c.integers(1);
  std::vector<Index> places;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (kept[i] != 0) places.push_back(static_cast<Index>(i));
  }
  const Var x = c.has("axis") ? c[0] : reshape(c[0], {-1});
  return c.like(index_select(x, c.axis(0), index_vector(c.tape(), places)));
}

/// The first lengths[b] elements of time in reverse order, for each b of the batch.
Values reverse_sequence(const Call& c) {
  const int time = static_cast<int>(c.integer("time_axis", 0));
  const int batch = static_cast<int>(c.integer("batch_axis", 1));
  const std::vector<Index> lengths = c.integers(1);
  std::vector<Var> parts;
  for (std::size_t b = 0; b < lengths.size(); ++b) {
    const auto i = static_cast<Index>(b);
    const Var part = slice(c[0], batch, {i, i + 1});
    const Index steps = part.shape()[time];
    parts.push_back(concat(
        {flip(slice(part, time, {0, lengths[b]}), time), slice(part, time, {lengths[b], steps})},
        time));
  }
  return c.like(concat(std::span<const Var>(parts), batch));
}

constexpr NamedRule rules[]{
    {"Compress", compress},
    {"Gather", gather},
    {"GatherElements", gather_elements},
    {"GatherND", gather_positions},
    {"OneHot", one_hot_rule},
    {"ReverseSequence", reverse_sequence},
    {"Scatter", scatter_elements},
    {"ScatterElements", scatter_elements},
    {"ScatterND", scatter_positions},
};

}  // namespace

std::span<const NamedRule> index_rules() { return rules; }

}  // namespace dtheta::onnx_tests
