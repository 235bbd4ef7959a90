#pragma once

#include "autodiff/shape.hpp"

/// Learning rates as functions of the number of the step, from 0. Each is an ordinary function:
/// wrap it in a lambda to set the rest. All throw ValueError for a period or duration below 1.
namespace dtheta::nn::schedule {

/// `rate`, times `factor` after every `period` steps.
[[nodiscard]] double step(double rate, Index at, Index period, double factor = 0.1);

/// rate * factor^at
[[nodiscard]] double exponential(double rate, Index at, double factor);

/// Half a cosine from `rate` at step 0 to `last` at step `duration`, where it stays
/// (Loshchilov and Hutter 2017).
[[nodiscard]] double cosine(double rate, Index at, Index duration, double last = 0);

/// The factor for the first steps: grows linearly from 1 / duration at step 0 to 1 at step
/// duration - 1, where it stays. Multiply it with another schedule.
[[nodiscard]] double warm_up(Index at, Index duration);

/// Lowers the rate once a loss has stopped falling. State: it is told the loss, epoch by epoch.
class Plateau {
 public:
  /// After more than `patience` losses in a row that are not below (1 - threshold) times the best,
  /// multiplies the rate by `factor`, down to `lowest`.
  explicit Plateau(double rate, double factor = 0.1, int patience = 10, double threshold = 1e-4,
                   double lowest = 0);

  /// The rate to use after an epoch with this loss. A NaN counts as no progress.
  double operator()(double loss);
  [[nodiscard]] double rate() const { return rate_; }

 private:
  double rate_, factor_;
  int patience_;
  double threshold_, lowest_;
  double best_;
  int waited_ = 0;
};

}  // namespace dtheta::nn::schedule
