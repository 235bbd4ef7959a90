#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "autodiff/tensor.hpp"

namespace dtheta::nn {

struct CsvOptions {
  char separator = ',';
  bool header = true;  ///< the first record names the columns; else they are "0", "1", ...
  /// What stands for a value that is missing, where it is not in quotes.
  std::vector<std::string> missing{"", "NA", "N/A", "NaN", "nan", "?"};
  /// Columns that must be numbers: a text in one is an error with its place, and does not make
  /// categories of the column.
  std::vector<std::string> numbers{};
  /// Columns that are categories though they look like numbers, and the categories whose places are
  /// the codes: those of the training file for another, say. With none they are those found.
  std::map<std::string, std::vector<std::string>, std::less<>> categories{};
};

/// A column of a table in text form.
struct CsvColumn {
  std::string name;
  /// (rows): float64 numbers, NaN where one is missing; or int64 codes, -1 where one is missing.
  Tensor values;
  std::vector<std::string> categories{};  ///< of the codes, in order; none for numbers
  Index missing = 0;

  [[nodiscard]] bool is_categorical() const { return values.dtype() == DType::int64; }
};

/// A file of comma-separated values (RFC 4180), plain or gzip.
class CsvTable {
 public:
  explicit CsvTable(std::vector<CsvColumn> columns) : columns_(std::move(columns)) {}

  [[nodiscard]] const std::vector<CsvColumn>& columns() const { return columns_; }
  [[nodiscard]] Index rows() const;
  /// Throws ValueError, naming the columns there are, where there is none of this name.
  [[nodiscard]] const CsvColumn& operator[](std::string_view name) const;

  /// The rows in which nothing is missing.
  [[nodiscard]] CsvTable complete() const;
  /// float64 (rows, features): numbers as they are, categories one-hot, in the order of the names.
  /// Throws ValueError for what is missing and, as operator[], for a name.
  [[nodiscard]] Tensor features(const std::vector<std::string>& names) const;
  /// The same for all columns but some.
  [[nodiscard]] Tensor features_without(const std::vector<std::string>& names) const;
  /// int64 (rows): the codes of a column of categories, or whole numbers. Throws ValueError for
  /// what is missing or not whole.
  [[nodiscard]] Tensor labels(std::string_view name) const;

 private:
  std::vector<CsvColumn> columns_;
};

/// Reads such a file. A column whose values all are numbers is one of numbers; any other is one of
/// categories, whose codes are their places in alphabetical order. Throws DataError, with line and
/// column, where a record has another number of fields than the first, a text is found among
/// `numbers`, a category is not among those given, two columns have one name, or a quote is not
/// closed; ValueError for an option that names no column.
[[nodiscard]] CsvTable read_csv(const std::string& file, const CsvOptions& options = {});

}  // namespace dtheta::nn
