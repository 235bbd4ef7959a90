#pragma once

#include <initializer_list>
#include <optional>

#include "autodiff/ops/shape/pad.hpp"
#include "autodiff/ops/spatial/spatial.hpp"
#include "nn/fields.hpp"
#include "nn/recording.hpp"

namespace dtheta::nn {

/// Written as `{.padding = same}`: as many zeros as keep the spatial sizes, at stride 1.
struct SamePadding {};
inline constexpr SamePadding same{};

/// The padding in front of and behind each spatial axis: a number, one for each axis, or `same`.
class ConvPadding {
 public:
  ConvPadding(Index all) : zeros_(all) {}
  ConvPadding(std::initializer_list<Index> each) : zeros_(each) {}
  ConvPadding(const PerAxis& each) : zeros_(each) {}
  ConvPadding(SamePadding) : same_(true) {}

  [[nodiscard]] const PerAxis& zeros() const { return zeros_; }
  [[nodiscard]] bool is_same() const { return same_; }

 private:
  PerAxis zeros_ = 0;
  bool same_ = false;
};

struct ConvLayerOptions {
  PerAxis stride = 1;
  ConvPadding padding = 0;
  PerAxis dilation = 1;
  /// Channels are divided into this many groups, each convolved with its own filters.
  Index groups = 1;
  bool bias = true;
  /// What the padding holds; PadMode::constant stands for zeros.
  PadMode padding_mode = PadMode::constant;
  /// First values; uniform in (-1 / sqrt(fan), 1 / sqrt(fan)), where fan = in / groups * taps of
  /// the window, as in PyTorch, where none is given.
  Initializer weight_init{};
  Initializer bias_init{};  ///< likewise
};

namespace detail {

/// What the convolutions of one, two and three spatial axes share.
class Convolution {
 public:
  [[nodiscard]] Var forward(Recording& recording, Var x) const;
  void fields(Fields& fields) { fields("weight", weight_)("bias", bias_); }

  [[nodiscard]] const Tensor& weight() const { return weight_.value; }
  /// For layers that use the parameters in their own way, see WeightNorm.
  [[nodiscard]] const Parameter& weight_parameter() const { return weight_; }
  [[nodiscard]] Parameter& weight_parameter() { return weight_; }
  [[nodiscard]] std::optional<Parameter>& bias_parameter() { return bias_; }
  /// What the layer says of x with other filters than its own.
  [[nodiscard]] Var forward_with(Recording& recording, Var x, Var weight) const;

 protected:
  Convolution(int axes, Index in, Index out, const PerAxis& kernel,
              const ConvLayerOptions& options);

 private:
  Index in_;
  ConvLayerOptions options_;
  Parameter weight_;
  std::optional<Parameter> bias_;
};

}  // namespace detail

/// Convolution (that is, cross-correlation) of x (samples, in, ...) with `out` filters, see
/// autodiff/ops/spatial/convolution.hpp:
///   Conv2d(1, 16, 3, {.padding = 1})
/// Its parameters are `weight` (out, in / groups, kernel...) and `bias` (out). A single sample
/// (in, ...) will do as well.
///
/// Throws ShapeError unless in and out are at least 1 and `groups` divides both, ValueError for a
/// kernel, stride, padding or dilation that makes no sense or stands for another number of axes.
/// Before a batch norm leave the bias out: the norm takes every shift of a channel away again.
class Conv1d : public detail::Convolution {
 public:
  Conv1d(Index in, Index out, const PerAxis& kernel, const ConvLayerOptions& options = {})
      : Convolution(1, in, out, kernel, options) {}
};
/// The same for x (samples, in, height, width).
class Conv2d : public detail::Convolution {
 public:
  Conv2d(Index in, Index out, const PerAxis& kernel, const ConvLayerOptions& options = {})
      : Convolution(2, in, out, kernel, options) {}
};
/// The same for x (samples, in, depth, height, width).
class Conv3d : public detail::Convolution {
 public:
  Conv3d(Index in, Index out, const PerAxis& kernel, const ConvLayerOptions& options = {})
      : Convolution(3, in, out, kernel, options) {}
};

namespace detail {

/// The shape of filters: (first, second, kernel...). Throws ValueError, naming the layer, unless
/// the kernel is for `axes` spatial axes and at least 1.
[[nodiscard]] Shape filter_shape(std::string_view layer, Index first, Index second,
                                 const PerAxis& kernel, int axes);

}  // namespace detail

}  // namespace dtheta::nn
