#pragma once

namespace dtheta::gradcheck::cli {

/// For as long as it lives, the first Ctrl-C asks the program to stop and the second ends it at
/// once.
class Interruptible {
 public:
  Interruptible();
  ~Interruptible();
  Interruptible(const Interruptible&) = delete;
  Interruptible& operator=(const Interruptible&) = delete;

  /// True from the first Ctrl-C on.
  [[nodiscard]] static bool requested() noexcept;

 private:
  bool caught_ = false;
};

}  // namespace dtheta::gradcheck::cli
