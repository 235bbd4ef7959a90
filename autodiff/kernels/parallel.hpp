#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <memory>

namespace dtheta {

/// Threads that share the work of one kernel at a time.
///
/// Work is cut into parts by the kernel, by rules that do not know the number of threads, and each
/// part is done by one of them: so results have the same bits for any number of threads. Threads
/// that have nothing to do sleep.
class Parallel {
 public:
  /// Throws ValueError for no threads.
  explicit Parallel(unsigned threads);
  ~Parallel();
  Parallel(const Parallel&) = delete;
  Parallel& operator=(const Parallel&) = delete;

  [[nodiscard]] unsigned threads() const { return threads_; }

  /// Calls work(part) for every part in [0, parts), each once, and returns when all have ended. The
  /// first exception is thrown again here.
  template <std::invocable<std::size_t> F>
  void for_each(std::size_t parts, const F& work) const {
    run(
        parts, [](const void* f, std::size_t part) { (*static_cast<const F*>(f))(part); }, &work);
  }

 private:
  void run(std::size_t parts, void (*call)(const void*, std::size_t), const void* work) const;

  struct Threads;
  std::unique_ptr<Threads> arena_;
  unsigned threads_;
};

namespace detail {

/// The same where there may be no threads to share with.
template <std::invocable<std::size_t> F>
void for_each_part(const Parallel* parallel, std::size_t parts, const F& work) {
  if (parallel != nullptr && parts > 1) return parallel->for_each(parts, work);
  for (std::size_t part = 0; part < parts; ++part) work(part);
}

/// Calls body(first, n) for runs of things that together are all `count`: one run for each thread,
/// as far as each gets `at_once` things or more. For things that do not depend on each other, so
/// that it does not matter where one run ends.
template <std::invocable<std::size_t, std::size_t> F>
void for_each_run(const Parallel* parallel, std::size_t count, std::size_t at_once, const F& body) {
  if (parallel == nullptr || count < 2 * at_once) return body(std::size_t{0}, count);
  // Long runs, as memory is read fastest in order.
  const std::size_t parts = std::min<std::size_t>(count / at_once, parallel->threads());
  parallel->for_each(parts, [&](std::size_t part) {
    const std::size_t first = part * count / parts;
    body(first, (part + 1) * count / parts - first);
  });
}

/// How many rows of `elements` elements each are worth another thread, at a few operations for each
/// element.
[[nodiscard]] inline std::size_t rows_at_once(std::size_t elements) {
  constexpr std::size_t worth_a_thread = std::size_t{1} << 14;
  return worth_a_thread / std::max<std::size_t>(elements, 1) + 1;
}

}  // namespace detail
}  // namespace dtheta
