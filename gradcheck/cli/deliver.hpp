#pragma once

#include <functional>
#include <string>

#include "gradcheck/cli/arguments.hpp"
#include "gradcheck/replay.hpp"
#include "gradcheck/report/exhibits.hpp"
#include "gradcheck/report/report_junit.hpp"

namespace dtheta::gradcheck::cli {

/// What is printed and written of a check.
struct Delivery {
  std::string title;        ///< of the page and the suite
  double threshold = 1e-7;  ///< of the textbook's sentence
  JunitStyle junit{};
  /// Measures what the page shows beside the verdict; called only where a page is written.
  std::function<Exhibits()> exhibits{};
};

/// Prints the table, writes the files, and says what to exit with.
int deliver(const Result& result, const Outputs& outputs, const Delivery& delivery);

/// The same of one probe. A page or JUnit file of one probe there is not: throws
/// std::invalid_argument if one is asked for.
int deliver(const ProbeReplay& replay, const Outputs& outputs);

/// Shows progress in a bar, and stops a check when Ctrl-C was pressed.
std::function<bool(const Progress&)> watch_with(ProgressBar& bar);

}  // namespace dtheta::gradcheck::cli
