#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "gradcheck/jacobian/judge/probe_table.hpp"
#include "gradcheck/jacobian/matrix.hpp"
#include "gradcheck/judge/finding.hpp"
#include "gradcheck/judge/selection.hpp"
#include "gradcheck/parameter_vector.hpp"

namespace dtheta::gradcheck::detail {

/// Everything the numeric side needs to judge a Jacobian.
struct JacobianRequest {
  ProbeTable& table;
  const ParameterVector& x;
  const RowMatrix& jacobian;
  std::span<const Block> outputs;
  std::span<const Block> inputs;  ///< those to check
  double tolerance = 0.0;
  double roundoff = 0.0;          ///< of the Jacobian's arithmetic
  std::span<const double> noise;  ///< by output: a known lower bound
  /// Called with the number of entries judged so far; false stops.
  std::function<bool(std::size_t)> proceed;
  /// Of JacobianOptions::known_corners; only the assembly of a result asks for them.
  std::span<const EntryRange> corner_inputs{}, corner_outputs{};
};

/// f_row moves with an input of which the pattern knows nothing.
struct Trespass {
  std::size_t row = 0;
  std::size_t column = 0;
  double numeric = 0.0;
  double bar = 0.0;
};

/// One finding per entry of the pattern.
struct JacobianFindings {
  std::vector<Finding> entries;
  std::vector<double> reference;  ///< by entry: of what its error is a part
  std::vector<double> noise;      ///< by output, as measured
  std::vector<Trespass> outside;
  bool complete = true;
};

/// Judges every entry of the chosen inputs as a Search does that of a gradient: an output is a
/// cost, its row the gradient, and the row's part in a block of inputs is a block of it.
JacobianFindings judge_jacobian(const JacobianRequest& request);

}  // namespace dtheta::gradcheck::detail
