#pragma once

#include <optional>

#include "nn/fields.hpp"
#include "nn/recording.hpp"

namespace dtheta::nn {

struct InstanceNormOptions {
  double epsilon = 1e-5;
  bool affine = false;  ///< scale and shift each channel by `weight` and `bias`
};

namespace detail {

/// What the instance norms of one, two and three spatial axes share.
class InstanceNorm {
 public:
  [[nodiscard]] Var forward(Recording& recording, Var x) const;
  void fields(Fields& fields) { fields("weight", weight_)("bias", bias_); }

 protected:
  InstanceNorm(int axes, Index channels, const InstanceNormOptions& options);

 private:
  int axes_;
  Index channels_;
  double epsilon_;
  std::optional<Parameter> weight_, bias_;
};

}  // namespace detail

/// For x (samples, channels, ...): each channel of each sample brought to mean 0 and variance 1
/// over its positions, in training as in evaluation (Ulyanov, Vedaldi and Lempitsky 2016).
///
/// Throws ShapeError below one channel, for an x that does not fit, and for channels of one value,
/// from which there is no variance; ValueError unless 0 <= epsilon < infinity.
struct InstanceNorm1d : detail::InstanceNorm {
  explicit InstanceNorm1d(Index channels, const InstanceNormOptions& options = {})
      : InstanceNorm(1, channels, options) {}
};
struct InstanceNorm2d : detail::InstanceNorm {
  explicit InstanceNorm2d(Index channels, const InstanceNormOptions& options = {})
      : InstanceNorm(2, channels, options) {}
};
struct InstanceNorm3d : detail::InstanceNorm {
  explicit InstanceNorm3d(Index channels, const InstanceNormOptions& options = {})
      : InstanceNorm(3, channels, options) {}
};

}  // namespace dtheta::nn
