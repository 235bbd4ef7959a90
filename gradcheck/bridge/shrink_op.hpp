#pragma once

#include "autodiff/op.hpp"
#include "gradcheck/shrink.hpp"

namespace dtheta::gradcheck {

/// The smallest operands of a sample on which the derivative rule of an op is still wrong. Every
/// axis of every operand is a size ("operand 1 axis 0"); what the op's shape rule refuses is no
/// case. Drawn values are drawn anew by the seed, and given ones taken from the list over and over.
/// What makes the case again is a line that records it.
[[nodiscard]] Shrunk shrink_sample(const OpRecord& op, const SampleCase& sample,
                                   std::uint64_t seed = 1, ShrinkOptions options = {});

/// The same for the first of an op's samples that shows a wrong rule; `shown` is false if none
/// does.
[[nodiscard]] Shrunk shrink_samples(const OpRecord& op, std::uint64_t seed = 1,
                                    const ShrinkOptions& options = {});
template <Op O>
[[nodiscard]] Shrunk shrink_samples(std::uint64_t seed = 1, const ShrinkOptions& options = {}) {
  return shrink_samples(record_of<O>, seed, options);
}

}  // namespace dtheta::gradcheck
