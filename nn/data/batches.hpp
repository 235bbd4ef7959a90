#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "autodiff/tensor.hpp"

namespace dtheta::nn {

/// Writes a uniformly random permutation of 0 .. order.size() - 1: a function of seed and epoch,
/// the same on every machine.
void shuffle(std::span<Index> order, std::uint64_t seed, std::uint64_t epoch);

/// 0 .. count - 1.
[[nodiscard]] std::vector<Index> all_rows(Index count);

/// What happens to the examples left over when the batch size does not divide their number.
enum class LastBatch : std::uint8_t {
  keep,  ///< they make a smaller batch
  drop   ///< they sit out the epoch, so that every batch has one size
};

/// The examples of each batch of each epoch, in an order that seed and epoch alone decide: training
/// can resume at any epoch, and meets the same batches.
class Batches {
 public:
  /// Starts at epoch 0. Throws ValueError unless there is at least one batch.
  Batches(Index examples, Index batch_size, std::uint64_t seed, LastBatch last = LastBatch::keep);

  /// Shuffles for `epoch`. Invalidates what batch() returned.
  void start_epoch(std::uint64_t epoch);
  /// Number of batches in an epoch.
  [[nodiscard]] Index count() const;
  /// The examples of one batch. Throws ValueError unless 0 <= batch < count().
  [[nodiscard]] std::span<const Index> batch(Index batch) const;

 private:
  std::vector<Index> order_;
  Index batch_size_;
  std::uint64_t seed_;
  LastBatch last_;
};

/// Copies `rows` of `source`, slices along its first axis, one after the other to `destination`.
/// Allocates nothing. Throws ValueError for a row that is not there, ShapeError when the number of
/// elements of `destination` is not what the rows have, TypeError when its type differs.
void gather_rows(const Tensor& source, std::span<const Index> rows, DType dtype,
                 std::span<std::byte> destination);

template <Element T>
void gather_rows(const Tensor& source, std::span<const Index> rows, std::span<T> destination) {
  gather_rows(source, rows, dtype_of<T>, std::as_writable_bytes(destination));
}

/// The same into a tensor shaped like `source`, but for rows.size() along the first axis.
void gather_rows(const Tensor& source, std::span<const Index> rows, Tensor& destination);

}  // namespace dtheta::nn
