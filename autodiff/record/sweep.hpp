#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "autodiff/tape.hpp"
#include "autodiff/var.hpp"

/// What all ways through a tape for a derivative begin with: what may be asked for, and which
/// records it touches. `what` names the function that asks.
namespace dtheta::detail {

/// Throws StateError for values of two tapes, and for one that the tape has forgotten.
void require_same_tape(std::string_view what, const Tape& tape, std::span<const Var> vars);
/// Throws TypeError for indices and labels: they have no derivative, and whoever asks for one has
/// another value in mind.
void require_real_values(std::string_view what, std::span<const Var> xs);
/// Throws ShapeError unless y has a single element.
void require_single(std::string_view what, Var y);

[[nodiscard]] std::uint32_t smallest(std::span<const Var> vars);
[[nodiscard]] std::uint32_t largest(std::span<const Var> vars);

/// One entry for each record in [first, last]: the part of the tape a derivative can touch.
template <class T>
class OverRange {
 public:
  OverRange(std::uint32_t first, std::uint32_t last, T initial = {})
      : first_(first), count_(last >= first ? last - first + 1 : 0), entries_(count_, initial) {}
  /// Of a record in front of the first one the difference is larger than any count.
  [[nodiscard]] bool covers(std::uint32_t i) const { return i - first_ < count_; }
  auto operator[](std::uint32_t i) -> decltype(auto) { return entries_[i - first_]; }

 private:
  std::uint32_t first_, count_;
  std::vector<T> entries_;
};

/// Marks the real-valued records in [first, last] that depend on one of xs.
[[nodiscard]] OverRange<char> dependents(const Tape& tape, std::span<const Var> xs,
                                         std::uint32_t last);

}  // namespace dtheta::detail
