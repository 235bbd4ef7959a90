#pragma once

#include <cstddef>

#include "autodiff/op.hpp"
#include "autodiff/ops/elementwise/arithmetic_form.hpp"

namespace dtheta::detail {

/// An operation on single numbers, bound to memory; `b` is null for one of one operand.
template <Scalar T>
struct ScalarEntry {
  const T* a;
  const T* b;
  T* out;
  Arithmetic op;

  [[nodiscard]] T value() const { return single(op, a, b); }
};

/// Arithmetic of single numbers, one operation after the other, as one kernel: to call kernels made for
/// vectors would take several times as long as to compute. The results have the same bits, as each of
/// these operations is rounded once in either.
template <Scalar T>
struct ScalarLine {
  const ScalarEntry<T>* first;
  std::size_t count;

  void run() const {
    for (const ScalarEntry<T>* e = first; e != first + count; ++e) *e->out = e->value();
  }
};

}  // namespace dtheta::detail
