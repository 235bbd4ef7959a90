#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <type_traits>

#include "autodiff/record/tape_slot.hpp"
#include "autodiff/source_location.hpp"
#include "autodiff/tensor.hpp"

namespace dtheta {

class Tape;
struct ValueType;

/// A value recorded on a tape: which tape, and where on it. Copied freely, valid while the tape is
/// (until it is cleared or destroyed): used later it throws StateError. A default-constructed Var
/// stands for no value, which throws as well; a derivative rule returns it for "always zero".
class Var {
 public:
  constexpr Var() = default;
  /// Record `index` of the tape. Throws StateError when there is none.
  Var(Tape& tape, std::uint32_t index);

  [[nodiscard]] constexpr bool exists() const { return slot_ != &detail::no_tape; }
  [[nodiscard]] Tape& tape() const;
  [[nodiscard]] constexpr std::uint32_t index() const { return static_cast<std::uint32_t>(place_); }
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
    return slot_ == other.slot_ && place_ == other.place_;
  }

  /// What is recorded at another place of the same tape.
  [[nodiscard]] constexpr Var at(std::uint32_t index) const {
    return Var(slot_, place_ >> 32 << 32 | index);
  }

  /// Which tape, for those who outlive it, and the record with the stamp above: see TapeSlot.
  [[nodiscard]] constexpr const detail::TapeSlot* slot() const { return slot_; }
  [[nodiscard]] constexpr std::uint64_t place() const { return place_; }

 private:
  friend class Arg;
  friend class Tape;
  constexpr Var(const detail::TapeSlot* slot, std::uint64_t place) : slot_(slot), place_(place) {}
  [[nodiscard]] const void* checked_data(DType wanted) const;

  const detail::TapeSlot* slot_ = &detail::no_tape;
  // Record and, above it, stamp, as wide as the pointer: a copy reads whole what was written whole.
  std::uint64_t place_ = ~std::uint64_t{0};
};

/// An argument of an op: a Var, or a number where one is meant, and the line that passed it.
///
/// Every op takes its operands as Arg, so that `2 * x` works and each record knows its source line
/// without a macro.
class Arg {
 public:
  Arg(Var var, SourceLocation at = SourceLocation::current())
      : slot_(var.slot_), place_(var.place_), at_(at) {}
  template <class A>
  requires std::is_arithmetic_v<A> Arg(A number, SourceLocation at = SourceLocation::current())
      : number_(static_cast<double>(number)), at_(at) {}

  // Not trivial, so that it is passed by address: compilers copy four words as two vectors, and
  // such a copy waits until the stores that wrote the words have reached the cache. For small ops
  // that took longer than all the rest.
  Arg(const Arg& other)
      : slot_(other.slot_), number_(other.number_), place_(other.place_), at_(other.at_) {}
  Arg& operator=(const Arg&) = default;

  [[nodiscard]] bool is_number() const { return slot_ == nullptr; }
  /// Throws StateError for a number: where this is asked for, a recorded value is needed.
  [[nodiscard]] Var var() const {
    if (is_number()) throw_is_number();
    return Var(slot_, place_);
  }
  [[nodiscard]] double number() const { return number_; }
  [[nodiscard]] const SourceLocation& at() const { return at_; }

 private:
  [[noreturn]] void throw_is_number() const;

  // Slot and place are the Var; apart for the same reason.
  const detail::TapeSlot* slot_ = nullptr;
  double number_ = 0;
  std::uint64_t place_ = 0;
  SourceLocation at_;
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
