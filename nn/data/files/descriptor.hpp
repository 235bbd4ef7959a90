#pragma once

#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace dtheta::nn::detail {

/// A file descriptor, closed at the end of its scope.
class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }

  [[nodiscard]] bool valid() const { return value_ >= 0; }
  [[nodiscard]] int get() const { return value_; }

 private:
  int value_;
};

/// Why the last system call failed, in words.
inline std::string system_reason() { return std::generic_category().message(errno); }

}  // namespace dtheta::nn::detail
