#pragma once

#include "autodiff/random.hpp"
#include "nn/recording.hpp"

namespace dtheta::nn {

/// Sets each element to 0 with probability 1 - keep_prob and divides the others by keep_prob; in
/// evaluation it does nothing.
///
/// The masks are a function of `key` and of the tape's step: they are frozen while the step stays
/// and drawn anew when a replay sets another. Give each Dropout of a network a stream of its own,
/// or they draw the same masks.
class Dropout {
 public:
  /// Throws ValueError unless keep_prob lies in (0, 1].
  Dropout(double keep_prob, RandomKey key);

  [[nodiscard]] Var forward(Recording& recording, Var x) const;
  [[nodiscard]] double keep_prob() const { return keep_prob_; }

 private:
  double keep_prob_;
  RandomKey key_;
};

namespace detail {
/// Throws ValueError unless keep_prob lies in (0, 1].
void require_keep_prob(double keep_prob);
}  // namespace detail

}  // namespace dtheta::nn
