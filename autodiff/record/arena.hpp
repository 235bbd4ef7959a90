#pragma once

#include <cstddef>
#include <vector>

#include "autodiff/tensor.hpp"

namespace dtheta {

/// Memory handed out in order and taken back all at once. Addresses stay valid until `clear`,
/// which keeps the memory for the next use.
class Arena {
 public:
  /// Uninitialised bytes; 64-byte aligned when there are at least 64 of them, else 16-byte, and up
  /// to 8 of them 8-byte.
  [[nodiscard]] void* allocate(std::size_t bytes) {
    const std::size_t alignment = bytes >= storage_alignment ? storage_alignment
                                  : bytes > 8                ? 16
                                                             : 8;
    const std::size_t start = (used_ + alignment - 1) & ~(alignment - 1);  // powers of two
    if (current_ == chunks_.size() || start + bytes > chunks_[current_].size) {
      return allocate_in_next_chunk(bytes);
    }
    used_ = start + bytes;
    return chunks_[current_].memory.get() + start;
  }
  void clear() {
    current_ = 0;
    used_ = 0;
  }
  /// How far the arena has been used: everything allocated later can be taken back together.
  struct Position {
    std::size_t chunk;
    std::size_t used;
  };
  [[nodiscard]] Position position() const { return {current_, used_}; }
  void rewind(Position p) {
    current_ = p.chunk;
    used_ = p.used;
  }
  /// Bytes held from the system.
  [[nodiscard]] std::size_t capacity() const;

 private:
  struct Chunk {
    AlignedBytes memory;
    std::size_t size;
  };
  void* allocate_in_next_chunk(std::size_t bytes);

  std::vector<Chunk> chunks_;
  std::size_t current_ = 0;
  std::size_t used_ = 0;
};

}  // namespace dtheta
