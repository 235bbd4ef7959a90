#pragma once

#include <csignal>

namespace dtheta::nn::detail {

/// While it lives, Ctrl-C (SIGINT) is noted in place of ending the program; a second one does that.
/// The handler of before comes back when it goes. Several may live, in several threads.
class InterruptGuard {
 public:
  /// Does nothing unless `active`.
  explicit InterruptGuard(bool active);
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
  ~InterruptGuard();

  /// Whether Ctrl-C was pressed since.
  [[nodiscard]] bool interrupted() const;

 private:
  bool active_;
  std::sig_atomic_t at_start_ = 0;
};

}  // namespace dtheta::nn::detail
