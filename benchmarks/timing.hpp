#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

namespace dtheta::bench {

/// Median seconds per call of `work` over `repeats` batches, each long enough to be timed.
template <class F>
double seconds_per_call(F work, int repeats = 9, double batch_seconds = 0.02) {
  using Clock = std::chrono::steady_clock;
  const auto timed = [&](long calls) {
    const auto start = Clock::now();
    for (long i = 0; i < calls; ++i) work();
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  long calls = 1;
  while (timed(calls) < batch_seconds / 4 && calls < (1L << 24)) calls *= 2;
  std::vector<double> samples;
  for (int r = 0; r < repeats; ++r) samples.push_back(timed(calls) / static_cast<double>(calls));
  std::ranges::nth_element(samples, samples.begin() + repeats / 2);
  return samples[static_cast<std::size_t>(repeats / 2)];
}

}  // namespace dtheta::bench
