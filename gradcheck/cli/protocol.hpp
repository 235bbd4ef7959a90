#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "gradcheck/parameter_vector.hpp"

namespace dtheta::gradcheck::cli {

/// The lines that `gradcheck function` and the program under test exchange, one request and one
/// answer at a time; docs/function-protocol.md.

/// What a program may be asked.
enum class Question : std::uint8_t { cost, gradient };

/// A line that is not what the protocol asks for, or an error that the program reports.
class ProtocolError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What a program says of itself before the first request.
struct Hello {
  ParameterVector theta;
  bool has_values = true;    ///< false: at least one block came without values
  bool has_gradient = true;  ///< false: only J can be asked for
};

/// Reads the hello, line by line.
class HelloReader {
 public:
  /// Takes a line; true with the one that ends the hello. Throws ProtocolError.
  bool take(std::string_view line);
  /// How many characters the hello may have by now, when `pending` is the beginning of a line that
  /// has not ended: enough for every number of the blocks announced, and for little else.
  [[nodiscard]] std::size_t allowance(std::string_view pending) const;
  [[nodiscard]] Hello& hello() { return hello_; }

 private:
  void take_block(std::string_view line);

  Hello hello_;
  std::size_t entries_ = 0;  // of all blocks
  std::size_t layer_ = 0;
  bool greeted_ = false;
};

/// The request with its newline; every number is written so that reading it gives the same bits.
void append_request(std::string& text, Question question, std::span<const double> theta);

/// Reads an answer into `out`: J, and after it the gradient if there is room for one. Throws
/// ProtocolError.
void read_answer(std::string_view line, std::span<double> out);

/// A line as an error message shows it: quoted, cut, and without control characters.
std::string in_quotes(std::string_view line);

}  // namespace dtheta::gradcheck::cli
