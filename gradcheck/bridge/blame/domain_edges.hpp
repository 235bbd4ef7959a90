#pragma once

#include <cstddef>
#include <exception>
#include <limits>
#include <memory>
#include <mutex>
#include <new>
#include <string>

namespace dtheta::gradcheck {

/// Values of J that could not be computed away from θ: the replay threw, as for another branch of a
/// recorded `if` or a spectrum whose values coincide. Such a point lies outside the domain of J,
/// and its value is NaN. May be told from several threads.
class DomainEdges {
 public:
  /// f(), or NaN where it throws. What says nothing of J, as want of memory, is passed on.
  template <class F>
  double value_or_nan(F&& f) {
    try {
      return f();
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& e) {
      tell(e.what());
      return std::numeric_limits<double>::quiet_NaN();
    }
  }

  [[nodiscard]] std::size_t count() const {
    const std::scoped_lock lock(*access_);
    return count_;
  }
  /// What was thrown first.
  [[nodiscard]] std::string first() const {
    const std::scoped_lock lock(*access_);
    return first_;
  }
  void clear() {
    const std::scoped_lock lock(*access_);
    count_ = 0;
    first_.clear();
  }

 private:
  void tell(const char* what) {
    const std::scoped_lock lock(*access_);
    if (count_++ == 0) first_ = what;
  }

  std::unique_ptr<std::mutex> access_ = std::make_unique<std::mutex>();  // so that it can be moved
  std::size_t count_ = 0;
  std::string first_;
};

}  // namespace dtheta::gradcheck
