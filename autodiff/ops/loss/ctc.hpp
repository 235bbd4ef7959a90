#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

struct CtcOptions {
  Index blank = 0;             // the class that stands for no label
  bool zero_infinity = false;  // 0 for examples whose targets are too long for their input
};

/// Connectionist temporal classification (Graves et al., 2006): for each of N examples minus the
/// logarithm of the probability that its frames, read without repetitions and blanks, are its
/// target.
///
/// log_p (T, N, C) are logarithms of class probabilities, those of log_softmax. `targets` (N, S)
/// are labels, of which the first target_lengths[n] count; of the frames the first
/// input_lengths[n] do. Lengths (N) and targets are index tensors. Infinite where no reading is the
/// target, with the derivative 0. ShapeError for operands that do not fit; ValueError for a label
/// that is the blank or no class, for a length that is negative or larger than there are places,
/// and for an example of no frames.
Var ctc_loss(Arg log_p, Arg targets, Arg input_lengths, Arg target_lengths,
             const CtcOptions& options = {});

}  // namespace dtheta
