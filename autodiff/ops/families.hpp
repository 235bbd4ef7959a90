#pragma once

#include <span>

#include "autodiff/op_list.hpp"

namespace dtheta {

/// The built-in ops by family, each list defined at the end of its family's source file.
std::span<const OpEntry> arithmetic_ops();
std::span<const OpEntry> comparison_ops();
std::span<const OpEntry> exp_log_ops();
std::span<const OpEntry> activation_ops();
std::span<const OpEntry> shape_ops();
std::span<const OpEntry> concat_ops();
std::span<const OpEntry> slice_ops();
std::span<const OpEntry> index_ops();
std::span<const OpEntry> reduction_ops();
std::span<const OpEntry> softmax_ops();
std::span<const OpEntry> matmul_ops();
std::span<const OpEntry> add_matmul_ops();
std::span<const OpEntry> merged_ops();
std::span<const OpEntry> loss_ops();
std::span<const OpEntry> random_ops();
std::span<const OpEntry> special_ops();
std::span<const OpEntry> trigonometric_ops();
std::span<const OpEntry> activation_unit_ops();
std::span<const OpEntry> activation_piecewise_ops();
std::span<const OpEntry> special_function_ops();
std::span<const OpEntry> rounding_ops();
std::span<const OpEntry> scan_ops();
std::span<const OpEntry> running_extremum_ops();
std::span<const OpEntry> product_ops();
std::span<const OpEntry> statistics_ops();
std::span<const OpEntry> norm_ops();
std::span<const OpEntry> order_statistics_ops();
std::span<const OpEntry> regression_loss_ops();
std::span<const OpEntry> classification_loss_ops();
std::span<const OpEntry> channel_ops();
std::span<const OpEntry> convolution_ops();
std::span<const OpEntry> lstm_ops();
std::span<const OpEntry> gru_ops();
std::span<const OpEntry> rnn_ops();
std::span<const OpEntry> max_pool_ops();
std::span<const OpEntry> avg_pool_ops();
std::span<const OpEntry> plane_ops();
std::span<const OpEntry> unfold_ops();
std::span<const OpEntry> interpolate_ops();
std::span<const OpEntry> standardize_ops();
std::span<const OpEntry> moments_ops();
std::span<const OpEntry> repeat_ops();
std::span<const OpEntry> pad_ops();
std::span<const OpEntry> diagonal_ops();
std::span<const OpEntry> as_strided_ops();
std::span<const OpEntry> scatter_ops();
std::span<const OpEntry> sort_ops();
std::span<const OpEntry> update_ops();
std::span<const OpEntry> linalg_rule_ops();
std::span<const OpEntry> solve_ops();
std::span<const OpEntry> cofactor_ops();
std::span<const OpEntry> triangular_ops();
std::span<const OpEntry> spectral_ops();
std::span<const OpEntry> orthogonal_ops();
std::span<const OpEntry> matrix_exp_ops();
std::span<const OpEntry> tensor_product_ops();
std::span<const OpEntry> rule_ops();
std::span<const OpEntry> scatter_reduce_ops();
std::span<const OpEntry> segmented_scan_ops();
std::span<const OpEntry> ctc_ops();
std::span<const OpEntry> quantile_ops();
std::span<const OpEntry> lu_ops();
std::span<const OpEntry> svd_full_ops();
std::span<const OpEntry> embedding_bag_ops();
std::span<const OpEntry> zeta_ops();
std::span<const OpEntry> margin_loss_ops();
std::span<const OpEntry> grid_sample_ops();
std::span<const OpEntry> scaled_error_ops();
std::span<const OpEntry> bessel_ops();
std::span<const OpEntry> incomplete_gamma_ops();
std::span<const OpEntry> fourier_ops();

}  // namespace dtheta
