#include "autodiff/ops/registry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "autodiff/errors.hpp"
#include "autodiff/ops/families.hpp"

namespace dtheta {
namespace {

/// Levenshtein's distance: insertions, deletions and replacements between two words.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::span<const OpRecord* const> all_ops() {
  static const std::vector<const OpRecord*> ops = [] {
    std::vector<const OpRecord*> list;
    for (const auto family : {arithmetic_ops(),
                              comparison_ops(),
                              exp_log_ops(),
                              trigonometric_ops(),
                              special_ops(),
                              activation_ops(),
                              reduction_ops(),
                              softmax_ops(),
                              shape_ops(),
                              concat_ops(),
                              slice_ops(),
                              index_ops(),
                              matmul_ops(),
                              add_matmul_ops(),
                              merged_ops(),
                              random_ops(),
                              loss_ops(),
                              repeat_ops(),
                              pad_ops(),
                              diagonal_ops(),
                              as_strided_ops(),
                              scatter_ops(),
                              scatter_reduce_ops(),
                              sort_ops(),
                              update_ops(),
                              tensor_product_ops(),
                              fourier_ops(),
                              solve_ops(),
                              lu_ops(),
                              determinant_ops(),
                              triangular_ops(),
                              spectral_ops(),
                              svd_full_ops(),
                              orthogonal_ops(),
                              matrix_exp_ops(),
                              linalg_rule_ops(),
                              rule_ops(),
                              activation_unit_ops(),
                              activation_piecewise_ops(),
                              special_function_ops(),
                              scaled_error_ops(),
                              bessel_ops(),
                              incomplete_gamma_ops(),
                              zeta_ops(),
                              rounding_ops(),
                              scan_ops(),
                              segmented_scan_ops(),
                              running_extremum_ops(),
                              product_ops(),
                              statistics_ops(),
                              norm_ops(),
                              order_statistics_ops(),
                              quantile_ops(),
                              regression_loss_ops(),
                              classification_loss_ops(),
                              margin_loss_ops(),
                              channel_ops(),
                              convolution_ops(),
                              lstm_ops(),
                              gru_ops(),
                              rnn_ops(),
                              ctc_ops(),
                              embedding_bag_ops(),
                              max_pool_ops(),
                              avg_pool_ops(),
                              plane_ops(),
                              unfold_ops(),
                              grid_sample_ops(),
                              interpolate_ops(),
                              standardize_ops()}) {
      list.insert(list.end(), family.begin(), family.end());
    }
    return list;
  }();
  return ops;
}

const OpRecord& find_op(std::string_view name) {
  const auto ops = all_ops();
  const auto found = std::ranges::find(ops, name, [](const OpRecord* r) { return r->info.name; });
  if (found != ops.end()) return **found;
  const OpRecord* nearest = *std::ranges::min_element(
      ops, {}, [&](const OpRecord* r) { return edit_distance(name, r->info.name); });
  throw ValueError(
      fmt::format("there is no op '{}'; did you mean '{}'?", name, nearest->info.name));
}

}  // namespace dtheta
