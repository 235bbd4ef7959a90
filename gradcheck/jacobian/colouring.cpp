#include "gradcheck/jacobian/colouring.hpp"

#include <algorithm>
#include <numeric>

namespace dtheta::gradcheck::detail {

Colouring colour_columns(const RowMatrix& pattern) {
  const std::size_t n = pattern.columns;
  Colouring colouring;
  colouring.colour_of.resize(n);
  if (pattern.dense) {
    for (std::size_t j = 0; j < n; ++j) {
      colouring.colour_of[j] = j;
      colouring.columns.push_back({j});
    }
    return colouring;
  }
  std::vector<std::vector<std::size_t>> rows_of(n);
  for (std::size_t i = 0; i < pattern.rows; ++i) {
    for (std::size_t e = pattern.starts[i]; e < pattern.starts[i + 1]; ++e) {
      rows_of[pattern.column_of[e]].push_back(i);
    }
  }
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater<>(),
                           [&](std::size_t j) { return rows_of[j].size(); });
  // taken[i]: the colours that row i has met. A colour is free for a column that meets none of it.
  std::vector<std::vector<std::size_t>> taken(pattern.rows);
  std::vector<std::size_t> met;  // by colour: the last column whose rows have it, plus one
  for (const std::size_t j : order) {
    for (const std::size_t i : rows_of[j]) {
      for (const std::size_t colour : taken[i]) met[colour] = j + 1;
    }
    std::size_t colour = 0;
    while (colour < met.size() && met[colour] == j + 1) ++colour;
    if (colour == met.size()) {
      met.push_back(0);
      colouring.columns.emplace_back();
    }
    for (const std::size_t i : rows_of[j]) taken[i].push_back(colour);
    colouring.colour_of[j] = colour;
    colouring.columns[colour].push_back(j);
  }
  for (auto& columns : colouring.columns) std::ranges::sort(columns);
  return colouring;
}

}  // namespace dtheta::gradcheck::detail
