#pragma once

#include <functional>
#include <future>
#include <utility>

#include "autodiff/shape.hpp"

namespace dtheta::nn {

/// Makes the next batch on a second thread while the one before is worked on. Batches are a
/// function of their number, so that what is asked for is the same as without:
///
///   Prefetch<Table> batches(loader.count(), [&](Index n) { return data.rows(loader.batch(n)); });
///   for (Index n = 0; n < batches.count(); ++n) train_on(batches(n));
///
/// `make` is called by one thread at a time, but not by the caller's: what it reads must stay as it
/// is until the Prefetch is gone or `cancel` has returned.
template <class T>
class Prefetch {
 public:
  Prefetch(Index count, std::function<T(Index)> make) : count_(count), make_(std::move(make)) {}
  Prefetch(const Prefetch&) = delete;
  Prefetch& operator=(const Prefetch&) = delete;
  ~Prefetch() { cancel(); }

  [[nodiscard]] Index count() const { return count_; }

  /// Number n, which has been made already if n - 1 was asked for before it; starts n + 1. Throws
  /// what `make` throws for n, and what it threw for n + 1 when that is asked for.
  T operator()(Index n) {
    const bool ready = ahead_.valid() && number_ == n;
    if (!ready) cancel();
    T value = ready ? ahead_.get() : make_(n);
    number_ = n + 1;
    if (number_ < count_) {
      ahead_ = std::async(std::launch::async, [this, next = number_] { return make_(next); });
    }
    return value;
  }

  /// Waits for what is being made, and forgets it.
  void cancel() {
    if (ahead_.valid()) ahead_.wait();
    ahead_ = {};
  }

 private:
  Index count_;
  std::function<T(Index)> make_;
  Index number_ = 0;
  std::future<T> ahead_{};
};

}  // namespace dtheta::nn
