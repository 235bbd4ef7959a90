#pragma once

#include <cstddef>
#include <span>

/// The inner loops of convolutions whose channels lie side by side in registers, for float and double.
/// Sums run in a fixed order; results may differ in the last bits between instruction sets.
namespace dtheta::simd {

/// Channels are counted in blocks of so many, which fill whole registers of either type.
inline constexpr std::size_t channel_block = 16;

/// For each element e and channel c
///   sums[e][c] += sum over the moves m of factors[m][c] * x[elements[e] + m],
/// where the moves are outer * outer_stride + inner[i] for each outer, with all i in turn. What is
/// summed needs no neighbours in x, so that strides and short rows cost nothing.
struct LaneChannels {
  /// Where the rows of the factors are: outer * outer_stride + inner[i], and then the elements are
  /// neighbours; without inner, one behind the other in the order of the moves.
  struct Rows {
    std::span<const std::ptrdiff_t> inner;
    std::ptrdiff_t outer_stride = 0;
  };
  std::span<const std::ptrdiff_t> elements, inner;
  std::size_t outer = 1;
  std::ptrdiff_t outer_stride = 0;
  std::size_t channels = channel_block;  // a multiple of channel_block
  std::size_t sums_stride = channels;    // from the sums of an element to those of the next
  Rows rows = {};
  /// The elements lie in runs of so many neighbours, and so do the inner moves: each of both is one more than
  /// the one before, but for the first of a run. Longer runs may be said to be shorter ones that make them up.
  std::size_t element_run = 1, inner_run = 1;
};
void add_lane_sums(const LaneChannels& l, const float* x, const float* factors, float* sums);
void add_lane_sums(const LaneChannels& l, const double* x, const double* factors, double* sums);

/// out[k][j] = x[j][k] for `rows` rows j and `length` elements k of a row. Each row of out is written in
/// whole blocks of channel_block elements: behind the last row of x stands its repetition.
struct Turn {
  std::size_t rows, length;
  std::size_t x_stride, out_stride;  // from row to row
};
void turn(const Turn& t, const float* x, float* out);
void turn(const Turn& t, const double* x, double* out);

}  // namespace dtheta::simd
