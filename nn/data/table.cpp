#include "nn/data/table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "autodiff/errors.hpp"
#include "nn/data/batches.hpp"
#include "nn/data/preprocess.hpp"

namespace dtheta::nn {
namespace {

template <class Columns>
[[noreturn]] void throw_no_column(std::string_view name, const Columns& columns) {
  std::vector<std::string> names;
  names.reserve(columns.size());
  for (const auto& c : columns) names.push_back(c.name);
  throw ValueError(
      fmt::format("table: there is no column '{}'; there are {}", name,
                  names.empty() ? std::string("none") : fmt::format("{}", fmt::join(names, ", "))));
}

template <class T>
void require_finite(const std::string& name, const Tensor& values) {
  const std::span<const T> all = values.data<T>();
  const auto bad = std::ranges::find_if_not(all, [](T v) { return std::isfinite(v); });
  if (bad == all.end()) return;
  const Index width = values.size() / values.shape()[0], at = bad - all.begin();
  throw ValueError(fmt::format("table: element {} of row {} of column '{}' is {}, must be finite",
                               at % width, at / width, name, *bad));
}

}  // namespace

Table::Table(std::initializer_list<Column> columns) {
  for (const Column& c : columns) add(c.name, c.values);
}

Table::Table(Dataset data) {
  add(input_column, std::move(data.inputs)).add(target_column, std::move(data.labels));
}

Table& Table::add(std::string name, Tensor values) {
  if (name.empty()) throw ValueError("table: a column has no name");
  if (std::ranges::find(columns_, name, &Column::name) != columns_.end()) {
    throw ValueError(fmt::format("table: there is a column '{}' already", name));
  }
  if (values.shape().rank() < 1) {
    throw ShapeError(fmt::format("table: column '{}' is a scalar, it has no examples", name));
  }
  if (!columns_.empty() && values.shape()[0] != count()) {
    throw ShapeError(fmt::format("table: column '{}' {} has {} examples, '{}' has {}", name,
                                 to_string(values.shape()), values.shape()[0],
                                 columns_.front().name, count()));
  }
  columns_.push_back({std::move(name), std::move(values)});
  return *this;
}

Index Table::count() const { return columns_.empty() ? 0 : columns_.front().values.shape()[0]; }

const Tensor& Table::operator[](std::string_view name) const& {
  const auto at = std::ranges::find(columns_, name, &Column::name);
  if (at == columns_.end()) throw_no_column(name, columns_);
  return at->values;
}

Table Table::rows(std::span<const Index> rows) const { return TableView(*this).rows(rows); }

Table Table::head(Index wanted) const {
  return rows(all_rows(std::clamp(wanted, Index{0}, count())));
}

TableView::TableView(const Table& table) {
  for (const Table::Column& c : table.columns()) columns_.push_back({c.name, &c.values});
}

TableView::TableView(const Dataset& data)
    : columns_{{input_column, &data.inputs}, {target_column, &data.labels}} {}

Index TableView::count() const {
  if (columns_.empty() || columns_.front().values->shape().rank() < 1) return 0;
  return columns_.front().values->shape()[0];
}

const Tensor* TableView::find(std::string_view name) const {
  const auto at = std::ranges::find(columns_, name, &Column::name);
  return at == columns_.end() ? nullptr : at->values;
}

const Tensor& TableView::operator[](std::string_view name) const {
  if (const Tensor* values = find(name)) return *values;
  throw_no_column(name, columns_);
}

Table TableView::rows(std::span<const Index> rows) const {
  Table chosen;
  for (const Column& c : columns_) {
    if (c.values->shape().rank() < 1) {
      throw ShapeError(fmt::format("table: column '{}' is a scalar", c.name));
    }
    chosen.add(c.name, rows_of(*c.values, rows));
  }
  return chosen;
}

void require_finite(const TableView& table) {
  for (const TableView::Column& c : table.columns()) {
    if (c.values->size() == 0) continue;
    if (c.values->dtype() == DType::float32) require_finite<float>(c.name, *c.values);
    if (c.values->dtype() == DType::float64) require_finite<double>(c.name, *c.values);
  }
}

}  // namespace dtheta::nn
