#pragma once

#include <array>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "autodiff/var.hpp"

namespace dtheta::nn {

/// One step of an optimiser as it stands on a tape. A plan that has `updates` among its options
/// performs the step with each run.
struct OptimizerStep {
  Var learning_rate;  ///< a scalar leaf: set it before a run to follow a schedule
  /// For each parameter and each part of the optimiser's state, the leaf and its next value.
  std::vector<std::pair<Var, Var>> updates;
};

/// Records a step for parameters (leaves) and their gradients, in the same order. Any function of
/// this form is an optimiser; so are the structs below, which hold the settings. The definitions
/// and the defaults are PyTorch's. All throw ValueError for settings outside their range and
/// ShapeError when gradients do not fit the parameters.
///
/// Their state is leaves that are named after the parameter, the optimiser and their part in it,
/// "0.weight.adam.m", or "adam.steps" for what is one for all: a checkpoint knows them by that.
using Optimizer =
    std::function<OptimizerStep(std::span<const Var> parameters, std::span<const Var> gradients)>;

/// v <- momentum v + g,  p <- p - rate v.  Nesterov: p <- p - rate (g + momentum v).
/// Here and below `weight_decay` adds weight_decay * p to the gradient. It is not part of the cost;
/// a Regularizer is.
struct Sgd {
  double learning_rate = 0.01;
  double momentum = 0;
  bool nesterov = false;
  double weight_decay = 0;
  [[nodiscard]] OptimizerStep operator()(std::span<const Var> parameters,
                                         std::span<const Var> gradients) const;
};

/// s <- s + g^2,  p <- p - rate g / (sqrt(s) + epsilon)   (Duchi et al. 2011)
struct Adagrad {
  double learning_rate = 0.01;
  double epsilon = 1e-10;
  double initial_accumulator = 0;
  double weight_decay = 0;
  [[nodiscard]] OptimizerStep operator()(std::span<const Var> parameters,
                                         std::span<const Var> gradients) const;
};

/// s <- decay s + (1 - decay) g^2,  d = sqrt(a + epsilon) / sqrt(s + epsilon) g,
/// a <- decay a + (1 - decay) d^2,  p <- p - rate d   (Zeiler 2012)
struct Adadelta {
  double learning_rate = 1;
  double decay = 0.9;
  double epsilon = 1e-6;
  double weight_decay = 0;
  [[nodiscard]] OptimizerStep operator()(std::span<const Var> parameters,
                                         std::span<const Var> gradients) const;
};

/// s <- decay s + (1 - decay) g^2,  v <- momentum v + g / (sqrt(s) + epsilon),  p <- p - rate v.
/// Centered: s less the square of the running mean of g in its place.   (Tieleman and Hinton 2012)
struct RmsProp {
  double learning_rate = 0.01;
  double decay = 0.99;
  double epsilon = 1e-8;
  double momentum = 0;
  bool centered = false;
  double weight_decay = 0;
  [[nodiscard]] OptimizerStep operator()(std::span<const Var> parameters,
                                         std::span<const Var> gradients) const;
};

/// m <- beta1 m + (1 - beta1) g,  v <- beta2 v + (1 - beta2) g^2,
/// p <- p - rate m' / (sqrt(v') + epsilon),  m' = m / (1 - beta1^t),  v' = v / (1 - beta2^t)
/// (Kingma and Ba 2014). AMSGrad takes the largest v so far for v (Reddi et al. 2018).
struct Adam {
  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  bool amsgrad = false;
  double weight_decay = 0;
  [[nodiscard]] OptimizerStep operator()(std::span<const Var> parameters,
                                         std::span<const Var> gradients) const;
};

/// Adam whose weight decay is apart from the gradient: first p <- (1 - rate weight_decay) p
/// (Loshchilov and Hutter 2019).
struct AdamW {
  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  bool amsgrad = false;
  double weight_decay = 0.01;
  [[nodiscard]] OptimizerStep operator()(std::span<const Var> parameters,
                                         std::span<const Var> gradients) const;
};

/// m as Adam's,  u <- max(beta2 u, |g| + epsilon),  p <- p - rate / (1 - beta1^t) m / u
/// (Kingma and Ba 2014).
struct Adamax {
  double learning_rate = 2e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;
  [[nodiscard]] OptimizerStep operator()(std::span<const Var> parameters,
                                         std::span<const Var> gradients) const;
};

/// Adam with Nesterov's momentum: with mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2) and M_t the
/// product of mu_1 ... mu_t, in place of m':  mu_{t+1} m / (1 - M_{t+1}) + (1 - mu_t) g / (1 - M_t)
/// (Dozat 2016). The weight decay is in the gradient, or apart as AdamW's.
struct NAdam {
  double learning_rate = 2e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double momentum_decay = 4e-3;
  double weight_decay = 0;
  bool decoupled_weight_decay = false;
  [[nodiscard]] OptimizerStep operator()(std::span<const Var> parameters,
                                         std::span<const Var> gradients) const;
};

/// Needs memory for rows and columns alone (Shazeer and Stern 2018). Over the last two axes,
///   R <- (1 - w) R + w mean of g^2 along a row,  C the same along a column,  w = t^beta2_decay,
///   V = R C / max(mean of R, epsilon1),  u = g / max(sqrt(V), epsilon1),
///   p <- p - min(rate, 1 / sqrt(t)) max(epsilon2, rms(p)) u / max(1, rms(u) / clip),
/// where rms is the root of the mean square. A vector has V itself as a running mean. The weight
/// decay is apart: first p <- (1 - rate weight_decay) p. As PyTorch from 2.5 on has it.
struct Adafactor {
  double learning_rate = 0.01;
  double beta2_decay = -0.8;
  std::optional<double> epsilon1{};  ///< without, that of the tape's precision: 2^-52 or 2^-23
  double epsilon2 = 1e-3;
  double clip = 1;
  double weight_decay = 0;
  [[nodiscard]] OptimizerStep operator()(std::span<const Var> parameters,
                                         std::span<const Var> gradients) const;
};

/// For matrices:  m <- momentum m + (1 - momentum) g,
///   p <- (1 - rate weight_decay) p - rate sqrt(max(1, rows / columns)) O(m),
/// or Nesterov's (1 - momentum) g + momentum m in place of m, where O takes a matrix to the nearest
/// orthogonal one, about: `passes` of X <- a X + (b X X^T + c (X X^T)^2) X from X = m / |m| (Jordan
/// et al. 2024). `match_adamw`: with 0.2 sqrt(max(rows, columns)) steps are as large as AdamW's
/// (Liu et al. 2025). The definition and the defaults are PyTorch's, but for O's precision: the
/// tape's, not bfloat16.
///
/// PyTorch's takes matrices alone. Here tensors of more axes are matrices whose rows are their
/// first axis, as filters are, and what has fewer goes by `others`. Give embeddings and last layers
/// another optimiser: this one is for what lies between.
struct Muon {
  double learning_rate = 1e-3;
  double momentum = 0.95;
  bool nesterov = true;
  double weight_decay = 0.1;
  std::array<double, 3> coefficients{3.4445, -4.7750, 2.0315};
  int passes = 5;
  double epsilon = 1e-7;
  bool match_adamw = false;
  AdamW others{};  ///< its learning rate follows a schedule in proportion
  [[nodiscard]] OptimizerStep operator()(std::span<const Var> parameters,
                                         std::span<const Var> gradients) const;
};

/// p <- (1 - rate weight_decay) p - rate sign(beta1 m + (1 - beta1) g),
/// m <- beta2 m + (1 - beta2) g   (Chen et al. 2023)
struct Lion {
  double learning_rate = 1e-4;
  double beta1 = 0.9;
  double beta2 = 0.99;
  double weight_decay = 0;
  [[nodiscard]] OptimizerStep operator()(std::span<const Var> parameters,
                                         std::span<const Var> gradients) const;
};

/// Gradients made smaller together, so that their common Euclidean norm is at most `max_norm`.
struct ClippedGradients {
  Var norm;  ///< before
  std::vector<Var> gradients;
};
/// Throws ValueError unless max_norm > 0.
[[nodiscard]] ClippedGradients clip_by_norm(std::span<const Var> gradients, double max_norm);
/// Each element of each gradient limited to [-limit, limit]. Throws ValueError unless limit > 0.
[[nodiscard]] std::vector<Var> clip_by_value(std::span<const Var> gradients, double limit);

}  // namespace dtheta::nn
