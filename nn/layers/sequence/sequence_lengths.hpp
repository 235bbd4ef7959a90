#pragma once

#include "autodiff/var.hpp"

namespace dtheta::nn::detail {

/// Sequences of several lengths in one tensor. Everything follows from the lengths by tables that
/// are looked up, so that a replay may set others.
class SequenceLengths {
 public:
  /// `lengths` is an index tensor (samples) of numbers from 0 to `time`.
  SequenceLengths(Var lengths, Index time);

  /// v (time, samples, width) with each sequence in reverse; what stands behind it stays.
  [[nodiscard]] Var reversed(Var v) const;
  /// v with 0 behind the end of each sequence.
  [[nodiscard]] Var cut(Var v) const;
  /// v behind the last step of each sequence, (samples, width), `start` for one of length 0.
  [[nodiscard]] Var last(Var v, Var start) const;

 private:
  Var lengths_;    // (samples, 1, 1)
  Var positions_;  // (samples, time, 1): where an element of the reversed sequence comes from
  Var counts_;     // (time, samples, 1): 1 before the end, else 0
};

}  // namespace dtheta::nn::detail
