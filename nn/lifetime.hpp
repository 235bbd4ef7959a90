#pragma once

#include <memory>
#include <utility>

namespace dtheta::nn {

/// A member of objects that others know by their address: they watch it, and so learn that the
/// object is gone. It belongs to the place, not to the value: a copy or what is moved to has a new
/// one, and what is moved from counts as gone.
class Lifetime {
 public:
  /// Knows whether the object watched is still there.
  class Watch {
   public:
    Watch() = default;  ///< of nothing: gone
    [[nodiscard]] bool is_gone() const { return token_.expired(); }

   private:
    friend class Lifetime;
    explicit Watch(std::weak_ptr<const char> token) : token_(std::move(token)) {}
    std::weak_ptr<const char> token_;
  };

  Lifetime() : token_(std::make_shared<const char>()) {}
  Lifetime(const Lifetime&) : Lifetime() {}
  Lifetime(Lifetime&& other) : Lifetime() { other.token_.reset(); }
  Lifetime& operator=(const Lifetime&) {
    if (token_ == nullptr) token_ = std::make_shared<const char>();  // it has a value again
    return *this;
  }
  Lifetime& operator=(Lifetime&& other) {
    if (this == &other) return *this;
    *this = other;
    other.token_.reset();
    return *this;
  }
  ~Lifetime() = default;

  [[nodiscard]] Watch watch() const { return Watch(token_); }

 private:
  std::shared_ptr<const char> token_;  // the only one that owns it
};

}  // namespace dtheta::nn
