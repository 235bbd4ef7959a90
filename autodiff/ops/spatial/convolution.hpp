#pragma once

#include <optional>

#include "autodiff/ops/spatial/spatial.hpp"
#include "autodiff/var.hpp"

namespace dtheta {

/// How the window of a convolution moves. Each number may be given for each spatial axis.
struct ConvOptions {
  PerAxis stride = 1;
  /// Zeros in front of each spatial axis, and behind it unless padding_end says otherwise.
  PerAxis padding = 0;
  std::optional<PerAxis> padding_end{};
  PerAxis dilation = 1;
  /// Channels are divided into this many groups, each convolved with its own filters.
  Index groups = 1;
};

/// The options with the padding for which a convolution at stride 1 keeps the spatial sizes of x,
/// as PyTorch's padding "same": of an odd number of zeros the one more stands behind. `w` holds the
/// filters. Throws ValueError for another stride.
[[nodiscard]] ConvOptions same_padding(Arg w, ConvOptions options = {});

/// Convolution, as deep learning calls what is a cross-correlation, with the filters w
/// (out, in / groups, k...) of x (samples, in, ...) or, for one sample, (in, ...):
///   y[n, o, p] = b[o] + sum over c, k of w[o, c, k] x[n, c, p * stride - padding + k * dilation].
/// conv takes the number of spatial axes (one to three) from w. Throws ShapeError when the operands
/// do not fit each other or the window does not fit x.
Var conv(Arg x, Arg w, const ConvOptions& options = {});
Var conv(Arg x, Arg w, Arg b, const ConvOptions& options = {});
Var conv1d(Arg x, Arg w, const ConvOptions& options = {});
Var conv1d(Arg x, Arg w, Arg b, const ConvOptions& options = {});
Var conv2d(Arg x, Arg w, const ConvOptions& options = {});
Var conv2d(Arg x, Arg w, Arg b, const ConvOptions& options = {});
Var conv3d(Arg x, Arg w, const ConvOptions& options = {});
Var conv3d(Arg x, Arg w, Arg b, const ConvOptions& options = {});

/// The options of a convolution and, for the size that its stride leaves open, the number of
/// elements to add at the end of each axis: less than the stride or the dilation.
struct ConvTransposeOptions {
  PerAxis stride = 1;
  PerAxis padding = 0;
  std::optional<PerAxis> padding_end{};
  PerAxis dilation = 1;
  Index groups = 1;
  PerAxis output_padding = 0;
};

/// The adjoint of the convolution with the same options in its data, for x (samples, in, ...) and
/// w (in, out / groups, k...). Along each axis the result has
///   (size - 1) * stride - padding - padding_end + dilation * (k - 1) + output_padding + 1
/// elements.
Var conv_transpose(Arg x, Arg w, const ConvTransposeOptions& options = {});
Var conv_transpose(Arg x, Arg w, Arg b, const ConvTransposeOptions& options = {});
Var conv_transpose1d(Arg x, Arg w, const ConvTransposeOptions& options = {});
Var conv_transpose1d(Arg x, Arg w, Arg b, const ConvTransposeOptions& options = {});
Var conv_transpose2d(Arg x, Arg w, const ConvTransposeOptions& options = {});
Var conv_transpose2d(Arg x, Arg w, Arg b, const ConvTransposeOptions& options = {});
Var conv_transpose3d(Arg x, Arg w, const ConvTransposeOptions& options = {});
Var conv_transpose3d(Arg x, Arg w, Arg b, const ConvTransposeOptions& options = {});

}  // namespace dtheta
