#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gradcheck/check.hpp"

namespace dtheta::gradcheck {

/// How a cost that is asked for the same θ again and again changes its answer.
enum class Unsteadiness {
  none,      ///< the same bits each time
  rounding,  ///< by some roundings: sums in changing order
  drift,     ///< always the same way: running statistics, a counter, a schedule
  random     ///< back and forth: masks drawn anew, noise
};

/// Judges answers to the same question in the order of asking. A drift needs six answers or more;
/// random ones rise or fall six times in a row with probability 1/360.
Unsteadiness unsteadiness_of(std::span<const double> answers);

/// A sentence that names it and what usually makes it; empty for none.
std::string_view explain(Unsteadiness unsteadiness);

/// Whether a cost and its gradient are functions of θ and nothing else, and leave no trace.
struct PurityResult {
  bool cost_repeats = true;  ///< J(θ) has the same bits at once again
  bool cost_forgets = true;  ///< and also after J was evaluated elsewhere
  Unsteadiness unsteadiness = Unsteadiness::none;
  bool threads_agree = true;        ///< several threads get the bits that one gets
  bool gradient_repeats = true;     ///< two calls give the same bits
  bool gradient_overwrites = true;  ///< whatever the buffer held before
  bool gradient_writes_all = true;  ///< every entry of the buffer
  bool theta_untouched = true;      ///< neither wrote into the θ it was lent
  bool buffers_untouched = true;    ///< the watched buffers keep their bits
  bool alias_safe = true;           ///< the gradient may be written over θ; not needed for a pass
  std::vector<std::string> findings;  ///< what is wrong, in words

  explicit operator bool() const noexcept {
    return cost_repeats && cost_forgets && threads_agree && gradient_repeats &&
           gradient_overwrites && gradient_writes_all && theta_untouched && buffers_untouched;
  }
};

/// Calls the cost ten times and the gradient five times. `watched`: memory that neither may change:
/// data, running statistics, the state of a random generator. `threads` above 1 calls the cost from
/// so many threads at once, too.
PurityResult check_purity(const Cost& cost, const Gradient::Function& gradient,
                          const ParameterVector& theta,
                          std::span<const std::span<const std::byte>> watched = {},
                          unsigned threads = 1);

/// False if the cost gives other bits where several threads call it at once, each with a θ of its
/// own: they share a buffer. A race that does not happen in some hundred calls is not seen.
bool threads_agree(const Cost& cost, const ParameterVector& theta, unsigned threads);

/// The part of it that concerns the gradient alone; four calls.
PurityResult check_gradient_purity(const Gradient::Function& gradient,
                                   const ParameterVector& theta);

/// FNV-1a of the bytes: equal bits, equal hash. Fowler, Noll and Vo.
std::uint64_t hash_of(std::span<const std::byte> bytes);

}  // namespace dtheta::gradcheck
