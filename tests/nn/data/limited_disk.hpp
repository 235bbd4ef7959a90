#pragma once

#include <sys/resource.h>

#include <csignal>

namespace dtheta::nn::test {

/// While it lives, no file of this process can grow beyond `bytes`: writing more fails, as on a
/// full disk.
class LimitedDisk {
 public:
  explicit LimitedDisk(rlim_t bytes) : old_action_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &old_limit_);
    rlimit limit = old_limit_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  LimitedDisk(const LimitedDisk&) = delete;
  LimitedDisk& operator=(const LimitedDisk&) = delete;
  ~LimitedDisk() {
    setrlimit(RLIMIT_FSIZE, &old_limit_);
    std::signal(SIGXFSZ, old_action_);
  }

 private:
  void (*old_action_)(int);
  rlimit old_limit_{};
};

}  // namespace dtheta::nn::test
