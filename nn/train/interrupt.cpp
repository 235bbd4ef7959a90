#include "nn/train/interrupt.hpp"

#include <atomic>
#include <csignal>
#include <mutex>

namespace dtheta::nn::detail {
namespace {

// A signal handler reaches nothing but what is static. The count only grows: each guard compares it
// with what it was when the guard came.
std::atomic<int> presses{0};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may use no other");

std::mutex guards_mutex;
int guards = 0;
struct sigaction before {};

void note(int) {
  presses.fetch_add(1);
  // The next one finds the handler of before the training, by which programs end.
  ::sigaction(SIGINT, &before, nullptr);
}

}  // namespace

InterruptGuard::InterruptGuard(bool active) : active_(active) {
  if (!active_) return;
  const std::scoped_lock lock(guards_mutex);
  at_start_ = presses.load();
  if (guards++ > 0) return;
  struct sigaction action {};
  action.sa_handler = note;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, nullptr, &before);
  ::sigaction(SIGINT, &action, nullptr);
}

InterruptGuard::~InterruptGuard() {
  if (!active_) return;
  const std::scoped_lock lock(guards_mutex);
  if (--guards == 0) ::sigaction(SIGINT, &before, nullptr);
}

bool InterruptGuard::interrupted() const { return active_ && presses.load() != at_start_; }

}  // namespace dtheta::nn::detail
