#include "nn/train/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace dtheta::nn {
namespace {

constexpr std::int64_t between_drawings = 100;  // milliseconds
constexpr Index bar_width = 30;
constexpr const char* start_of_empty_line = "\r\033[K";

std::int64_t milliseconds() {
  using namespace std::chrono;
  return duration_cast<std::chrono::milliseconds>(steady_clock::now().time_since_epoch()).count();
}

}  // namespace

ProgressBar::ProgressBar(std::string title, Index total, Index before, std::FILE* out)
    : title_(std::move(title)),
      total_(std::max(total, Index{1})),
      out_(::isatty(::fileno(out)) != 0 ? out : nullptr),
      before_(before),
      start_(milliseconds()) {}

std::string ProgressBar::duration(std::int64_t milliseconds) {
  const std::int64_t seconds = (milliseconds + 500) / 1000, minutes = seconds / 60;
  if (minutes >= 60) return fmt::format("{}:{:02}:{:02}", minutes / 60, minutes % 60, seconds % 60);
  if (minutes >= 1) return fmt::format("{}:{:02}", minutes, seconds % 60);
  return fmt::format("{} s", seconds);
}

ProgressBar::~ProgressBar() {
  if (out_ == nullptr) return;
  std::fputs(start_of_empty_line, out_);
  std::fflush(out_);
}

void ProgressBar::show(Index done, double cost) {
  if (out_ == nullptr) return;
  const std::int64_t now = milliseconds();
  if (now < next_) return;
  next_ = now + between_drawings;
  const auto filled = static_cast<std::size_t>(std::min(bar_width, done * bar_width / total_));
  const std::string bar =
      std::string(filled, '=') + std::string(static_cast<std::size_t>(bar_width) - filled, ' ');
  const Index made = done - before_;
  const std::string left =
      made < 1 ? "" : duration((now - start_) * std::max(total_ - done, Index{0}) / made) + " left";
  const std::string line =
      fmt::format("{}{} [{}] {:3}%  cost {:.4f}  {}", start_of_empty_line, title_, bar,
                  std::min(Index{100}, 100 * done / total_), cost, left);
  std::fputs(line.c_str(), out_);
  std::fflush(out_);
}

}  // namespace dtheta::nn
