#pragma once

#include <functional>

#include "gradcheck/cli/formats.hpp"
#include "gradcheck/cli/progress_bar.hpp"

namespace dtheta::gradcheck::cli {

/// Prints the table, writes the files, and says what to exit with. `threshold`: of the textbook's
/// sentence.
int deliver(const CheckedCost& check, const Outputs& outputs, double threshold = 1e-7);

/// The same of one probe.
int deliver(const ProbeReplay& replay, const Outputs& outputs);

/// Shows progress in a bar, and stops a check when Ctrl-C was pressed.
std::function<bool(const Progress&)> watch_with(ProgressBar& bar);

}  // namespace dtheta::gradcheck::cli
