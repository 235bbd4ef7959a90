#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "gradcheck/check.hpp"

namespace dtheta::gradcheck::cli {

/// When a progress bar is shown.
enum class Watching { when_seen, always, never };

/// One line at the bottom of a terminal that says how far a check has come; it appears after half a
/// second and leaves nothing behind. Written to standard error.
class ProgressBar {
 public:
  /// `unit`: what is counted, "entries"; `evaluations_each`: about how many evaluations one takes.
  ProgressBar(bool shown, std::string_view unit, double evaluations_each = 5.0);
  ~ProgressBar() { clear(); }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void show(const Progress& progress);
  /// Takes the line away, for something else to be printed.
  void clear();

  /// The line, at most `columns` wide.
  [[nodiscard]] std::string line(const Progress& progress, std::size_t columns) const;

 private:
  using Clock = std::chrono::steady_clock;

  bool shown_;
  std::string_view unit_;
  double evaluations_each_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point drawn_{};
  bool visible_ = false;
};

/// Whether to show one: when asked for, or where a person sees it beside a table (`table`: no result
/// goes to standard output).
bool is_watched(Watching watching, bool table);

}  // namespace dtheta::gradcheck::cli
