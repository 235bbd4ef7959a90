#pragma once

#include <string>
#include <vector>

namespace dtheta::gradcheck::cli {

/// What the programs exit with.
enum ExitStatus : int { passed = 0, wrong_gradient = 1, bad_request = 2, inconclusive = 3 };

/// Where a command writes. An empty name means not at all; "-" for JSON means standard output,
/// which then carries nothing else.
struct Outputs {
  std::string json;
  std::string html;
  std::string junit;
  [[nodiscard]] bool table() const { return json != "-"; }
  /// Writes each to a file that appears only when it is complete, or to standard output. One that
  /// cannot be written does not keep the others from it: its error is thrown afterwards.
  void write(const std::string& json_text, const std::string& html_text,
             const std::string& junit_text) const;
};

/// Throws std::system_error when something that was printed did not arrive, on a full disk say.
void flush_standard_output();

/// The words of a command line after the command's name.
using Words = std::vector<std::string>;

}  // namespace dtheta::gradcheck::cli
