#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "gradcheck/report/report_junit.hpp"

namespace dtheta::gradcheck::detail {

/// One suite of a JUnit file, written case by case.
class JunitSuite {
 public:
  JunitSuite(std::string_view name, const JunitStyle& style) : name_(name), style_(style) {}

  /// `message` is one line, `details` all that is known; neither is used for a pass.
  void add(std::string_view test, Verdict verdict, std::string_view message = {},
           std::string_view details = {});

  /// The whole file; `output` is what the suite has to say beside its cases.
  [[nodiscard]] std::string text(std::string_view output = {}) const;

 private:
  std::string name_;
  JunitStyle style_;
  std::string cases_;
  std::size_t count_ = 0, failures_ = 0, skipped_ = 0;
};

}  // namespace dtheta::gradcheck::detail
