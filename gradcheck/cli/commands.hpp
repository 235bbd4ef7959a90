#pragma once

#include "gradcheck/cli/output.hpp"

namespace dtheta::gradcheck::cli {

/// Each command takes the words after its name and returns an exit status. A request that cannot be
/// met is an exception, which `main` reports with status 2.

/// Self-test of the built-in ops.
int run_ops(const Words& words);
/// Gradient check of a network stored in an .npz file.
int run_network(const Words& words);

/// Throws std::invalid_argument unless a number of threads is one that can be had. (The option
/// parser takes -1 for the largest number there is.)
void require_threads(unsigned threads);

}  // namespace dtheta::gradcheck::cli
