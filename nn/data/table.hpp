#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "autodiff/tensor.hpp"
#include "nn/data/dataset.hpp"

namespace dtheta::nn {

/// The columns that simple costs look for.
inline constexpr const char* input_column = "input";
inline constexpr const char* target_column = "target";

/// Examples: named columns, each a tensor with one slice along its first axis for each example.
/// Real columns become float32 in training, whatever they are here; int64 ones stay indices.
///
///   Table data{{"left", left}, {"right", right}, {"target", same}};
class Table {
 public:
  struct Column {
    std::string name;
    Tensor values;
  };

  Table() = default;
  /// Throws what `add` does.
  Table(std::initializer_list<Column> columns);
  /// The columns "input" and "target".
  explicit Table(Dataset data);

  /// Throws ShapeError when `values` is a scalar or has another count than the columns before,
  /// ValueError for a name that is taken or empty.
  Table& add(std::string name, Tensor values);

  /// Of examples.
  [[nodiscard]] Index count() const;
  /// Throws ValueError, naming the columns there are, where there is none of this name.
  [[nodiscard]] const Tensor& operator[](std::string_view name) const&;
  const Tensor& operator[](std::string_view name) const&& = delete;
  [[nodiscard]] const std::vector<Column>& columns() const& { return columns_; }
  const std::vector<Column>& columns() const&& = delete;

  /// A copy of some examples. Throws ValueError for one that is not there.
  [[nodiscard]] Table rows(std::span<const Index> rows) const;
  /// The first `count`, or all where there are fewer.
  [[nodiscard]] Table head(Index count) const;

 private:
  std::vector<Column> columns_;
};

/// A table that belongs to somebody else, or a data set as one of two columns. It must stay where
/// it is.
class TableView {
 public:
  struct Column {
    std::string name;
    const Tensor* values;
  };

  TableView() = default;  ///< of nothing: no columns
  TableView(const Table& table);
  TableView(const Dataset& data);
  // The data are read later: give them a name.
  TableView(const Table&& table) = delete;
  TableView(const Dataset&& data) = delete;

  [[nodiscard]] bool empty() const { return columns_.empty(); }
  [[nodiscard]] Index count() const;
  [[nodiscard]] bool has(std::string_view name) const { return find(name) != nullptr; }
  /// Throws as Table's does.
  [[nodiscard]] const Tensor& operator[](std::string_view name) const;
  [[nodiscard]] const std::vector<Column>& columns() const { return columns_; }
  [[nodiscard]] Table rows(std::span<const Index> rows) const;

 private:
  [[nodiscard]] const Tensor* find(std::string_view name) const;

  std::vector<Column> columns_;
};

/// Throws ValueError for the first NaN or infinity in a real column, naming it and the row.
void require_finite(const TableView& table);

}  // namespace dtheta::nn
