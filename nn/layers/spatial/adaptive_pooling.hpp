#pragma once

#include "autodiff/ops/spatial/spatial.hpp"
#include "nn/recording.hpp"

namespace dtheta::nn {

namespace detail {

/// What the adaptive pooling layers share.
class AdaptivePool {
 public:
  enum class Kind : std::uint8_t { avg, max };
  [[nodiscard]] Var forward(Recording& recording, Var x) const;

 protected:
  AdaptivePool(Kind kind, int axes, const PerAxis& out);

 private:
  Kind kind_;
  int axes_;
  PerAxis out_;
};

}  // namespace detail

/// Pooling of x (samples, channels, ...) or (channels, ...) to a given number of positions along
/// each spatial axis: window i of n covers elements [floor(i size / n), ceil((i + 1) size / n)).
/// AdaptiveAvgPool2d(1) is the mean of each channel. Throws ValueError for a number below 1.
struct AdaptiveAvgPool1d : detail::AdaptivePool {
  explicit AdaptiveAvgPool1d(const PerAxis& out) : AdaptivePool(Kind::avg, 1, out) {}
};
struct AdaptiveAvgPool2d : detail::AdaptivePool {
  explicit AdaptiveAvgPool2d(const PerAxis& out) : AdaptivePool(Kind::avg, 2, out) {}
};
struct AdaptiveAvgPool3d : detail::AdaptivePool {
  explicit AdaptiveAvgPool3d(const PerAxis& out) : AdaptivePool(Kind::avg, 3, out) {}
};
struct AdaptiveMaxPool1d : detail::AdaptivePool {
  explicit AdaptiveMaxPool1d(const PerAxis& out) : AdaptivePool(Kind::max, 1, out) {}
};
struct AdaptiveMaxPool2d : detail::AdaptivePool {
  explicit AdaptiveMaxPool2d(const PerAxis& out) : AdaptivePool(Kind::max, 2, out) {}
};
struct AdaptiveMaxPool3d : detail::AdaptivePool {
  explicit AdaptiveMaxPool3d(const PerAxis& out) : AdaptivePool(Kind::max, 3, out) {}
};

}  // namespace dtheta::nn
