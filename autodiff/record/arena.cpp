#include "autodiff/record/arena.hpp"

#include <algorithm>

namespace dtheta {

std::size_t Arena::capacity() const {
  std::size_t sum = 0;
  for (const Chunk& c : chunks_) sum += c.size;
  return sum;
}

void* Arena::allocate_in_next_chunk(std::size_t bytes) {
  // Chunks double in size, so that a long tape needs few of them and a short one little memory.
  constexpr std::size_t first = std::size_t{1} << 16, largest = std::size_t{1} << 26;
  if (!chunks_.empty() && current_ < chunks_.size()) ++current_;
  while (current_ < chunks_.size() && chunks_[current_].size < bytes) ++current_;
  if (current_ == chunks_.size()) {
    const std::size_t doubled =
        chunks_.empty() ? first : std::min(2 * chunks_.back().size, largest);
    const std::size_t size = std::max(bytes, doubled);
    chunks_.push_back({allocate_aligned(size), size});
  }
  used_ = bytes;
  return chunks_[current_].memory.get();
}

}  // namespace dtheta
