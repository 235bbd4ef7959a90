// The right numbers in another order.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>

#include "gradcheck/jacobian/patch.hpp"

namespace dtheta::gradcheck::detail {
namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

void suspect_transposed(const Patch& patch, std::vector<JacobianCause>& causes) {
  if (patch.rows != patch.columns || patch.rows < 2) return;
  for (const double sign : {1.0, -1.0}) {
    const PatchFit fit = fit_of(patch, [&](std::size_t i, std::size_t j, double& bar) {
      const std::size_t e = patch.at(j, i);
      bar = patch.usable[e] ? patch.bar[e] : nothing;
      return sign * patch.numeric[e];
    });
    // A skew matrix is its negative's transpose: a sign says the same with less.
    if (!fit.explains) continue;
    causes.push_back({JacobianPattern::transposed, sign, sureness_of(fit.witnesses, 1) - 0.005,
                      patch.name,
                      fmt::format("{}: {}transposed: entry (i, j) holds the derivative of output j "
                                  "by input i",
                                  patch.name, sign < 0 ? "negated and " : "")});
    return;
  }
}

void suspect_storage(const Patch& patch, std::vector<JacobianCause>& causes) {
  if (patch.rows < 2 || patch.columns < 2 || patch.rows == patch.columns) return;
  const auto reads = [&](bool by_columns) {
    return fit_of(patch, [&](std::size_t i, std::size_t j, double& bar) {
      // Position of (i, j) in the order announced; what the other order has there.
      const std::size_t p = by_columns ? i * patch.columns + j : j * patch.rows + i;
      const std::size_t e = by_columns ? patch.at(p % patch.rows, p / patch.rows)
                                       : patch.at(p / patch.columns, p % patch.columns);
      bar = patch.usable[e] ? patch.bar[e] : nothing;
      return patch.numeric[e];
    });
  };
  for (const bool by_columns : {true, false}) {
    const PatchFit fit = reads(by_columns);
    if (!fit.explains || fit.witnesses < 2) continue;
    causes.push_back({JacobianPattern::storage_order, 0.0, sureness_of(fit.witnesses, 1),
                      patch.name,
                      fmt::format("{}: the right numbers, written {} where {} were announced",
                                  patch.name, by_columns ? "column by column" : "row by row",
                                  by_columns ? "rows (RowMajor)" : "columns (ColumnMajor)")});
    return;
  }
}

using Lines = std::vector<std::vector<std::size_t>>;

/// For each line the one whose numeric values its analytic ones are; nothing where none is.
std::optional<std::vector<std::size_t>> order_of(const Patch& patch, const Lines& lines) {
  const auto holds = [&](std::size_t line, std::size_t values) {
    for (std::size_t k = 0; k < lines[line].size(); ++k) {
      const std::size_t e = lines[line][k], from = lines[values][k];
      if (!patch.usable[e] || !patch.usable[from]) continue;
      if (!patch.fits(e, patch.numeric[from], patch.bar[from])) return false;
    }
    return true;
  };
  std::vector<std::size_t> order(lines.size());
  std::vector<bool> used(lines.size(), false);
  for (std::size_t l = 0; l < lines.size(); ++l) {
    std::size_t found = lines.size();
    if (holds(l, l)) found = l;
    for (std::size_t v = 0; v < lines.size() && found == lines.size(); ++v) {
      if (!used[v] && holds(l, v)) found = v;
    }
    if (found == lines.size() || used[found]) return std::nullopt;
    used[found] = true;
    order[l] = found;
  }
  return order;
}

void suspect_swapped(const Patch& patch, bool rows, std::vector<JacobianCause>& causes) {
  const std::size_t count = rows ? patch.rows : patch.columns;
  constexpr std::size_t most = 512;  // the search is quadratic
  if (count < 2 || count > most || (rows ? patch.columns : patch.rows) < 2) return;
  Lines lines;
  for (std::size_t l = 0; l < count; ++l) {
    lines.push_back(rows ? row_entries(patch, l) : column_entries(patch, l));
  }
  const auto order = order_of(patch, lines);
  if (!order) return;
  const auto& names = rows ? patch.row_names : patch.column_names;
  std::vector<std::string> moved;
  std::size_t witnesses = 0;
  for (std::size_t l = 0; l < count; ++l) {
    if ((*order)[l] == l) continue;
    moved.push_back(names[l]);
    witnesses += static_cast<std::size_t>(
        std::ranges::count_if(lines[l], [&](std::size_t e) { return patch.wrong(e); }));
  }
  if (moved.empty()) return;
  const std::string all = moved.size() > 4 ? fmt::format("{} of {}", moved.size(), count)
                                           : fmt::format("{}", fmt::join(moved, " and "));
  causes.push_back({rows ? JacobianPattern::rows_swapped : JacobianPattern::columns_swapped, 0.0,
                    sureness_of(witnesses, 1), all,
                    fmt::format("{}: {} {} {}: the right numbers in the wrong {}", patch.name,
                                rows ? "rows" : "columns", all,
                                moved.size() == 2 ? "are swapped" : "are in another order",
                                rows ? "rows" : "columns")});
}

}  // namespace

void suspect_order(const Patch& patch, std::vector<JacobianCause>& causes) {
  suspect_transposed(patch, causes);
  suspect_storage(patch, causes);
  suspect_swapped(patch, true, causes);
  suspect_swapped(patch, false, causes);
}

}  // namespace dtheta::gradcheck::detail
