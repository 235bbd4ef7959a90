#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include "autodiff/shape.hpp"

namespace dtheta::nn {

/// A line on a terminal that shows how far a loop has come. When `out` is no terminal, a pipe or a
/// file, it writes nothing at all.
class ProgressBar {
 public:
  /// `before` of the total were done before the clock began.
  ProgressBar(std::string title, Index total, Index before = 0, std::FILE* out = stderr);
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  /// Wipes the line.
  ~ProgressBar();

  /// Shows that `done` of the total are done, the time that is left at the pace so far, and the
  /// cost. Cheap: it draws some ten times a second, however often it is called.
  void show(Index done, double cost);

  /// "1:02:03", "2:03" or "3 s".
  [[nodiscard]] static std::string duration(std::int64_t milliseconds);

 private:
  std::string title_;
  Index total_;
  std::FILE* out_;  // null when there is no terminal
  Index before_;
  std::int64_t start_;     // in milliseconds of a steady clock
  std::int64_t next_ = 0;  // when to draw again
};

}  // namespace dtheta::nn
