#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "autodiff/shape.hpp"

namespace dtheta::nn {

/// How the pixels of one image lie: channel by channel, row by row.
struct ImageSize {
  Index channels = 1;
  Index height = 0, width = 0;
  [[nodiscard]] Index size() const { return channels * height * width; }
};

/// Mirrors an image left to right, in place.
void flip_image(std::span<float> image, const ImageSize& size);

/// Moves an image down and to the right, in place; `fill` comes in at the other edges.
void shift_image(std::span<float> image, const ImageSize& size, Index down, Index right,
                 float fill = 0);

/// Makes of a window of the image the whole, in place, by bilinear interpolation between the
/// middles of pixels (as interpolate with align_corners false does). The window begins at (top,
/// left) and has (height, width), in pixels and parts of them. Throws ValueError unless it lies in
/// the image and is not empty.
void crop_image(std::span<float> image, const ImageSize& size, double top, double left,
                double height, double width);

/// Changes images at random while they are trained on: for TrainerOptions::transform.
///
///   options.transform = nn::Augmentation{.size = {3, 32, 32}, .flip = 0.5, .shift = 4, .seed = 1};
///
/// What happens to an image is a function of the seed, the step and its row in the data alone: not
/// of its place in the batch, nor of how training got there.
struct Augmentation {
  ImageSize size{};
  double flip = 0;  ///< the probability that an image is mirrored
  Index shift = 0;  ///< by up to so many pixels each way
  double crop = 1;  ///< a square window whose side is from this share of the image to all of it
  std::uint32_t seed = 0;
  std::string column = "input";

  /// Throws ValueError for settings outside their range, ShapeError where `values` are no such
  /// images, one for each row. Other columns are left alone.
  void operator()(Index step, std::span<const Index> rows, std::string_view of_column,
                  std::span<float> values) const;
};

}  // namespace dtheta::nn
