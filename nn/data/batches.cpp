#include "nn/data/batches.hpp"

#include <Random123/philox.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>
#include <utility>

#include "autodiff/errors.hpp"

namespace dtheta::nn {
namespace {

/// Uniform integers below a bound, from Philox: key = seed and stream, counter = draw and epoch.
class BoundedDraws {
 public:
  BoundedDraws(std::uint64_t seed, std::uint64_t epoch)
      : key_{{low(seed), high(seed) ^ stream}}, epoch_(epoch) {}

  std::uint64_t below(std::uint64_t bound) {
    // 2^64 is no multiple of most bounds: the remainder's worth of smallest values is left out, or
    // small results would come more often than large ones.
    const std::uint64_t left_out = (0 - bound) % bound;
    std::uint64_t value = next();
    while (value < left_out) value = next();
    return value % bound;
  }

 private:
  // Other uses of the same seed, dropout or initialisation, must not see the same numbers.
  static constexpr std::uint32_t stream = 0x73687566;  // "shuf"

  static std::uint32_t low(std::uint64_t v) { return static_cast<std::uint32_t>(v); }
  static std::uint32_t high(std::uint64_t v) { return static_cast<std::uint32_t>(v >> 32); }

  std::uint64_t next() {
    if (draw_ % 2 == 0) {
      const std::uint64_t block = draw_ / 2;
      const philox4x32_ctr_t counter{{low(block), high(block), low(epoch_), high(epoch_)}};
      words_ = philox4x32(counter, key_);
    }
    const std::size_t i = draw_++ % 2 * 2;
    return std::uint64_t{words_.v[i + 1]} << 32 | words_.v[i];
  }

  philox4x32_key_t key_;
  philox4x32_ctr_t words_{};
  std::uint64_t epoch_;
  std::uint64_t draw_ = 0;
};

}  // namespace

void shuffle(std::span<Index> order, std::uint64_t seed, std::uint64_t epoch) {
  std::iota(order.begin(), order.end(), Index{0});
  BoundedDraws draws(seed, epoch);
  for (std::size_t left = order.size(); left > 1; --left) {
    std::swap(order[left - 1], order[draws.below(left)]);
  }
}

std::vector<Index> all_rows(Index count) {
  std::vector<Index> rows(static_cast<std::size_t>(count));
  std::iota(rows.begin(), rows.end(), Index{0});
  return rows;
}

Batches::Batches(Index examples, Index batch_size, std::uint64_t seed, LastBatch last)
    : batch_size_(batch_size), seed_(seed), last_(last) {
  if (examples < 1)
    throw ValueError(fmt::format("batches: {} examples, need at least 1", examples));
  if (batch_size < 1) {
    throw ValueError(fmt::format("batches: batch size {}, must be at least 1", batch_size));
  }
  if (last == LastBatch::drop && batch_size > examples) {
    throw ValueError(
        fmt::format("batches: {} examples do not fill one batch of {}", examples, batch_size));
  }
  order_.resize(static_cast<std::size_t>(examples));
  start_epoch(0);
}

void Batches::start_epoch(std::uint64_t epoch) { shuffle(order_, seed_, epoch); }

Index Batches::count() const {
  const auto examples = static_cast<Index>(order_.size());
  const bool smaller_one = last_ == LastBatch::keep && examples % batch_size_ != 0;
  return examples / batch_size_ + (smaller_one ? 1 : 0);
}

std::span<const Index> Batches::batch(Index batch) const {
  if (batch < 0 || batch >= count()) {
    throw ValueError(fmt::format("batches: batch {} is outside [0, {})", batch, count()));
  }
  const auto start = static_cast<std::size_t>(batch * batch_size_);
  const std::size_t size = std::min(static_cast<std::size_t>(batch_size_), order_.size() - start);
  return std::span(order_).subspan(start, size);
}

void gather_rows(const Tensor& source, std::span<const Index> rows, DType dtype,
                 std::span<std::byte> destination) {
  const Shape& shape = source.shape();
  if (dtype != source.dtype()) {
    throw TypeError(fmt::format("gather_rows: source is {}, destination {}",
                                to_string(source.dtype()), to_string(dtype)));
  }
  if (shape.rank() < 1) throw ShapeError("gather_rows: source is a scalar, it has no rows");
  const Index count = shape[0];
  const auto row_bytes =
      count == 0 ? 0 : static_cast<std::size_t>(source.size() / count) * size_of(source.dtype());
  if (destination.size() != rows.size() * row_bytes) {
    throw ShapeError(fmt::format("gather_rows: {} rows of {} need {} bytes, destination has {}",
                                 rows.size(), to_string(shape), rows.size() * row_bytes,
                                 destination.size()));
  }
  const auto bad = std::ranges::find_if(rows, [&](Index r) { return r < 0 || r >= count; });
  if (bad != rows.end()) {
    throw ValueError(fmt::format("gather_rows: row {} is outside [0, {})", *bad, count));
  }
  const auto* from = static_cast<const std::byte*>(source.bytes());
  std::byte* to = destination.data();
  for (const Index row : rows) {
    if (row_bytes == 0) break;
    std::memcpy(to, from + static_cast<std::size_t>(row) * row_bytes, row_bytes);
    to += row_bytes;
  }
}

void gather_rows(const Tensor& source, std::span<const Index> rows, Tensor& destination) {
  const Shape& from = source.shape();
  const Shape& to = destination.shape();
  if (from.rank() < 1) throw ShapeError("gather_rows: source is a scalar, it has no rows");
  const bool fits = from.rank() == to.rank() && to[0] == static_cast<Index>(rows.size()) &&
                    std::ranges::equal(from.dims().subspan(1), to.dims().subspan(1));
  if (!fits) {
    throw ShapeError(fmt::format("gather_rows: {} rows of {} do not have the shape {}", rows.size(),
                                 to_string(from), to_string(to)));
  }
  const std::size_t bytes =
      static_cast<std::size_t>(destination.size()) * size_of(destination.dtype());
  gather_rows(source, rows, destination.dtype(),
              {static_cast<std::byte*>(destination.bytes()), bytes});
}

}  // namespace dtheta::nn
