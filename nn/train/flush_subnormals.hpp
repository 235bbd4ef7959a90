#pragma once

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace dtheta::nn {

/// While it lives, this thread treats numbers too small for full precision as zero.
///
/// Weights that no example reaches decay towards zero, and with them the state of the optimiser.
/// Below 1e-38 a processor computes a float a hundred times slower; nothing is learned there. Has
/// no effect on processors other than x86.
class FlushSubnormals {
 public:
#if defined(__x86_64__)
  FlushSubnormals() : before_(_mm_getcsr()) { _mm_setcsr(before_ | flush_to_zero | are_zero); }
  ~FlushSubnormals() { _mm_setcsr(before_); }
#else
  FlushSubnormals() = default;
#endif
  FlushSubnormals(const FlushSubnormals&) = delete;
  FlushSubnormals& operator=(const FlushSubnormals&) = delete;

#if defined(__x86_64__)
 private:
  static constexpr unsigned flush_to_zero = 0x8000;
  static constexpr unsigned are_zero = 0x0040;
  unsigned before_;
#endif
};

}  // namespace dtheta::nn
