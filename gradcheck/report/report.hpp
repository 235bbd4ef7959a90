#pragma once

#include <cstdio>
#include <string>

#include "gradcheck/result.hpp"

namespace dtheta::gradcheck {

/// How a report looks.
struct ReportStyle {
  bool colour = false;          ///< terminal colours
  std::size_t components = 10;  ///< how many of the worst components are listed
  std::size_t failures = 3;     ///< of how many failing blocks the worst entry is told in full
};

/// A readable table: verdict and the sentence that says it (headline.hpp), blocks and components
/// worst first, of failures everything that is known and how to see them again, and what could not
/// be seen.
std::string report(const Result& result, const ReportStyle& style = {});

/// The textbook's sentence: "Good, the difference is 1.9e-09" in green up to `threshold`, otherwise
/// "There is a mistake, the difference is ..." in red. The course uses 1e-7 and 2e-7. Of a result
/// that is no pass although its difference is small the sentence says so.
std::string textbook_sentence(const Result& result, double threshold = 1e-7, bool colour = false);
std::string textbook_sentence(double difference, double threshold = 1e-7, bool colour = false);

/// True if what is written to the stream is seen by a person who has not asked for no colour.
bool is_terminal(std::FILE* stream);

}  // namespace dtheta::gradcheck
