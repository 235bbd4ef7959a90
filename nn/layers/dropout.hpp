#pragma once

#include "nn/fields.hpp"
#include "nn/recording.hpp"

namespace dtheta::nn {

/// Sets each element to 0 with probability 1 - keep_prob and divides the others by keep_prob; in
/// evaluation it does nothing.
///
/// The masks are a function of the layer's key and of the tape's step: they are frozen while the
/// step stays and drawn anew when a replay sets another. The key follows from the model's seed and
/// the layer's path, see `initialize`, unless one is given.
class Dropout {
 public:
  /// Throws ValueError unless keep_prob lies in (0, 1].
  explicit Dropout(double keep_prob, RandomStream masks = {});

  [[nodiscard]] Var forward(Recording& recording, Var x) const;
  void fields(Fields& fields) { fields("masks", masks_); }
  [[nodiscard]] double keep_prob() const { return keep_prob_; }

 private:
  double keep_prob_;
  RandomStream masks_;
};

namespace detail {
/// Throws ValueError unless keep_prob lies in (0, 1].
void require_keep_prob(double keep_prob);
}  // namespace detail

}  // namespace dtheta::nn
