#pragma once

#include "autodiff/axes.hpp"
#include "autodiff/random.hpp"
#include "autodiff/var.hpp"

namespace dtheta {

/// Normalisation layers. `epsilon` is added to the variance under the root, the variance is the
/// biased one, w scales and b shifts what has been normalised. Each throws ShapeError when the
/// operands do not fit and ValueError unless 0 <= epsilon < infinity.

/// (x - mean) / sqrt(variance + epsilon) over the last `axes` axes; times w plus b, over as many
/// axes as w has, whose shape must be that of b and of the end of x.
Var layer_norm(Arg x, int axes = 1, double epsilon = 1e-5);
Var layer_norm(Arg x, Arg w, Arg b, double epsilon = 1e-5);
/// x / sqrt(mean of x^2 + epsilon) over the last `axes` axes; times w.
Var rms_norm(Arg x, int axes = 1, double epsilon = 1e-6);
Var rms_norm(Arg x, Arg w, double epsilon = 1e-6);

/// For x (samples, channels, ...): by the mean and variance of each channel over samples and
/// positions, as in training. There must be more than one value for each channel.
Var batch_norm(Arg x, double epsilon = 1e-5);
Var batch_norm(Arg x, Arg w, Arg b, double epsilon = 1e-5);
/// By given means and variances, as after training.
Var batch_norm_inference(Arg x, Arg mean, Arg variance, Arg w, Arg b, double epsilon = 1e-5);
/// The mean and the biased variance of each channel, to keep running statistics by: (channels).
struct BatchStatistics {
  Var mean;
  Var variance;
};
BatchStatistics batch_statistics(Arg x);

/// For x (samples, channels, ...): over groups of adjacent channels of each sample; w and b are
/// (channels).
Var group_norm(Arg x, Index groups, double epsilon = 1e-5);
Var group_norm(Arg x, Index groups, Arg w, Arg b, double epsilon = 1e-5);
/// Over the positions of each channel of each sample.
Var instance_norm(Arg x, double epsilon = 1e-5);
Var instance_norm(Arg x, Arg w, Arg b, double epsilon = 1e-5);

/// x / max(||x||, epsilon) along one axis, without overflow or underflow in the norm.
Var l2_normalize(Arg x, int axis = -1, double epsilon = 1e-12);
/// g v / ||v||, the norm being taken over all axes but one; g has v's shape with the other axes 1.
/// Where v = 0 the result and the derivative are 0.
Var weight_norm(Arg v, Arg g, int axis = 0);

/// x / (k + alpha / size * sum of x^2 over `size` neighbouring channels)^beta for x (samples,
/// channels, ...). Channels [c - before, c - before + size) count, where they exist; before is
/// size / 2, as in PyTorch, if it is not given (ONNX: (size - 1) / 2).
struct LocalResponse {
  double alpha = 1e-4;
  double beta = 0.75;
  double k = 1;
  Index before = -1;
};
Var local_response_norm(Arg x, Index size, const LocalResponse& options = {});

/// dropout of whole channels of x (samples, channels, ...).
Var dropout2d(Arg x, double keep_prob, RandomKey key);

}  // namespace dtheta
