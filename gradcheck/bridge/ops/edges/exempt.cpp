#include "gradcheck/bridge/ops/edges/exempt.hpp"

#include <algorithm>
#include <array>

namespace dtheta::gradcheck {
namespace {

constexpr std::string_view spread = "the spread of infinite values is none";
constexpr std::string_view no_matrix = "a matrix of infinite elements has no decomposition";
constexpr std::string_view norms =
    "errors are relative to the norm of a matrix and grow with its condition, not to each element";
constexpr std::string_view padding = "zeros of the padding times an infinity are NaN";
constexpr std::string_view product =
    "a product of factors of any size may leave the range on the way, and 0 times infinity is NaN";
constexpr std::string_view shaped =
    "made for operands of one shape: the op that records it checks the shape";
constexpr std::string_view gates =
    "gates are kept as values: near 1 their slopes have the absolute error of those";
constexpr std::string_view squares = "squares leave the range beyond the root of its ends";
constexpr std::string_view weights = "weights of 0 times an infinity are NaN";
constexpr std::string_view rounding = "rounding is taken to 0";

constexpr std::array<Exemption, 92> all_exemptions{{
    {"add_matmul", Edge::range, product},
    {"affine_relu", Edge::infinity, "infinite terms of both signs"},
    {"affine_relu", Edge::range, "terms overflow that a rectified sum does not show"},
    {"broadcast_to", Edge::empty, shaped},
    {"center", Edge::infinity, spread},
    {"cofactor", Edge::infinity, no_matrix},
    {"cofactor", Edge::range, norms},
    {"cofactor", Edge::second, "a third derivative of the determinant, taken by the inverse"},
    {"cofactor_slope", Edge::infinity, no_matrix},
    {"cofactor_slope", Edge::range, norms},
    {"cofactor_slope", Edge::second,
     "a fourth derivative of the determinant, taken by the inverse"},
    {"cofactor_slope", Edge::nan, "multiplies NaN by zeros where it has no elements to sum"},
    {"conv", Edge::infinity, padding},
    {"conv_data_grad", Edge::infinity, padding},
    {"conv_data_grad", Edge::nan, "zeros between strides times NaN are NaN"},
    {"conv_weight_grad", Edge::infinity, padding},
    {"conv_with_bias", Edge::infinity, padding},
    {"cumprod", Edge::infinity, product},
    {"cumprod", Edge::range, product},
    {"det", Edge::infinity, no_matrix},
    {"det", Edge::range, norms},
    {"diag_embed", Edge::empty, shaped},
    {"eigh", Edge::infinity, no_matrix},
    {"eigh", Edge::range, norms},
    {"fourier", Edge::infinity, weights},
    {"gated_matmul", Edge::infinity, product},
    {"gated_matmul", Edge::nan, product},
    {"gru", Edge::infinity, product},
    {"gru", Edge::range, gates},
    {"gru_grad", Edge::infinity, product},
    {"gru_grad", Edge::range, gates},
    {"hypot_slope", Edge::second, "has no derivative at (0, 0)"},
    {"inverse", Edge::infinity, no_matrix},
    {"inverse", Edge::range, norms},
    {"kl_div_slope", Edge::second, "at p = 0 its value is a convention, its derivatives are not"},
    {"linear_scan", Edge::infinity, product},
    {"linear_scan", Edge::range, product},
    {"log_softmax", Edge::range, "near 0 a value has the absolute error of the others"},
    {"lstm", Edge::infinity, product},
    {"lstm", Edge::range, gates},
    {"lstm_grad", Edge::infinity, product},
    {"lstm_grad", Edge::range, gates},
    {"lu", Edge::range, norms},
    {"lu", Edge::second, "has no derivative where the matrix is singular"},
    {"matrix_exp", Edge::infinity, no_matrix},
    {"matrix_exp", Edge::range, norms},
    {"median", Edge::second, "equal elements share what is due to each of them"},
    {"moments", Edge::infinity, spread},
    {"pinv", Edge::infinity, no_matrix},
    {"pinv", Edge::range, norms},
    {"pinv", Edge::second, "the derivative is that at constant rank"},
    {"prod", Edge::range, product},
    {"qr", Edge::infinity, no_matrix},
    {"qr", Edge::range, norms},
    {"qr", Edge::second, "has no derivative where columns are dependent"},
    {"remainder", Edge::infinity,
     "a remainder of an infinite divisor is the dividend or the divisor, by sign"},
    {"resize_axis_adjoint", Edge::infinity, weights},
    {"rms_standardize", Edge::infinity, spread},
    {"rms_standardize", Edge::range, squares},
    {"rms_standardize_grad", Edge::infinity, spread},
    {"rms_standardize_grad", Edge::range, squares},
    {"rnn", Edge::infinity, product},
    {"rnn", Edge::range, product},
    {"rnn_grad", Edge::infinity, product},
    {"rnn_grad", Edge::range, product},
    {"safe_quotient", Edge::infinity, no_matrix},
    {"safe_quotient", Edge::range, norms},
    {"safe_quotient", Edge::second, "throws where a quotient of two zeros has no limit"},
    {"skew_part", Edge::infinity, rounding},
    {"skew_part", Edge::range, rounding},
    {"slice", Edge::empty, shaped},
    {"slogdet", Edge::infinity, no_matrix},
    {"slogdet", Edge::range, norms},
    {"softmax_cross_entropy", Edge::range, "near 0 a value has the absolute error of a logit"},
    {"softmax_grad", Edge::range, "its second operand is a softmax, between 0 and 1"},
    {"solve", Edge::infinity, no_matrix},
    {"solve", Edge::range, norms},
    {"solve_triangular", Edge::infinity, no_matrix},
    {"solve_triangular", Edge::range, norms},
    {"sort", Edge::nan, "a copy in another order, NaN included"},
    {"standardize", Edge::infinity, spread},
    {"standardize", Edge::range, squares},
    {"standardize_grad", Edge::infinity, spread},
    {"standardize_grad", Edge::range, squares},
    {"stddev", Edge::infinity, spread},
    {"strided_sum", Edge::empty, shaped},
    {"svd", Edge::infinity, no_matrix},
    {"svd", Edge::range, norms},
    {"unpad", Edge::empty, shaped},
    {"unslice", Edge::empty, shaped},
    {"var", Edge::infinity, spread},
    {"xdivy", Edge::second, "has no derivative where both operands are 0"},
}};

}  // namespace

std::span<const Exemption> exemptions() { return all_exemptions; }

std::string_view exempt(std::string_view op, Edge edge) {
  const auto found = std::ranges::find_if(
      all_exemptions, [&](const Exemption& e) { return e.op == op && e.edge == edge; });
  return found == all_exemptions.end() ? std::string_view{} : found->reason;
}

}  // namespace dtheta::gradcheck
