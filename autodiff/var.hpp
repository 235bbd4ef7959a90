#pragma once

#include <concepts>
#include <cstdint>
#include <source_location>
#include <span>

#include "autodiff/tensor.hpp"

namespace dtheta {

class Tape;
struct ValueType;

/// A value recorded on a tape: which tape, and where on it. Copied freely, valid while the tape is
/// (until it is cleared or destroyed). A default-constructed Var stands for no value; a derivative
/// rule returns it for "always zero".
class Var {
 public:
  constexpr Var() = default;
  constexpr Var(Tape& tape, std::uint32_t index) : tape_(&tape), index_(index) {}

  [[nodiscard]] constexpr bool exists() const { return tape_ != nullptr; }
  [[nodiscard]] Tape& tape() const { return *tape_; }
  [[nodiscard]] constexpr std::uint32_t index() const { return static_cast<std::uint32_t>(index_); }
  [[nodiscard]] const Shape& shape() const;
  /// Shape and kind. Values of one tape with equal types return the same object.
  [[nodiscard]] const ValueType& type() const;
  [[nodiscard]] int rank() const { return shape().rank(); }
  [[nodiscard]] Index size() const { return shape().size(); }
  /// True for labels, indices and other integer values, which have no gradient.
  [[nodiscard]] bool is_index() const;

  /// The recorded value, copied.
  [[nodiscard]] Tensor value() const;
  /// The recorded value in place; the same requirements as Tensor::data.
  template <Element T>
  [[nodiscard]] std::span<const T> data() const {
    return {static_cast<const T*>(checked_data(dtype_of<T>)), static_cast<std::size_t>(size())};
  }
  /// The value of a single element, as double. Throws ShapeError when there is not exactly one.
  [[nodiscard]] double item() const;

  /// Whether a single recorded element is nonzero, for use in `if`. The branch taken becomes a
  /// guard: a replay in which the element falls on the other side throws GuardError.
  [[nodiscard]] explicit operator bool() const;

  /// Same tape and place (not: equal value; compare values with `equal` and its kin).
  [[nodiscard]] constexpr bool is(Var other) const {
    return tape_ == other.tape_ && index_ == other.index_;
  }

 private:
  friend class Arg;
  [[nodiscard]] const void* checked_data(DType wanted) const;

  Tape* tape_ = nullptr;
  std::uint64_t index_ = 0;  // as wide as the pointer: a copy reads whole what was written whole
};

/// An argument of an op: a Var, or a number where one is meant, and the line that passed it.
///
/// Every op takes its operands as Arg, so that `2 * x` works and each record knows its source line
/// without a macro.
class Arg {
 public:
  Arg(Var var, std::source_location at = std::source_location::current())
      : tape_(var.tape_), index_(var.index_), at_(at) {}
  template <class A>
  requires std::is_arithmetic_v<A> Arg(A number,
                                       std::source_location at = std::source_location::current())
      : number_(static_cast<double>(number)), at_(at) {}

  // Not trivial, so that it is passed by address: compilers copy four words as two vectors, and
  // such a copy waits until the stores that wrote the words have reached the cache. For small ops
  // that took longer than all the rest.
  Arg(const Arg& other)
      : tape_(other.tape_), number_(other.number_), index_(other.index_), at_(other.at_) {}
  Arg& operator=(const Arg&) = default;

  [[nodiscard]] bool is_number() const { return tape_ == nullptr; }
  /// Throws StateError for a number: where this is asked for, a recorded value is needed.
  [[nodiscard]] Var var() const {
    if (is_number()) throw_is_number();
    return Var(*tape_, static_cast<std::uint32_t>(index_));
  }
  [[nodiscard]] double number() const { return number_; }
  [[nodiscard]] const std::source_location& at() const { return at_; }

 private:
  [[noreturn]] void throw_is_number() const;

  Tape* tape_ = nullptr;  // this and `index_` are the Var; apart for the same reason
  double number_ = 0;
  std::uint64_t index_ = 0;
  std::source_location at_;
};

/// Arithmetic, broadcasting by NumPy's rule. See autodiff/ops/elementwise/arithmetic.hpp for the
/// ops.
Var operator+(Arg a, Arg b);
Var operator-(Arg a, Arg b);
Var operator*(Arg a, Arg b);
Var operator/(Arg a, Arg b);
Var operator-(Arg a);

/// Comparisons: 1 where true, 0 where false, with the gradient zero. Use `where` to select by them.
Var operator<(Arg a, Arg b);
Var operator<=(Arg a, Arg b);
Var operator>(Arg a, Arg b);
Var operator>=(Arg a, Arg b);

}  // namespace dtheta
