#include "nn/data/augment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "autodiff/errors.hpp"
#include "autodiff/random.hpp"

namespace dtheta::nn {
namespace {

/// f(one row of pixels) for each row of each channel.
template <class F>
void for_each_row(std::span<float> image, const ImageSize& size, F f) {
  const auto width = static_cast<std::size_t>(size.width);
  for (std::size_t at = 0; at + width <= image.size() && width > 0; at += width) {
    f(image.subspan(at, width));
  }
}

void require_image(const char* who, std::span<const float> image, const ImageSize& size) {
  if (size.channels >= 1 && size.height >= 1 && size.width >= 1 &&
      image.size() == static_cast<std::size_t>(size.size())) {
    return;
  }
  throw ShapeError(fmt::format("{}: {} values are no image of {} x {} x {}", who, image.size(),
                               size.channels, size.height, size.width));
}

/// Where a place between pixels lies: the pixel at or before it, the next, and the part of the way.
struct Between {
  std::size_t low, high;
  float part;
};
Between between(double at, Index count) {
  const double inside = std::clamp(at, 0.0, static_cast<double>(count - 1));
  const double low = std::floor(inside);
  const auto index = static_cast<std::size_t>(low);
  return {index, std::min(index + 1, static_cast<std::size_t>(count - 1)),
          static_cast<float>(inside - low)};
}

/// For each of `count` pixels, where it comes from in a window.
std::vector<Between> sources(Index count, double first, double length) {
  std::vector<Between> all;
  const double scale = length / static_cast<double>(count);
  for (Index i = 0; i < count; ++i) {
    all.push_back(between(first + (static_cast<double>(i) + 0.5) * scale - 0.5, count));
  }
  return all;
}

void require(bool holds, std::string_view rule) {
  if (!holds) throw ValueError(fmt::format("augmentation: {}", rule));
}

}  // namespace

void flip_image(std::span<float> image, const ImageSize& size) {
  require_image("flip_image", image, size);
  for_each_row(image, size, [](std::span<float> row) { std::ranges::reverse(row); });
}

void shift_image(std::span<float> image, const ImageSize& size, Index down, Index right,
                 float fill) {
  require_image("shift_image", image, size);
  const std::vector<float> old(image.begin(), image.end());
  std::ranges::fill(image, fill);
  const Index columns = std::max(size.width - std::abs(right), Index{0});
  for (Index c = 0; c < size.channels; ++c) {
    for (Index y = std::max(down, Index{0}); y < size.height + std::min(down, Index{0}); ++y) {
      const Index from = (c * size.height + y - down) * size.width + std::max(-right, Index{0});
      const Index to = (c * size.height + y) * size.width + std::max(right, Index{0});
      std::copy_n(old.begin() + from, columns, image.begin() + to);
    }
  }
}

void crop_image(std::span<float> image, const ImageSize& size, double top, double left,
                double height, double width) {
  require_image("crop_image", image, size);
  const bool inside = top >= 0 && left >= 0 && height > 0 && width > 0 &&
                      top + height <= static_cast<double>(size.height) &&
                      left + width <= static_cast<double>(size.width);
  if (!inside) {
    throw ValueError(fmt::format("crop_image: the window of {} x {} at ({}, {}) is not in {} x {}",
                                 height, width, top, left, size.height, size.width));
  }
  const std::vector<Between> rows = sources(size.height, top, height);
  const std::vector<Between> columns = sources(size.width, left, width);
  const std::vector<float> old(image.begin(), image.end());
  const auto stride = static_cast<std::size_t>(size.width);
  const std::size_t plane = stride * static_cast<std::size_t>(size.height);
  std::size_t at = 0;
  for (std::size_t c = 0; c < static_cast<std::size_t>(size.channels); ++c) {
    const std::span<const float> from = std::span(old).subspan(c * plane, plane);
    for (const Between& y : rows) {
      const auto along = [&](std::size_t row, const Between& x) {
        const float low = from[row * stride + x.low], high = from[row * stride + x.high];
        return low + x.part * (high - low);
      };
      for (const Between& x : columns) {
        const float low = along(y.low, x), high = along(y.high, x);
        image[at++] = low + y.part * (high - low);
      }
    }
  }
}

void Augmentation::operator()(Index step, std::span<const Index> rows, std::string_view of_column,
                              std::span<float> values) const {
  if (of_column != column) return;
  require(flip >= 0 && flip <= 1, "flip is a probability, in [0, 1]");
  require(shift >= 0, "shift is at least 0 pixels");
  require(crop > 0 && crop <= 1, "crop is a share, in (0, 1]");
  const auto each = static_cast<std::size_t>(size.size());
  if (rows.empty() || values.size() != rows.size() * each) {
    throw ShapeError(fmt::format("augmentation: {} values are not {} images of {} x {} x {}",
                                 values.size(), rows.size(), size.channels, size.height,
                                 size.width));
  }
  constexpr std::uint32_t stream = 0x6175676d;  // "augm": dropout and the rest see other numbers
  constexpr Index draws = 6;                    // for each row; even, as random_uniform asks
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::array<double, draws> u{};
    random_uniform({seed, stream}, static_cast<std::uint64_t>(step), rows[i] * draws, u);
    const std::span<float> image = values.subspan(i * each, each);
    const auto pixels = [&](double uniform) {
      return static_cast<Index>(uniform * static_cast<double>(2 * shift + 1)) - shift;
    };
    if (crop < 1) {
      const double side = crop + u[0] * (1 - crop);
      const double height = side * static_cast<double>(size.height);
      const double width = side * static_cast<double>(size.width);
      crop_image(image, size, u[1] * (static_cast<double>(size.height) - height),
                 u[2] * (static_cast<double>(size.width) - width), height, width);
    }
    if (shift > 0) shift_image(image, size, pixels(u[3]), pixels(u[4]));
    if (u[5] < flip) flip_image(image, size);
  }
}

}  // namespace dtheta::nn
