#include "gradcheck/jacobian/matrix.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <numeric>
#include <string>

#include "gradcheck/errors.hpp"

namespace dtheta::gradcheck {

void Jacobian::copy_whole(std::span<const double> from, std::span<double> to) {
  if (from.size() != to.size()) {
    throw ShapeError(fmt::format("jacobian: the function returned {} entries, but {} are expected",
                                 from.size(), to.size()));
  }
  std::ranges::copy(from, to.begin());
}

std::vector<double> Jacobian::at(std::span<const double> x, std::size_t count) const {
  if (!function_) {
    if (values_.size() != count) {
      throw ShapeError(fmt::format("jacobian: {} entries were given, but {} are expected",
                                   values_.size(), count));
    }
    return {values_.begin(), values_.end()};
  }
  detail::LentBuffer buffer(count);
  // A copy, so that a function that writes into its x harms no one.
  const std::vector<double> lent(x.begin(), x.end());
  function_(lent, buffer.span());
  buffer.require_inside("jacobian");
  return {buffer.span().begin(), buffer.span().end()};
}

namespace detail {
namespace {

RowMatrix read_dense(const Jacobian& jacobian, std::span<const double> x, std::size_t m,
                     std::size_t n) {
  if (!jacobian.is_function() && jacobian.size() != m * n) {
    throw ShapeError(
        fmt::format("jacobian: {} entries were given, but {} outputs by {} inputs are {}",
                    jacobian.size(), m, n, m * n));
  }
  const std::vector<double> given = jacobian.at(x, m * n);
  RowMatrix matrix{m, n};
  matrix.starts.resize(m + 1);
  matrix.column_of.resize(m * n);
  matrix.values.resize(m * n);
  const bool by_rows = jacobian.layout() == Layout::row_major;
  for (std::size_t i = 0; i < m; ++i) {
    matrix.starts[i + 1] = (i + 1) * n;
    for (std::size_t j = 0; j < n; ++j) {
      matrix.column_of[i * n + j] = j;
      matrix.values[i * n + j] = given[by_rows ? i * n + j : j * m + i];
    }
  }
  return matrix;
}

[[noreturn]] void refuse(const std::string& why) { throw ShapeError("jacobian: " + why); }

void require_columns(std::span<const std::size_t> columns, std::size_t n) {
  for (std::size_t k = 0; k < columns.size(); ++k) {
    if (columns[k] < n) continue;
    refuse(fmt::format("entry {} of the pattern is in column {}, but there are {} inputs", k,
                       columns[k], n));
  }
}

RowMatrix read_compressed(const Jacobian& jacobian, std::span<const double> x, std::size_t m,
                          std::size_t n) {
  const auto starts = jacobian.rows();
  const auto columns = jacobian.columns();
  if (starts.size() != m + 1) {
    refuse(fmt::format("{} outputs need {} starts of rows, but the pattern has {}", m, m + 1,
                       starts.size()));
  }
  if (starts.front() != 0 || starts.back() != columns.size()) {
    refuse(fmt::format("the rows start at {} and end at {}, but the pattern has {} columns",
                       starts.front(), starts.back(), columns.size()));
  }
  require_columns(columns, n);
  for (std::size_t i = 0; i < m; ++i) {
    if (starts[i] > starts[i + 1] || starts[i + 1] > columns.size()) {
      refuse(
          fmt::format("row {} starts at {} and ends at {}, but the pattern has {} columns: the "
                      "starts of rows must ascend",
                      i, starts[i], starts[i + 1], columns.size()));
    }
    for (std::size_t k = starts[i] + 1; k < starts[i + 1]; ++k) {
      if (columns[k - 1] < columns[k]) continue;
      refuse(columns[k - 1] == columns[k]
                 ? fmt::format("row {} names column {} twice", i, columns[k])
                 : fmt::format("row {} is unsorted: column {} stands after column {}", i,
                               columns[k], columns[k - 1]));
    }
  }
  RowMatrix matrix{m, n, false};
  matrix.starts.assign(starts.begin(), starts.end());
  matrix.column_of.assign(columns.begin(), columns.end());
  matrix.values = jacobian.at(x, columns.size());
  return matrix;
}

RowMatrix read_triplets(const Jacobian& jacobian, std::span<const double> x, std::size_t m,
                        std::size_t n) {
  const auto rows = jacobian.rows();
  const auto columns = jacobian.columns();
  if (rows.size() != columns.size()) {
    refuse(
        fmt::format("{} rows and {} columns of triplets were given", rows.size(), columns.size()));
  }
  require_columns(columns, n);
  for (std::size_t k = 0; k < rows.size(); ++k) {
    if (rows[k] < m) continue;
    refuse(fmt::format("entry {} of the pattern is in row {}, but there are {} outputs", k, rows[k],
                       m));
  }
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto place = [&](std::size_t k) { return std::pair(rows[k], columns[k]); };
  std::ranges::sort(order, {}, place);
  const auto twice = std::ranges::adjacent_find(order, {}, place);
  if (twice != order.end()) {
    refuse(fmt::format("row {}, column {} is given twice, by entries {} and {}", rows[*twice],
                       columns[*twice], *twice, *std::next(twice)));
  }
  const std::vector<double> given = jacobian.at(x, rows.size());
  RowMatrix matrix{m, n, false};
  matrix.starts.assign(m + 1, 0);
  for (const std::size_t k : order) {
    ++matrix.starts[rows[k] + 1];
    matrix.column_of.push_back(columns[k]);
    matrix.values.push_back(given[k]);
  }
  std::partial_sum(matrix.starts.begin(), matrix.starts.end(), matrix.starts.begin());
  return matrix;
}

}  // namespace

std::size_t RowMatrix::find(std::size_t row, std::size_t column) const {
  if (dense) return row * columns + column;
  const auto first = column_of.begin() + static_cast<std::ptrdiff_t>(starts[row]);
  const auto last = column_of.begin() + static_cast<std::ptrdiff_t>(starts[row + 1]);
  const auto at = std::lower_bound(first, last, column);
  return at != last && *at == column ? static_cast<std::size_t>(at - column_of.begin()) : size();
}

RowMatrix read_jacobian(const Jacobian& jacobian, std::span<const double> x, std::size_t outputs,
                        std::size_t inputs) {
  RowMatrix matrix = jacobian.dense() ? read_dense(jacobian, x, outputs, inputs)
                     : jacobian.layout() == Layout::compressed_rows
                         ? read_compressed(jacobian, x, outputs, inputs)
                         : read_triplets(jacobian, x, outputs, inputs);
  matrix.unwritten = static_cast<std::size_t>(std::ranges::count_if(matrix.values, is_unwritten));
  return matrix;
}

}  // namespace detail
}  // namespace dtheta::gradcheck
