#include "gradcheck/cli/interrupt.hpp"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <string_view>

namespace dtheta::gradcheck::cli {
namespace {

// A handler has no other way to tell.
std::atomic<bool> stop{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void ask_to_stop(int) {
  const int before = errno;
  stop = true;
  constexpr std::string_view words = "\ngradcheck: stopping; Ctrl-C again ends it at once\n";
  static_cast<void>(!write(STDERR_FILENO, words.data(), words.size()));
  errno = before;
}

}  // namespace

Interruptible::Interruptible() {
  stop = false;
  struct sigaction before {};
  sigaction(SIGINT, nullptr, &before);
  if (before.sa_handler == SIG_IGN) return;  // started in the background: Ctrl-C is not for us
  struct sigaction action {};
  action.sa_handler = ask_to_stop;
  sigemptyset(&action.sa_mask);
  action.sa_flags = static_cast<int>(SA_RESETHAND);  // and no SA_RESTART: poll returns
  caught_ = sigaction(SIGINT, &action, nullptr) == 0;
}

Interruptible::~Interruptible() {
  if (caught_) signal(SIGINT, SIG_DFL);
}

bool Interruptible::requested() noexcept { return stop; }

}  // namespace dtheta::gradcheck::cli
