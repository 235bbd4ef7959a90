#pragma once

#include <cstddef>
#include <cstdint>

namespace dtheta::simd {

/// Softmax cross-entropy of `rows` rows of logits over `classes` <= short_row classes, for `parts`
/// changes of them by an outer product: of z = base + u v^T, out = log(sum of exp(z)) - z[label].
/// `base` is transposed, (classes, rows), u (parts, rows), v (parts, classes), out (parts, rows),
/// labels between 0 and classes - 1. The bits are those of add_outer and log_sum_exp_rows. A row
/// with u = 0 does not move: it is computed once for all parts.
void outer_cross_entropy(const float* base, const float* u, const float* v,
                         const std::int64_t* labels, std::size_t parts, std::size_t rows,
                         std::size_t classes, float* out);
void outer_cross_entropy(const double* base, const double* u, const double* v,
                         const std::int64_t* labels, std::size_t parts, std::size_t rows,
                         std::size_t classes, double* out);

}  // namespace dtheta::simd
