#include "nn/data/csv.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "autodiff/errors.hpp"
#include "nn/data/csv_records.hpp"
#include "nn/data/data_error.hpp"
#include "nn/data/files/byte_source.hpp"
#include "nn/data/preprocess.hpp"

namespace dtheta::nn {
namespace {

using Record = std::vector<detail::CsvField>;

std::string whole_text(const std::string& file) {
  const auto source = detail::open_file(file);
  std::string text;
  std::array<std::uint8_t, 1 << 16> chunk{};
  while (const std::size_t got = source->read(chunk)) {
    text.append(reinterpret_cast<const char*>(chunk.data()), got);
  }
  return text;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// A number as C++ writes one, with a sign before it if need be.
std::optional<double> number_of(const detail::CsvField& field) {
  std::string_view text = trimmed(field.text);
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Makes columns of records, all of one length.
class ColumnReader {
 public:
  ColumnReader(const std::string& file, std::span<const Record> records, const CsvOptions& options)
      : file_(file), records_(records), options_(options) {}

  CsvColumn read(std::size_t at, std::string name) const {
    const auto given = options_.categories.find(name);
    if (given != options_.categories.end()) return categories(at, std::move(name), given->second);
    const bool must = std::ranges::find(options_.numbers, name) != options_.numbers.end();
    const auto is_text = [&](const Record& r) { return !is_missing(r[at]) && !number_of(r[at]); };
    const auto text = std::ranges::find_if(records_, is_text);
    if (text == records_.end()) return numbers(at, std::move(name));
    if (!must) return categories(at, std::move(name), {});
    detail::fail_csv(file_, (*text)[at],
                     fmt::format("'{}' in the column '{}' is no number", (*text)[at].text, name));
  }

 private:
  [[nodiscard]] bool is_missing(const detail::CsvField& field) const {
    const auto is_it = [&](const std::string& m) { return m == trimmed(field.text); };
    return !field.quoted && std::ranges::any_of(options_.missing, is_it);
  }
  [[nodiscard]] Shape shape() const { return {static_cast<Index>(records_.size())}; }

  CsvColumn numbers(std::size_t at, std::string name) const {
    CsvColumn column{.name = std::move(name), .values = Tensor(shape())};
    const std::span<double> values = column.values.data<double>();
    for (std::size_t r = 0; r < records_.size(); ++r) {
      const bool missing = is_missing(records_[r][at]);
      values[r] = missing ? std::numeric_limits<double>::quiet_NaN() : *number_of(records_[r][at]);
      column.missing += missing ? 1 : 0;
    }
    return column;
  }

  CsvColumn categories(std::size_t at, std::string name, std::vector<std::string> given) const {
    const bool open = given.empty();
    if (open) {
      std::set<std::string, std::less<>> found;
      for (const Record& r : records_) {
        if (!is_missing(r[at])) found.insert(text_of(r[at]));
      }
      given.assign(found.begin(), found.end());
    }
    std::map<std::string, Index, std::less<>> codes;
    for (const std::string& c : given) codes.emplace(c, static_cast<Index>(codes.size()));
    CsvColumn column{.name = std::move(name), .values = Tensor(shape(), DType::int64)};
    const std::span<Index> values = column.values.data<Index>();
    for (std::size_t r = 0; r < records_.size(); ++r) {
      const detail::CsvField& field = records_[r][at];
      const bool missing = is_missing(field);
      column.missing += missing ? 1 : 0;
      const auto code = missing ? codes.end() : codes.find(text_of(field));
      if (!missing && code == codes.end()) {
        detail::fail_csv(file_, field,
                         fmt::format("'{}' is no category of the column '{}'; there are: {}",
                                     field.text, column.name, fmt::join(given, ", ")));
      }
      values[r] = missing ? -1 : code->second;
    }
    column.categories = std::move(given);
    return column;
  }

  static std::string text_of(const detail::CsvField& field) {
    return field.quoted ? field.text : std::string(trimmed(field.text));
  }

  const std::string& file_;
  std::span<const Record> records_;
  const CsvOptions& options_;
};

std::vector<std::string> names_of(const std::string& file, const Record& first, bool header) {
  std::vector<std::string> names;
  for (const detail::CsvField& field : first) {
    std::string name = header ? std::string(trimmed(field.text)) : std::to_string(names.size());
    if (std::ranges::find(names, name) != names.end()) {
      detail::fail_csv(file, field, fmt::format("two columns have the name '{}'", name));
    }
    names.push_back(std::move(name));
  }
  return names;
}

void require_columns(const std::string& file, const std::vector<std::string>& names,
                     const CsvOptions& options) {
  const auto require = [&](const std::string& name) {
    if (std::ranges::find(names, name) != names.end()) return;
    throw ValueError(fmt::format("read_csv {}: there is no column '{}'; there are: {}", file, name,
                                 fmt::join(names, ", ")));
  };
  for (const std::string& name : options.numbers) require(name);
  for (const auto& [name, categories] : options.categories) require(name);
}

bool is_missing_at(const CsvColumn& column, std::size_t row) {
  return column.is_categorical() ? column.values.data<Index>()[row] < 0
                                 : std::isnan(column.values.data<double>()[row]);
}

void require_complete(const CsvColumn& column) {
  if (column.missing == 0) return;
  std::size_t row = 0;
  while (!is_missing_at(column, row)) ++row;
  throw ValueError(fmt::format(
      "csv: {} {} of the column '{}' {} missing, the first in row {}: take complete() rows, or "
      "leave the column out",
      column.missing, column.missing == 1 ? "value" : "values", column.name,
      column.missing == 1 ? "is" : "are", row));
}

}  // namespace

CsvTable read_csv(const std::string& file, const CsvOptions& options) {
  const std::string text = whole_text(file);
  const std::vector<Record> records = detail::split_csv(file, text, options.separator);
  if (records.empty()) throw DataError(file, "has no records");
  const Record& first = records.front();
  for (const Record& r : records) {
    if (r.size() == first.size()) continue;
    detail::fail_csv(file, r.front(),
                     fmt::format("{} fields, the first record has {}", r.size(), first.size()));
  }
  const std::vector<std::string> names = names_of(file, first, options.header);
  require_columns(file, names, options);
  const ColumnReader reader(file, std::span(records).subspan(options.header ? 1 : 0), options);
  std::vector<CsvColumn> columns;
  for (std::size_t i = 0; i < names.size(); ++i) columns.push_back(reader.read(i, names[i]));
  return CsvTable(std::move(columns));
}

Index CsvTable::rows() const { return columns_.empty() ? 0 : columns_.front().values.size(); }

const CsvColumn& CsvTable::operator[](std::string_view name) const {
  const auto at = std::ranges::find(columns_, name, &CsvColumn::name);
  if (at != columns_.end()) return *at;
  std::vector<std::string_view> names;
  for (const CsvColumn& c : columns_) names.push_back(c.name);
  throw ValueError(
      fmt::format("csv: there is no column '{}'; there are: {}", name, fmt::join(names, ", ")));
}

CsvTable CsvTable::complete() const {
  std::vector<Index> kept;
  for (Index row = 0; row < rows(); ++row) {
    const auto missing = [&](const CsvColumn& c) {
      return is_missing_at(c, static_cast<std::size_t>(row));
    };
    if (std::ranges::none_of(columns_, missing)) kept.push_back(row);
  }
  std::vector<CsvColumn> columns;
  for (const CsvColumn& c : columns_) {
    columns.push_back(
        {.name = c.name, .values = rows_of(c.values, kept), .categories = c.categories});
  }
  return CsvTable(std::move(columns));
}

Tensor CsvTable::features(const std::vector<std::string>& names) const {
  std::vector<Tensor> parts;
  for (const std::string& name : names) {
    const CsvColumn& column = (*this)[name];
    require_complete(column);
    parts.push_back(column.is_categorical()
                        ? one_hot(column.values, static_cast<Index>(column.categories.size()))
                        : column.values.reshaped({rows(), 1}));
  }
  return beside(parts, rows());
}

Tensor CsvTable::features_without(const std::vector<std::string>& names) const {
  for (const std::string& name : names) static_cast<void>((*this)[name]);
  std::vector<std::string> rest;
  for (const CsvColumn& c : columns_) {
    if (std::ranges::find(names, c.name) == names.end()) rest.push_back(c.name);
  }
  return features(rest);
}

Tensor CsvTable::labels(std::string_view name) const {
  const CsvColumn& column = (*this)[name];
  require_complete(column);
  if (column.is_categorical()) return column.values;
  Tensor labels(column.values.shape(), DType::int64);
  const std::span<const double> from = column.values.data<double>();
  for (std::size_t row = 0; row < from.size(); ++row) {
    if (!(std::abs(from[row]) < 0x1p53) || from[row] != std::floor(from[row])) {
      throw ValueError(fmt::format("csv: the label {} in row {} of the column '{}' is not whole",
                                   from[row], row, name));
    }
    labels.data<Index>()[row] = static_cast<Index>(from[row]);
  }
  return labels;
}

}  // namespace dtheta::nn
