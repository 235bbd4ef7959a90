#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace dtheta::nn::detail {

/// One field of a file of comma-separated values, and where it begins, counted from 1.
struct CsvField {
  std::string text{};
  bool quoted = false;
  std::size_t line = 1, column = 1;  ///< the column in bytes
};

/// "data.csv: line 3, column 7: " and the rule.
[[noreturn]] void fail_csv(const std::string& file, const CsvField& at, const std::string& rule);

/// Takes a text apart as RFC 4180 says: records end with a line, fields with the separator; a field
/// in double quotes may have both in it, and a quote as two. Lines that are empty are no records.
/// Throws DataError for a quote that is never closed and for text behind one that was.
[[nodiscard]] std::vector<std::vector<CsvField>> split_csv(const std::string& file,
                                                           std::string_view text, char separator);

}  // namespace dtheta::nn::detail
