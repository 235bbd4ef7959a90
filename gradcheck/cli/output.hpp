#pragma once

#include <string>
#include <vector>

namespace dtheta::gradcheck::cli {

/// What the programs exit with.
enum ExitStatus : int { passed = 0, wrong_gradient = 1, bad_request = 2, inconclusive = 3 };

/// Writes a file that appears only when it is complete; "-" is standard output.
void write_file(const std::string& file, const std::string& text);

/// Throws std::system_error when something that was printed did not arrive, on a full disk say.
void flush_standard_output();

/// The words of a command line after the command's name.
using Words = std::vector<std::string>;

}  // namespace dtheta::gradcheck::cli
