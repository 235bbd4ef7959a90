#pragma once

#include <filesystem>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model.hpp"

namespace dtheta::onnx_tests {

/// One directory of test data: a model, what goes in and what must come out.
struct Case {
  std::string name;  // "node/test_abs"
  std::filesystem::path directory;
};
std::ostream& operator<<(std::ostream& out, const Case& c);

/// The cases that are about real numbers and whose expectations hold, in order of their names.
[[nodiscard]] const std::vector<Case>& cases_in_scope();
/// How many others there are.
[[nodiscard]] std::size_t cases_left_out();

/// Why a model is not about what this library does; nothing if it is.
[[nodiscard]] std::optional<std::string> out_of_scope(const Model& model);

/// The tensors of input_0.pb, input_1.pb, ... or output_0.pb, ...
[[nodiscard]] std::vector<Data> read_all(const Case& c, const std::string& kind);

/// Why the library cannot run a case.
struct Lack {
  std::string version;  ///< of ONNX, if only its data have the case
  std::string reason;
  /// Whether the data that are installed must have the case.
  [[nodiscard]] bool is_of_these_data() const;
};

/// The cases that the library has no ops for, and why: the lines of unsupported.txt.
[[nodiscard]] const std::map<std::string, Lack>& unsupported_cases();

}  // namespace dtheta::onnx_tests
