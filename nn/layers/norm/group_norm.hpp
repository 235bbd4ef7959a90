#pragma once

#include <optional>

#include "nn/fields.hpp"
#include "nn/recording.hpp"

namespace dtheta::nn {

struct GroupNormOptions {
  double epsilon = 1e-5;
  bool affine = true;  ///< scale and shift each channel by `weight` and `bias`
};

/// For x (samples, channels, ...): groups of adjacent channels of each sample brought to mean 0 and
/// variance 1, times `weight`, plus `bias`, both (channels) (Wu and He 2018).
class GroupNorm {
 public:
  /// Throws ShapeError unless `groups` divides the channels, ValueError unless
  /// 0 <= epsilon < infinity.
  GroupNorm(Index groups, Index channels, const GroupNormOptions& options = {});

  [[nodiscard]] Var forward(Recording& recording, Var x) const;
  void fields(Fields& fields) { fields("weight", weight_)("bias", bias_); }

 private:
  Index groups_, channels_;
  double epsilon_;
  std::optional<Parameter> weight_, bias_;
};

}  // namespace dtheta::nn
