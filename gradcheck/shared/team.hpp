#pragma once

#include <cstddef>
#include <exception>
#include <thread>
#include <vector>

namespace dtheta::gradcheck::detail {

/// Calls work(t) for t = 0 … threads − 1, each in a thread of its own, the first in the caller's.
/// An exception of any of them is thrown here once all have ended; of several, that of the lowest
/// t.
template <class Work>
void in_parallel(std::size_t threads, const Work& work) {
  if (threads <= 1) return work(std::size_t{0});
  std::vector<std::exception_ptr> failures(threads);
  const auto guarded = [&](std::size_t t) noexcept {
    try {
      work(t);
    } catch (...) {
      failures[t] = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> others;
    others.reserve(threads - 1);
    for (std::size_t t = 1; t < threads; ++t) others.emplace_back(guarded, t);
    guarded(0);
  }
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

}  // namespace dtheta::gradcheck::detail
