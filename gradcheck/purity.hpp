#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gradcheck/check.hpp"

namespace dtheta::gradcheck {

/// Whether a cost and its gradient are functions of θ and nothing else, and leave no trace.
struct PurityResult {
  bool cost_repeats = true;         ///< J(θ) has the same bits at once again
  bool cost_forgets = true;         ///< and also after J was evaluated elsewhere
  bool gradient_repeats = true;     ///< two calls give the same bits
  bool gradient_overwrites = true;  ///< whatever the buffer held before
  bool gradient_writes_all = true;  ///< every entry of the buffer
  bool theta_untouched = true;      ///< neither wrote into the θ it was lent
  bool buffers_untouched = true;    ///< the watched buffers keep their bits
  bool alias_safe = true;           ///< the gradient may be written over θ; not needed for a pass
  std::vector<std::string> findings;  ///< what is wrong, in words

  explicit operator bool() const noexcept {
    return cost_repeats && cost_forgets && gradient_repeats && gradient_overwrites &&
           gradient_writes_all && theta_untouched && buffers_untouched;
  }
};

/// Calls the cost four times and the gradient five times. `watched`: memory that neither may
/// change: data, running statistics, the state of a random generator.
PurityResult check_purity(const Cost& cost, const Gradient::Function& gradient,
                          const ParameterVector& theta,
                          std::span<const std::span<const std::byte>> watched = {});

/// The part of it that concerns the gradient alone; four calls.
PurityResult check_gradient_purity(const Gradient::Function& gradient,
                                   const ParameterVector& theta);

/// FNV-1a of the bytes: equal bits, equal hash. Fowler, Noll and Vo.
std::uint64_t hash_of(std::span<const std::byte> bytes);

}  // namespace dtheta::gradcheck
