#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "gradcheck/check.hpp"

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
  std::uint64_t seed = 1;
  /// The largest number of entries that are checked one by one on an alarm; 0: none.
  std::size_t full_check = 2000;
  /// Called on an alarm, after which the watch goes on. Without one, GradientAlarm is thrown.
  std::function<void(const MonitorAlarm&)> on_alarm{};
};

/// Watches the gradient of a training run: now and then it compares g·d with the change of J along
/// a random direction d, for two evaluations of J, four where they disagree.
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

  std::size_t probes() const noexcept { return probes_; }
  std::size_t alarms() const noexcept { return alarms_; }
  /// Between 0 and 1; at 1 there is an alarm.
  double evidence() const noexcept { return evidence_; }
  /// The largest excess of a probe so far: far below 1 where all is well.
  double closest() const noexcept { return closest_; }

 private:
  void choose_direction(std::span<const double> theta);
  template <class F>
  void over_direction(std::size_t first, std::size_t last, F visit) const;
  MonitorProbe probe(std::size_t step, const Cost& cost, std::span<const double> theta,
                     std::span<const double> gradient, std::size_t first, std::size_t last);
  MonitorAlarm investigate(const MonitorProbe& probe, const Cost& cost,
                           std::span<const double> theta, std::span<const double> gradient);
  void check_in_full(MonitorAlarm& alarm, const Cost& cost, std::span<const double> theta,
                     std::span<const double> gradient) const;

  ParameterVector layout_;
  MonitorOptions options_;
  // d is made of pieces of one list of Gaussians, drawn anew for each direction or else turned,
  // each times the size of a block. It is not written down: θ is larger than the caches.
  struct Piece {
    std::size_t first;  // in θ
    std::size_t last;
    std::size_t from;  // in the list
    double size;
  };
  std::vector<float> gaussian_;
  std::vector<Piece> direction_;
  std::vector<double> moved_;
  double largest_spread_ = 0.0;
  double evidence_ = 0.0;
  double closest_ = 0.0;
  std::size_t probes_ = 0;
  std::size_t alarms_ = 0;
};

}  // namespace dtheta::gradcheck
