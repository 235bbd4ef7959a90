#pragma once

#include "autodiff/ops/spatial/pooling.hpp"
#include "nn/recording.hpp"

namespace dtheta::nn {

namespace detail {

/// What the pooling layers of one kind share; they differ in the number of spatial axes.
class MaxPool {
 public:
  [[nodiscard]] Var forward(Recording& recording, Var x) const;

 protected:
  MaxPool(int axes, const PerAxis& size, const PoolOptions& options);

 private:
  int axes_;
  PerAxis size_;
  PoolOptions options_;
};

class AvgPool {
 public:
  [[nodiscard]] Var forward(Recording& recording, Var x) const;

 protected:
  AvgPool(int axes, const PerAxis& size, const AvgPoolOptions& options);

 private:
  int axes_;
  PerAxis size_;
  AvgPoolOptions options_;
};

}  // namespace detail

/// The largest element under a window that moves over the spatial axes of x (samples, channels,
/// ...) or (channels, ...), see autodiff/ops/spatial/pooling.hpp: MaxPool2d(2), or
/// MaxPool2d(3, {.stride = 2, .padding = 1}). The stride is the window's size where none is given.
///
/// Throws ValueError for a size, stride, padding or dilation that makes no sense, ShapeError for a
/// window that does not fit x.
struct MaxPool1d : detail::MaxPool {
  explicit MaxPool1d(const PerAxis& size, const PoolOptions& options = {})
      : MaxPool(1, size, options) {}
};
struct MaxPool2d : detail::MaxPool {
  explicit MaxPool2d(const PerAxis& size, const PoolOptions& options = {})
      : MaxPool(2, size, options) {}
};
struct MaxPool3d : detail::MaxPool {
  explicit MaxPool3d(const PerAxis& size, const PoolOptions& options = {})
      : MaxPool(3, size, options) {}
};

/// The mean of the elements under the window, zeros in the padding counting as elements unless
/// `count_include_pad` is false.
struct AvgPool1d : detail::AvgPool {
  explicit AvgPool1d(const PerAxis& size, const AvgPoolOptions& options = {})
      : AvgPool(1, size, options) {}
};
struct AvgPool2d : detail::AvgPool {
  explicit AvgPool2d(const PerAxis& size, const AvgPoolOptions& options = {})
      : AvgPool(2, size, options) {}
};
struct AvgPool3d : detail::AvgPool {
  explicit AvgPool3d(const PerAxis& size, const AvgPoolOptions& options = {})
      : AvgPool(3, size, options) {}
};

}  // namespace dtheta::nn
