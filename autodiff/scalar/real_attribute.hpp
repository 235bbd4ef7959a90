#pragma once

#include <bit>
#include <concepts>
#include <cstdint>

namespace dtheta {

/// A real number among the attributes of an op. Two are equal when their bits are: a plan computes
/// ops of equal attributes once, and clamp(x, 0, 1) is not clamp(x, -0.0, 1). Beside other numbers
/// it is a double.
class RealAttribute {
 public:
  constexpr RealAttribute(double value) : value_(value) {}
  constexpr operator double() const { return value_; }
  /// The same where the kind of number is not clear: for operands of ops,
  [[nodiscard]] constexpr double number() const { return value_; }
  /// and for kernels, in the scalar of the run.
  template <class T>
  [[nodiscard]] constexpr T in() const {
    return T(value_);
  }

  // A template, so that a comparison with a number is one of numbers.
  template <std::same_as<RealAttribute> A>
  friend constexpr bool operator==(const A& a, const A& b) {
    return std::bit_cast<std::uint64_t>(a.value_) == std::bit_cast<std::uint64_t>(b.value_);
  }

 private:
  double value_;
};

}  // namespace dtheta
