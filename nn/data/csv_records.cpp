#include "nn/data/csv_records.hpp"

#include <fmt/format.h>

#include <utility>

#include "nn/data/data_error.hpp"

namespace dtheta::nn::detail {
namespace {

class Splitter {
 public:
  Splitter(const std::string& file, std::string_view text, char separator)
      : file_(file), text_(text), separator_(separator) {
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    if (text_.starts_with(byte_order_mark)) at_ = line_start_ = byte_order_mark.size();
  }

  std::vector<std::vector<CsvField>> run() {
    std::vector<std::vector<CsvField>> records;
    while (at_ < text_.size()) {
      if (at_end_of_line()) {
        next_line();
        continue;
      }
      records.push_back(record());
    }
    return records;
  }

 private:
  [[nodiscard]] bool at_end_of_line() const {
    return text_[at_] == '\n' ||
           (text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n');
  }
  void next_line() {
    at_ += text_[at_] == '\r' ? 2 : 1;
    begin_line();
  }
  void begin_line() {
    ++line_;
    line_start_ = at_;
  }

  std::vector<CsvField> record() {
    std::vector<CsvField> fields;
    for (;;) {
      fields.push_back(field());
      if (at_ == text_.size()) return fields;
      if (text_[at_] != separator_) break;
      ++at_;
      if (at_ == text_.size()) {  // a separator at the very end has an empty field behind it
        fields.push_back(here());
        return fields;
      }
    }
    next_line();
    return fields;
  }

  [[nodiscard]] CsvField here() const { return {.line = line_, .column = at_ - line_start_ + 1}; }

  CsvField field() {
    CsvField result = here();
    if (at_ < text_.size() && text_[at_] == '"') {
      result.quoted = true;
      result.text = quoted(result);
      if (at_ < text_.size() && text_[at_] != separator_ && !at_end_of_line()) {
        fail_csv(file_, here(), "text behind the closing quote of a field");
      }
      return result;
    }
    const std::size_t start = at_;
    while (at_ < text_.size() && text_[at_] != separator_ && !at_end_of_line()) ++at_;
    result.text = text_.substr(start, at_ - start);
    return result;
  }

  std::string quoted(const CsvField& opening) {
    std::string result;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') {
        const bool doubled = at_ + 1 < text_.size() && text_[at_ + 1] == '"';
        ++at_;
        if (!doubled) return result;
      }
      result += text_[at_];
      if (text_[at_] == '\n') {
        ++line_;
        line_start_ = at_ + 1;
      }
    }
    fail_csv(file_, opening, "a quote that is never closed");
  }

  const std::string& file_;
  std::string_view text_;
  char separator_;
  std::size_t at_ = 0, line_ = 1, line_start_ = 0;
};

}  // namespace

void fail_csv(const std::string& file, const CsvField& at, const std::string& rule) {
  throw DataError(file, fmt::format("line {}, column {}: {}", at.line, at.column, rule));
}

std::vector<std::vector<CsvField>> split_csv(const std::string& file, std::string_view text,
                                             char separator) {
  return Splitter(file, text, separator).run();
}

}  // namespace dtheta::nn::detail
