#pragma once

#include <cstdint>

#include "autodiff/tape.hpp"

namespace dtheta {

/// a + b, a - b, a b, a / b, -a, element for element.
enum class Arithmetic : std::uint8_t { none, add, sub, mul, div, neg };
[[nodiscard]] Arithmetic as_arithmetic(const OpRecord& op);

namespace detail {

/// One of them, of single numbers, without calling a kernel that is made for vectors. The same bits: each of
/// these operations is rounded once in either. `b` is not read for -a.
template <Scalar T>
[[nodiscard]] T single(Arithmetic op, const T* a, const T* b) {
  switch (op) {
    case Arithmetic::add:
      return *a + *b;
    case Arithmetic::sub:
      return *a - *b;
    case Arithmetic::mul:
      return *a * *b;
    case Arithmetic::div:
      return *a / *b;
    default:
      return -*a;
  }
}

}  // namespace detail

}  // namespace dtheta
