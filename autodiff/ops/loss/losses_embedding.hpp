#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// Distances and similarities of vectors, and the losses made of them: one value for each pair. The
/// vectors lie along `axis`, by default the last one; other axes broadcast.

/// a . b / (|a| |b|), where norms below eps count as eps.
Var cosine_similarity(Arg a, Arg b, int axis = -1, double eps = 1e-8);
/// The p-norm of a - b + eps.
Var pairwise_distance(Arg a, Arg b, double p = 2, double eps = 1e-6);

/// 1 - cosine_similarity where y = 1, and what it exceeds `margin` by where y = -1 (any y but 1).
Var cosine_embedding(Arg a, Arg b, Arg y, double margin = 0);
/// max(0, d(anchor, positive) - d(anchor, negative) + margin) with the pairwise distance d. With
/// `swap` the distance from positive to negative counts where that is less. Throws ValueError
/// unless margin > 0.
Var triplet_margin(Arg anchor, Arg positive, Arg negative, double margin = 1, double p = 2,
                   double eps = 1e-6, bool swap = false);

}  // namespace dtheta
