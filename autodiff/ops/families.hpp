#pragma once

#include <span>

#include "autodiff/op.hpp"

namespace dtheta {

/// The built-in ops by family, each list defined at the end of its family's source file.
std::span<const OpRecord* const> arithmetic_ops();
std::span<const OpRecord* const> comparison_ops();
std::span<const OpRecord* const> exp_log_ops();
std::span<const OpRecord* const> activation_ops();
std::span<const OpRecord* const> shape_ops();
std::span<const OpRecord* const> concat_ops();
std::span<const OpRecord* const> slice_ops();
std::span<const OpRecord* const> index_ops();
std::span<const OpRecord* const> reduction_ops();
std::span<const OpRecord* const> softmax_ops();
std::span<const OpRecord* const> matmul_ops();
std::span<const OpRecord* const> add_matmul_ops();
std::span<const OpRecord* const> merged_ops();
std::span<const OpRecord* const> loss_ops();
std::span<const OpRecord* const> random_ops();
std::span<const OpRecord* const> special_ops();
std::span<const OpRecord* const> trigonometric_ops();
std::span<const OpRecord* const> activation_unit_ops();
std::span<const OpRecord* const> activation_piecewise_ops();
std::span<const OpRecord* const> special_function_ops();
std::span<const OpRecord* const> rounding_ops();
std::span<const OpRecord* const> scan_ops();
std::span<const OpRecord* const> running_extremum_ops();
std::span<const OpRecord* const> product_ops();
std::span<const OpRecord* const> statistics_ops();
std::span<const OpRecord* const> norm_ops();
std::span<const OpRecord* const> order_statistics_ops();
std::span<const OpRecord* const> regression_loss_ops();
std::span<const OpRecord* const> classification_loss_ops();
std::span<const OpRecord* const> channel_ops();
std::span<const OpRecord* const> convolution_ops();
std::span<const OpRecord* const> lstm_ops();
std::span<const OpRecord* const> gru_ops();
std::span<const OpRecord* const> rnn_ops();
std::span<const OpRecord* const> max_pool_ops();
std::span<const OpRecord* const> avg_pool_ops();
std::span<const OpRecord* const> plane_ops();
std::span<const OpRecord* const> unfold_ops();
std::span<const OpRecord* const> interpolate_ops();
std::span<const OpRecord* const> standardize_ops();
std::span<const OpRecord* const> repeat_ops();
std::span<const OpRecord* const> pad_ops();
std::span<const OpRecord* const> diagonal_ops();
std::span<const OpRecord* const> as_strided_ops();
std::span<const OpRecord* const> scatter_ops();
std::span<const OpRecord* const> sort_ops();
std::span<const OpRecord* const> update_ops();
std::span<const OpRecord* const> linalg_rule_ops();
std::span<const OpRecord* const> solve_ops();
std::span<const OpRecord* const> determinant_ops();
std::span<const OpRecord* const> triangular_ops();
std::span<const OpRecord* const> spectral_ops();
std::span<const OpRecord* const> orthogonal_ops();
std::span<const OpRecord* const> matrix_exp_ops();
std::span<const OpRecord* const> tensor_product_ops();
std::span<const OpRecord* const> rule_ops();
std::span<const OpRecord* const> scatter_reduce_ops();
std::span<const OpRecord* const> segmented_scan_ops();
std::span<const OpRecord* const> ctc_ops();
std::span<const OpRecord* const> quantile_ops();
std::span<const OpRecord* const> lu_ops();
std::span<const OpRecord* const> svd_full_ops();
std::span<const OpRecord* const> embedding_bag_ops();
std::span<const OpRecord* const> zeta_ops();
std::span<const OpRecord* const> margin_loss_ops();
std::span<const OpRecord* const> grid_sample_ops();
std::span<const OpRecord* const> scaled_error_ops();
std::span<const OpRecord* const> bessel_ops();
std::span<const OpRecord* const> incomplete_gamma_ops();
std::span<const OpRecord* const> fourier_ops();

}  // namespace dtheta
