#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "gradcheck/difference.hpp"
#include "gradcheck/jacobian/cause.hpp"
#include "gradcheck/parameter_vector.hpp"
#include "gradcheck/result.hpp"

namespace dtheta::gradcheck {

/// One entry of a Jacobian with both derivatives.
struct JacobianEntry {
  std::size_t row = 0;     ///< which output
  std::size_t column = 0;  ///< which input, or coordinate of a tangent
  Key output;              ///< block and multi-index
  Key input;
  double analytic = 0.0;
  double numeric = 0.0;
  double bar = 0.0;   ///< the numeric derivative is believed to be off by no more than this
  double step = 0.0;  ///< how far the input was moved
  Verdict verdict = Verdict::pass;
  bool corner = false;   ///< f has a corner here; the entry was held against the two slopes
  std::string replay{};  ///< the call that shows this probe again; only where it accuses

  /// |analytic − numeric|.
  double error() const;
  /// error() / bar: above 1 the two contradict each other.
  double z() const;
};

/// "r[2] by pose[1]".
std::string place_of(const JacobianEntry& entry);

/// The derivatives of one block of outputs by one block of inputs.
struct JacobianBlock {
  std::string output;
  std::string input;
  std::size_t first_row = 0, rows = 0;
  std::size_t first_column = 0, columns = 0;
  std::size_t entries = 0;  ///< of the pattern
  Difference difference;    ///< of this block alone
  Verdict verdict = Verdict::pass;
  /// As BlockResult::detectable, each row by itself: the largest part of a row's largest derivative
  /// in this block by which one of its entries may be wrong unseen.
  double detectable = 0.0;
  std::size_t failed = 0;
  std::size_t inconclusive = 0;
  std::size_t corners = 0;
  std::size_t excused = 0;              ///< open ones at known corners, not held against the block
  std::vector<JacobianEntry> worst;     ///< worst first
  std::vector<JacobianCause> causes{};  ///< likeliest first; empty unless it fails
};

/// A block of outputs by all inputs, or all outputs by a block of inputs.
struct JacobianSide {
  std::string name;
  std::size_t first = 0, size = 0;
  Verdict verdict = Verdict::pass;
  std::size_t failed = 0;
  std::size_t inconclusive = 0;
};

/// A derivative that is not zero where the pattern has no entry.
struct OutsideEntry {
  std::size_t row = 0;
  std::size_t column = 0;
  Key output;
  Key input;
  double numeric = 0.0;
  double bar = 0.0;
};

/// What a check of a Jacobian found. True in a condition if and only if the verdict is pass.
struct JacobianResult {
  std::string subject = "Jacobian";  ///< what was checked: "Jacobian", "Hessian", ...
  Verdict verdict = Verdict::inconclusive;
  std::size_t rows = 0, columns = 0;
  bool dense = true;
  std::size_t colours = 0;  ///< columns that were moved one after the other; n for a dense one
  Difference difference;    ///< over every entry that was checked
  double tolerance = 0.0;
  std::vector<double> values;         ///< f(x)
  std::vector<double> noise;          ///< of one evaluation, by output
  std::vector<JacobianBlock> blocks;  ///< by output block, and within it by input block
  std::vector<JacobianSide> outputs;  ///< by output block
  std::vector<JacobianSide> inputs;   ///< by input block
  std::vector<OutsideEntry> outside;  ///< dependences outside of the pattern
  /// By rows: entry (i, j) of a dense one at i·n + j; of a sparse one, the entries of the pattern.
  std::vector<double> analytic, numeric, bar;
  std::size_t evaluations = 0;  ///< of f
  bool deterministic = true;    ///< f(x) had the same bits each time
  bool complete = true;         ///< false: stopped by the progress callback
  std::vector<std::string> notes;
  std::vector<JacobianCause> causes{};  ///< over all blocks, likeliest first

  explicit operator bool() const noexcept { return verdict == Verdict::pass; }

  /// One block. Throws NameError if there is none.
  const JacobianBlock& block(std::string_view output, std::string_view input) const;

  /// The worst entries of all blocks together, worst first.
  std::vector<JacobianEntry> worst() const;
};

/// Prints the report without colour.
std::ostream& operator<<(std::ostream& out, const JacobianResult& result);

}  // namespace dtheta::gradcheck
