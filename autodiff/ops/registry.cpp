#include "autodiff/ops/registry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
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

constexpr std::string_view elementwise = "elementwise", shape = "shape", reduction = "reduction",
                           linalg = "linear algebra", network = "network", rules = "rules";

}  // namespace

std::span<const ListedOp> listed_ops() {
  static const std::vector<ListedOp> ops = [] {
    const std::initializer_list<std::pair<std::string_view, std::span<const OpEntry>>> families{
        {elementwise, arithmetic_ops()},
        {elementwise, comparison_ops()},
        {elementwise, exp_log_ops()},
        {elementwise, trigonometric_ops()},
        {elementwise, special_ops()},
        {elementwise, activation_ops()},
        {reduction, reduction_ops()},
        {reduction, softmax_ops()},
        {shape, shape_ops()},
        {shape, concat_ops()},
        {shape, slice_ops()},
        {shape, index_ops()},
        {linalg, matmul_ops()},
        {linalg, add_matmul_ops()},
        {linalg, merged_ops()},
        {elementwise, random_ops()},
        {network, loss_ops()},
        {shape, repeat_ops()},
        {shape, pad_ops()},
        {shape, diagonal_ops()},
        {shape, as_strided_ops()},
        {shape, scatter_ops()},
        {shape, scatter_reduce_ops()},
        {shape, sort_ops()},
        {shape, update_ops()},
        {linalg, tensor_product_ops()},
        {linalg, fourier_ops()},
        {linalg, solve_ops()},
        {linalg, lu_ops()},
        {linalg, cofactor_ops()},
        {linalg, triangular_ops()},
        {linalg, spectral_ops()},
        {linalg, svd_full_ops()},
        {linalg, orthogonal_ops()},
        {linalg, matrix_exp_ops()},
        {linalg, linalg_rule_ops()},
        {rules, rule_ops()},
        {network, activation_unit_ops()},
        {elementwise, activation_piecewise_ops()},
        {elementwise, special_function_ops()},
        {elementwise, scaled_error_ops()},
        {elementwise, bessel_ops()},
        {elementwise, incomplete_gamma_ops()},
        {elementwise, zeta_ops()},
        {elementwise, rounding_ops()},
        {reduction, scan_ops()},
        {reduction, segmented_scan_ops()},
        {reduction, running_extremum_ops()},
        {reduction, product_ops()},
        {reduction, statistics_ops()},
        {reduction, norm_ops()},
        {reduction, order_statistics_ops()},
        {reduction, quantile_ops()},
        {network, regression_loss_ops()},
        {network, classification_loss_ops()},
        {network, margin_loss_ops()},
        {network, channel_ops()},
        {network, convolution_ops()},
        {network, lstm_ops()},
        {network, gru_ops()},
        {network, rnn_ops()},
        {network, ctc_ops()},
        {network, embedding_bag_ops()},
        {network, max_pool_ops()},
        {network, avg_pool_ops()},
        {network, plane_ops()},
        {network, unfold_ops()},
        {network, grid_sample_ops()},
        {network, interpolate_ops()},
        {reduction, standardize_ops()},
        {reduction, moments_ops()},
    };
    std::vector<ListedOp> list;
    for (const auto& [family, entries] : families) {
      for (const OpEntry& e : entries) list.push_back({e.record, e.rule, family});
    }
    return list;
  }();
  return ops;
}

std::span<const OpRecord* const> all_ops() {
  static const std::vector<const OpRecord*> ops = [] {
    std::vector<const OpRecord*> list;
    for (const ListedOp& op : listed_ops()) list.push_back(op.record);
    return list;
  }();
  return ops;
}

const ListedOp& find_listed_op(std::string_view name) {
  const auto ops = listed_ops();
  const auto name_of = [](const ListedOp& op) { return op.record->info.name; };
  const auto found = std::ranges::find(ops, name, name_of);
  if (found != ops.end()) return *found;
  const ListedOp& nearest = *std::ranges::min_element(
      ops, {}, [&](const ListedOp& op) { return edit_distance(name, name_of(op)); });
  throw ValueError(fmt::format("there is no op '{}'; did you mean '{}'?", name, name_of(nearest)));
}

const OpRecord& find_op(std::string_view name) { return *find_listed_op(name).record; }

}  // namespace dtheta
