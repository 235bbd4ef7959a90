#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "autodiff/shape.hpp"

namespace dtheta {

/// Real values are computed in the scalar of the run; indices are int64 in every run.
enum class Kind : std::uint8_t { real, index };

/// The type of a recorded value: everything about it but the scalar it is computed in.
struct ValueType {
  Shape shape;
  Kind kind = Kind::real;
  friend constexpr bool operator==(const ValueType&, const ValueType&) = default;
};

/// One operand of an op: where its elements are, and its type.
struct Operand {
  const void* data;
  const ValueType* type;
};

/// The types of a list of operands, which a shape rule reads. A view.
class Types {
 public:
  class Iterator {
   public:
    using difference_type = std::ptrdiff_t;
    using value_type = ValueType;
    Iterator() = default;
    explicit Iterator(const Operand* at) : at_(at) {}
    const ValueType& operator*() const { return *at_->type; }
    Iterator& operator++() { return ++at_, *this; }
    Iterator operator++(int) { return Iterator(at_++); }
    friend bool operator==(Iterator, Iterator) = default;

   private:
    const Operand* at_ = nullptr;
  };

  Types(std::span<const Operand> operands) : operands_(operands) {}

  [[nodiscard]] std::size_t size() const { return operands_.size(); }
  [[nodiscard]] const ValueType& operator[](std::size_t i) const { return *operands_[i].type; }
  [[nodiscard]] Iterator begin() const { return Iterator(operands_.data()); }
  [[nodiscard]] Iterator end() const { return Iterator(operands_.data() + operands_.size()); }
  [[nodiscard]] Types first(std::size_t count) const { return operands_.first(count); }
  [[nodiscard]] Types subspan(std::size_t from) const { return operands_.subspan(from); }

 private:
  std::span<const Operand> operands_;
};

}  // namespace dtheta
