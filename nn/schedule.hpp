#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "autodiff/shape.hpp"

/// Learning rates as functions of the number of the step, from 0: as ordinary functions, and with
/// their settings as values that are called with a step, which is what TrainerOptions takes:
///   options.learning_rate = schedule::Cosine{.rate = 0.1, .duration = 1000};
/// All throw ValueError for a period or duration below 1.
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

/// `step` with its settings.
struct Step {
  double rate = 0.1;
  Index period = 1;
  double factor = 0.1;
  [[nodiscard]] double operator()(Index at) const { return step(rate, at, period, factor); }
};

/// `exponential` with its settings.
struct Exponential {
  double rate = 0.1;
  double factor = 0.99;
  [[nodiscard]] double operator()(Index at) const { return exponential(rate, at, factor); }
};

/// `cosine` with its settings.
struct Cosine {
  double rate = 0.1;
  Index duration = 1;
  double last = 0;
  [[nodiscard]] double operator()(Index at) const { return cosine(rate, at, duration, last); }
};

/// Any schedule, multiplied by `warm_up` over its first steps.
struct WarmUp {
  std::function<double(Index)> after;
  Index duration = 1;
  [[nodiscard]] double operator()(Index at) const { return after(at) * warm_up(at, duration); }
};

/// From `rate` in a straight line to `last` at step `duration`, where it stays.
struct Linear {
  double rate = 0.1;
  Index duration = 1;
  double last = 0;
  [[nodiscard]] double operator()(Index at) const;
};

/// `rate`, times `factor` once for each of the milestones that has been reached.
struct MultiStep {
  double rate = 0.1;
  std::vector<Index> milestones{};
  double factor = 0.1;
  [[nodiscard]] double operator()(Index at) const;
};

/// Up from `rate / start` to `rate` over the share `rise` of the steps, then down to
/// `rate / start / end`, where it stays, both as half a cosine (Smith and Topin 2018); PyTorch's
/// OneCycleLR, which refuses steps beyond its duration. Throws ValueError unless 0 <= rise < 1.
struct OneCycle {
  double rate = 0.1;
  Index duration = 2;
  double rise = 0.3;
  double start = 25;
  double end = 1e4;
  [[nodiscard]] double operator()(Index at) const;
};

/// A schedule by its name: "constant", "step", "exponential", "cosine", "linear" or "one_cycle",
/// over `duration` steps from `rate`: step is times 0.1 after each third, exponential falls to a
/// hundredth. Throws ValueError listing the names for another.
[[nodiscard]] std::function<double(Index)> by_name(std::string_view name, double rate,
                                                   Index duration);

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

  /// What it goes on from.
  struct State {
    double rate = 0;
    double best = 0;
    int waited = 0;
  };
  [[nodiscard]] State state() const { return {rate_, best_, waited_}; }
  void restore(const State& state) {
    rate_ = state.rate;
    best_ = state.best;
    waited_ = state.waited;
  }

 private:
  double rate_, factor_;
  int patience_;
  double threshold_, lowest_;
  double best_;
  int waited_ = 0;
};

}  // namespace dtheta::nn::schedule
