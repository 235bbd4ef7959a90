#include "gradcheck/cli/progress_bar.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace dtheta::gradcheck::cli {
namespace {

constexpr std::chrono::milliseconds quiet{500};
constexpr std::chrono::milliseconds between{100};

std::size_t columns_of_terminal() {
  constexpr std::size_t usual = 80;
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return usual;
  return size.ws_col;
}

std::string clock_of(double seconds) {
  constexpr double longest = 359999;
  if (!(seconds <= longest)) return "--:--";
  const auto whole = static_cast<long>(std::ceil(seconds));
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string rate_of(double each_second) {
  if (each_second >= 1e6) return fmt::format("{:.1f}M", each_second / 1e6);
  if (each_second >= 1e4) return fmt::format("{:.0f}k", each_second / 1e3);
  return each_second >= 100 ? fmt::format("{:.0f}", each_second)
                            : fmt::format("{:.3g}", each_second);
}

/// Entries are judged in groups: between two of them the evaluations tell how far it is. How many
/// an entry takes is a guess, and of what is not judged it may pass off at most half as done: then
/// a check that takes longer than guessed is said to take as long again, and not a second for
/// minutes.
double part_done(const Progress& p, double evaluations_each) {
  if (p.total == 0) return 0.0;
  const auto total = static_cast<double>(p.total);
  const double judged = std::clamp(static_cast<double>(p.done) / total, 0.0, 1.0);
  const double asked = static_cast<double>(p.evaluations) / (evaluations_each * total);
  const double most_guessed = judged + 0.5 * (1.0 - judged);
  return std::max(judged, std::min(asked, most_guessed));
}

}  // namespace

ProgressBar::ProgressBar(bool shown, std::string_view unit, double evaluations_each)
    : shown_(shown), unit_(unit), evaluations_each_(evaluations_each) {}

std::string ProgressBar::line(const Progress& progress, std::size_t columns) const {
  const double part = part_done(progress, evaluations_each_);
  const double seconds = std::max(progress.seconds, 1e-3);
  std::string text =
      fmt::format("{:.0f} %  {}/{} {}", 100.0 * part, progress.done, progress.total, unit_);
  if (progress.evaluations > 0) {
    text += fmt::format("  {} evaluations/s",
                        rate_of(static_cast<double>(progress.evaluations) / seconds));
  }
  if (part > 0.0) text += fmt::format("  {} left", clock_of(seconds * (1.0 - part) / part));
  constexpr std::size_t widest = 30;
  constexpr std::size_t frame = 4;  // brackets, a blank and the last column
  if (text.size() + frame >= columns) return text.substr(0, columns > 0 ? columns - 1 : 0);
  const std::size_t width = std::min(widest, columns - text.size() - frame);
  const auto full = static_cast<std::size_t>(part * static_cast<double>(width));
  return fmt::format("[{:#<{}}{:.<{}}] {}", "", full, "", width - full, text);
}

void ProgressBar::show(const Progress& progress) {
  const auto now = Clock::now();
  if (!shown_ || now - start_ < quiet || now - drawn_ < between) return;
  drawn_ = now;
  visible_ = true;
  fmt::print(stderr, "\r\033[K{}", line(progress, columns_of_terminal()));
  std::fflush(stderr);
}

void ProgressBar::clear() {
  if (!visible_) return;
  visible_ = false;
  fmt::print(stderr, "\r\033[K");
  std::fflush(stderr);
}

bool is_watched(Watching watching, bool table) {
  if (watching != Watching::when_seen) return watching == Watching::always;
  return table && isatty(STDERR_FILENO) != 0;
}

}  // namespace dtheta::gradcheck::cli
