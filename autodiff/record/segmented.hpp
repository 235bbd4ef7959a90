#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace dtheta {

/// A list that grows at its end and whose elements never move, so that references stay valid while
/// it grows. `clear` keeps the memory.
template <class T, std::size_t segment = 512>
class Segmented {
 public:
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] T& operator[](std::size_t i) { return segments_[i / segment][i % segment]; }
  [[nodiscard]] const T& operator[](std::size_t i) const {
    return segments_[i / segment][i % segment];
  }
  /// The place behind the last element, to be written; `push` then makes it an element.
  [[nodiscard]] T& next() {
    if (size_ == segments_.size() * segment) segments_.push_back(std::make_unique<T[]>(segment));
    return (*this)[size_];
  }
  void push() { ++size_; }
  void push_back(const T& value) {
    next() = value;
    push();
  }
  void clear() { size_ = 0; }
  /// Forgets the elements from `size` on.
  void truncate(std::size_t size) { size_ = size; }
  [[nodiscard]] std::size_t capacity() const { return segments_.size() * segment; }

 private:
  std::vector<std::unique_ptr<T[]>> segments_;
  std::size_t size_ = 0;
};

}  // namespace dtheta
