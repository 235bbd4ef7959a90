#include "nn/layers/sequence/sequence_lengths.hpp"

#include "autodiff/ops/elementwise/comparison.hpp"
#include "autodiff/ops/shape/concat.hpp"
#include "autodiff/ops/shape/indexing.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/scatter.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "autodiff/tape.hpp"

namespace dtheta::nn::detail {

SequenceLengths::SequenceLengths(Var lengths, Index time) {
  // Row l of each table is what a length of l means for the steps 0, 1, ...
  Tensor positions(Shape{time + 1, time}, DType::int64), counts(Shape{time + 1, time});
  for (Index l = 0; l <= time; ++l) {
    for (Index t = 0; t < time; ++t) {
      const auto at = static_cast<std::size_t>(l * time + t);
      positions.data<Index>()[at] = t < l ? l - 1 - t : t;
      counts.data<double>()[at] = t < l ? 1 : 0;
    }
  }
  Tape& tape = lengths.tape();
  lengths_ = reshape(lengths, Shape{lengths.size(), 1, 1});
  positions_ = expand_dims(take(tape.constant(positions), lengths), 2);
  counts_ = expand_dims(swap_axes(take(tape.constant(counts), lengths), 0, 1), 2);
}

Var SequenceLengths::reversed(Var v) const {
  return swap_axes(gather_nd(swap_axes(v, 0, 1), positions_, 1), 0, 1);
}

Var SequenceLengths::cut(Var v) const { return where(counts_, v, 0); }

Var SequenceLengths::last(Var v, Var start) const {
  const Var from_start = swap_axes(concat({expand_dims(start, 0), v}, 0), 0, 1);
  return select(gather_nd(from_start, lengths_, 1), 1, 0);
}

}  // namespace dtheta::nn::detail
