#pragma once

#include "nn/fields.hpp"
#include "nn/recording.hpp"

/// Activations with parameters as layers; those without are asked for by name, see
/// nn/layers/activation.hpp. Formulas and what is refused stand with the ops, in
/// autodiff/ops/elementwise/activation.hpp, activation_piecewise.hpp and
/// autodiff/ops/network/activation_units.hpp.
namespace dtheta::nn {

/// x for x > 0, slope * x otherwise.
struct LeakyReLU {
  double slope = 0.01;
  [[nodiscard]] Var forward(Recording&, Var x) const;
};

/// x for x > 0, alpha (exp(x) - 1) otherwise.
struct ELU {
  double alpha = 1;
  [[nodiscard]] Var forward(Recording&, Var x) const;
};

/// x for x > 0, alpha (exp(x / alpha) - 1) otherwise.
struct CELU {
  double alpha = 1;
  [[nodiscard]] Var forward(Recording&, Var x) const;
};

/// log(1 + exp(beta x)) / beta. (PyTorch's goes over into x where beta x > 20; this one does not
/// need to.)
struct Softplus {
  double beta = 1;
  [[nodiscard]] Var forward(Recording&, Var x) const;
};

/// x limited to [low, high].
struct Hardtanh {
  double low = -1, high = 1;
  [[nodiscard]] Var forward(Recording&, Var x) const;
};

/// x moved towards 0 by lambda, and 0 where it would pass it.
struct Softshrink {
  double lambda = 0.5;
  [[nodiscard]] Var forward(Recording&, Var x) const;
};

/// x where |x| > lambda, else 0.
struct Hardshrink {
  double lambda = 0.5;
  [[nodiscard]] Var forward(Recording&, Var x) const;
};

/// x where x > limit, else `replacement`.
struct Threshold {
  double limit, replacement;
  [[nodiscard]] Var forward(Recording&, Var x) const;
};

/// exp(x) / sum(exp(x)) along an axis, its logarithm, and the softmax of -x.
struct Softmax {
  int axis = -1;
  [[nodiscard]] Var forward(Recording&, Var x) const;
};
struct LogSoftmax {
  int axis = -1;
  [[nodiscard]] Var forward(Recording&, Var x) const;
};
struct Softmin {
  int axis = -1;
  [[nodiscard]] Var forward(Recording&, Var x) const;
};

/// a sigmoid(b), where a and b are the two halves of x along an axis.
struct GLU {
  int axis = -1;
  [[nodiscard]] Var forward(Recording&, Var x) const;
};

/// x for x > 0, slope * x otherwise, where slopes are learned: one for all, or one for each channel
/// of x (samples, channels, ...). Its parameter is `weight` (count).
class PReLU {
 public:
  /// Throws ShapeError unless count is at least 1.
  explicit PReLU(Index count = 1, double slope = 0.25);

  /// Throws ShapeError when x has not as many channels.
  [[nodiscard]] Var forward(Recording& recording, Var x) const;
  void fields(Fields& fields) { fields("weight", weight_); }

 private:
  Parameter weight_;
};

}  // namespace dtheta::nn
