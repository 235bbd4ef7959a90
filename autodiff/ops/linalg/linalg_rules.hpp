#pragma once

#include <string_view>
#include <vector>

#include "autodiff/op.hpp"
#include "autodiff/ops/linalg/linalg.hpp"
#include "autodiff/ops/operands.hpp"

/// What the rules of linear algebra share.
namespace dtheta::detail {

/// Throws ShapeError naming `op` unless there are at least two axes, or the last two are equal.
void require_matrix(std::string_view op, const Shape& s);
void require_square(std::string_view op, const Shape& s);

/// The matrices transposed: the last two axes exchanged.
[[nodiscard]] Var transposed(Var x);
[[nodiscard]] Var symmetric_part(Var x);
/// (x - x^T) / 2, and 0 where that is no more than rounding.
[[nodiscard]] Var skew_part(Var x);

/// m / d elementwise, where d holds gaps of a spectrum: 0 where m is 0 and d negligible beside
/// `scale` (..., 1, 1), DegenerateSpectrumError naming `caller` where only d is.
[[nodiscard]] Var safe_quotient(std::string_view caller, Var m, Var d, Var scale);
/// m_ij / (w_j - w_i) off the diagonal, 0 on it.
[[nodiscard]] Var divided_by_gaps(std::string_view caller, Var m, Var w);
/// n max |w_i|, as (..., 1, 1): what gaps of the spectrum w (..., n) are compared with.
[[nodiscard]] Var scale_of(Var w);

/// Values of well-conditioned matrices to test on: the diagonal outweighs the rest. `symmetric`
/// makes them positive definite. Values lie on a grid of 1/64, exact in every scalar.
[[nodiscard]] std::vector<double> test_matrices(const Shape& shape, int seed,
                                                bool symmetric = false);

}  // namespace dtheta::detail
