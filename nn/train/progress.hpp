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
  ProgressBar(std::string title, Index total, std::FILE* out = stderr);
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  /// Wipes the line.
  ~ProgressBar();

  /// Shows that `done` of the total are done, with a note behind. Cheap: it draws some ten times a
  /// second, however often it is called.
  void show(Index done, double cost);

 private:
  std::string title_;
  Index total_;
  std::FILE* out_;         // null when there is no terminal
  std::int64_t next_ = 0;  // when to draw again, in milliseconds of a steady clock
};

}  // namespace dtheta::nn
