#pragma once

#include <cstdint>
#include <optional>

#include "autodiff/ops/spatial/spatial.hpp"
#include "autodiff/var.hpp"

namespace dtheta {

/// How values between elements are found: the nearest one; a line through two; a cubic through four
/// (Keys' convolution). Each axis on its own, so that linear along two axes is bilinear.
enum class Resample : std::uint8_t { nearest, linear, cubic };

/// Where element o of `out` lies among `in` elements.
enum class Coordinates : std::uint8_t {
  half_pixel,     // (o + 1/2) in / out - 1/2: elements are cells, the outer edges of both agree
  align_corners,  // o (in - 1) / (out - 1): the centres of the first and last elements agree
  asymmetric,     // o in / out
};

/// Which element counts as the nearest to a place between two.
enum class Nearest : std::uint8_t { floor, ceil, round_half_down, round_half_up };

struct InterpolateOptions {
  Resample mode = Resample::nearest;
  /// Not given: asymmetric for nearest and half_pixel for the others, as in PyTorch.
  std::optional<Coordinates> coordinates{};
  Nearest nearest = Nearest::floor;
  /// The cubic's coefficient.
  double cubic = -0.75;
  /// out / in, where that is not what the sizes say; 0: what they say.
  double scale = 0;
};

/// x (samples, channels, ...) with its spatial axes resized to `size`. Places outside x count as
/// its nearest element.
Var interpolate(Arg x, PerAxis size, const InterpolateOptions& options = {});
/// The same for sizes that are a multiple of x's.
Var upsample(Arg x, PerAxis factor, const InterpolateOptions& options = {});
/// One axis of any tensor resized.
Var resize_axis(Arg x, int axis, Index size, const InterpolateOptions& options = {});

}  // namespace dtheta
