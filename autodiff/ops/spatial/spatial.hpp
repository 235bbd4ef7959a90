#pragma once

#include <array>
#include <initializer_list>
#include <span>

#include "autodiff/shape.hpp"

namespace dtheta {

/// A number for each spatial axis, such as a stride; a single one stands for all axes.
class PerAxis {
 public:
  PerAxis(Index all) : PerAxis(std::span<const Index>(&all, 1)) {}
  PerAxis(std::initializer_list<Index> values)
      : PerAxis(std::span(values.begin(), values.size())) {}
  /// Throws ShapeError unless there are one to three values.
  explicit PerAxis(std::span<const Index> values);

  [[nodiscard]] int size() const { return size_; }
  [[nodiscard]] Index operator[](int axis) const {
    return values_[static_cast<std::size_t>(size_ == 1 ? 0 : axis)];
  }
  [[nodiscard]] std::span<const Index> values() const {
    return {values_.data(), static_cast<std::size_t>(size_)};
  }

 private:
  std::array<Index, 3> values_{};
  int size_ = 0;
};

}  // namespace dtheta
