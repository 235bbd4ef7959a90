#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "gradcheck/check.hpp"
#include "gradcheck/numeric/random_direction.hpp"

namespace dtheta::gradcheck {

/// One look at the gradient along one direction.
struct MonitorProbe {
  std::size_t step = 0;
  double analytic = 0.0;  ///< g·d
  double numeric = 0.0;   ///< from J(θ + h d) and J(θ − h d)
  double allowed = 0.0;   ///< they may differ by this much
  double spread = 0.0;    ///< ‖(g_i d_i)‖₂
  std::size_t evaluations = 0;

  /// |analytic − numeric| / allowed; infinite for a value that is not finite.
  double excess() const;
};

/// What was found when the evidence sufficed.
struct MonitorAlarm {
  std::size_t step = 0;
  MonitorProbe probe;
  std::vector<std::string> blocks;  ///< whose part of the gradient is wrong
  Result result;                    ///< of a full check of the smallest of them; may be empty
  std::string message;              ///< all of it in a few lines
};

/// Thrown on an alarm for which there is no handler.
class GradientAlarm : public std::runtime_error {
 public:
  explicit GradientAlarm(MonitorAlarm alarm)
      : std::runtime_error(alarm.message), alarm_(std::move(alarm)) {}
  const MonitorAlarm& alarm() const noexcept { return alarm_; }

 private:
  MonitorAlarm alarm_;
};

struct MonitorOptions {
  std::size_t every = 100;       ///< steps from one probe to the next
  double smallest_error = 1e-3;  ///< ‖error‖/‖gradient‖ that matters, block sizes evened out
  double gradient_roundoff = 0x1p-53;  ///< unit roundoff of the gradient's arithmetic
  /// Where a glance is in float, every so many looks is taken in double all the same.
  std::size_t exact_every = 16;
  std::uint64_t seed = 1;
  /// The largest number of entries that are checked one by one on an alarm; 0: none.
  std::size_t full_check = 2000;
  /// Called on an alarm, after which the watch goes on. Without one, GradientAlarm is thrown.
  std::function<void(const MonitorAlarm&)> on_alarm{};
};

/// Watches the gradient of a training run: now and then it compares g·d with the change of J along
/// a random direction d, for two evaluations of J, four where they disagree. Who has J(θ) already
/// needs but one more for a glance, and looks where that leaves a doubt.
///
/// The evidence of the probes adds up. A probe adds log10 of how many times the difference exceeds
/// what is allowed, and one that agrees takes a whole unit away; at one unit there is an alarm: one
/// probe ten times off or two in succession three times off. What is allowed holds six standard
/// deviations of all noise and the change of the slope with h, so that a right gradient does not
/// even exceed it once. An error e shows as e·d, which is Gaussian: an error a hundred times
/// smallest_error is missed by one probe in a hundred and by two in ten thousand.
class Monitor {
 public:
  /// `layout`: the blocks of θ; its values do not matter.
  Monitor(const ParameterVector& layout, MonitorOptions options);

  /// Whether there is a probe at this step.
  bool due(std::size_t step) const { return options_.every > 0 && step % options_.every == 0; }

  /// Compares a gradient with J at θ. J must be the same function with each call: its batch and its
  /// masks held as they were for the gradient. Throws ShapeError for other lengths than the
  /// layout's, GradientAlarm as said above.
  MonitorProbe look(std::size_t step, const Cost& cost, std::span<const double> theta,
                    std::span<const double> gradient);

  /// What one evaluation of J shows, in an arithmetic that may be narrower than double.
  struct Glance {
    std::size_t step = 0;
    double roundoff = 0.0;              ///< unit roundoff of J's arithmetic
    double here = 0.0;                  ///< J(θ)
    double moved = 0.0;                 ///< J(θ + glance_step d)
    RandomDirection::Slope promised{};  ///< g·d
  };

  /// The direction d of the next glance, to be measured and turned to `probes()` before it.
  RandomDirection& direction() noexcept { return direction_; }
  /// How far along d a glance goes.
  static double glance_step(double roundoff);
  /// Whether the next look should not be a glance: there is evidence to be confirmed, or a glance
  /// in this arithmetic sees too little and `exact_every` is due.
  bool wants_exact(double roundoff) const;
  /// The cheap look: true if the gradient agrees with one difference as far as that can tell.
  /// Otherwise nothing is noted, and `look` must decide. A glance in double sees what a look sees:
  /// where |J| is so large beside g·d that its noise hides more than smallest_error, it leaves it
  /// to the look. One in float allows, besides the noise, an error of 1.7 % of the gradient: so
  /// much the curvature of J may do to its difference.
  bool glance(const Glance& seen);

  /// Looks and glances.
  std::size_t probes() const noexcept { return probes_; }
  /// How many of them were glances.
  std::size_t glances() const noexcept { return glances_; }
  std::size_t alarms() const noexcept { return alarms_; }
  /// Between 0 and 1; at 1 there is an alarm.
  double evidence() const noexcept { return evidence_; }
  /// The largest excess of a probe so far: far below 1 where all is well.
  double closest() const noexcept { return closest_; }

 private:
  bool as_sharp_as_a_look(double roundoff) const;
  double allowed_by(double roundoff, double size, double spread, double h) const;
  MonitorProbe probe(std::size_t step, const Cost& cost, std::span<const double> theta,
                     std::span<const double> gradient, std::size_t first, std::size_t count);
  void note_agreement(const MonitorProbe& probe);
  MonitorAlarm investigate(const MonitorProbe& probe, const Cost& cost,
                           std::span<const double> theta, std::span<const double> gradient);
  void check_in_full(MonitorAlarm& alarm, const Cost& cost, std::span<const double> theta,
                     std::span<const double> gradient) const;

  ParameterVector layout_;
  MonitorOptions options_;
  RandomDirection direction_;
  std::vector<double> moved_;
  double largest_spread_ = 0.0;
  double evidence_ = 0.0;
  double closest_ = 0.0;
  std::size_t probes_ = 0;
  std::size_t glances_ = 0;
  std::size_t alarms_ = 0;
};

}  // namespace dtheta::gradcheck
