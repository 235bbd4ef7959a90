#pragma once

#include <span>
#include <vector>

#include "autodiff/var.hpp"

namespace dtheta {

/// Operands of which some carry a leading axis of `size`, along which the op is to be repeated.
struct Batch {
  std::span<const Var> in;
  std::span<const char> batched;  // for each operand, whether it has the axis
  Index size;
  [[nodiscard]] Var operator[](int i) const { return in[static_cast<std::size_t>(i)]; }
  [[nodiscard]] bool is_batched(int i) const { return batched[static_cast<std::size_t>(i)] != 0; }
  /// Operand i with the axis: repeated along it if it does not have it.
  [[nodiscard]] Var expanded(int i) const;
};

namespace detail {

/// The operands of a batch with axes of size 1 put in, so that all have their own axes at the same
/// place behind the leading one.
[[nodiscard]] std::vector<Var> aligned_behind_batch(const Batch& batch);

}  // namespace detail
}  // namespace dtheta
