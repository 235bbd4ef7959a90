#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gradcheck/check.hpp"
#include "gradcheck/jacobian/function.hpp"
#include "gradcheck/jacobian/matrix.hpp"
#include "gradcheck/jacobian/report.hpp"
#include "gradcheck/jacobian/result.hpp"
#include "gradcheck/manifold.hpp"
#include "gradcheck/parameter_vector.hpp"

namespace dtheta::gradcheck {

/// A named block of outputs.
struct OutputBlock {
  std::string name;
  std::vector<std::size_t> shape{};  ///< empty for one number
};

/// What to check and how. The defaults are right for an f computed in double.
struct JacobianOptions {
  /// The outputs, in their order; empty: one block called "f".
  std::vector<OutputBlock> outputs{};
  /// Input blocks that live on a manifold; the Jacobian is by their tangents (manifold.hpp).
  std::vector<ManifoldBlock> manifolds{};
  std::vector<std::string> blocks{};  ///< only these input blocks; empty: all
  /// Relative error of a derivative that must be seen. Unless set: default_tolerance.
  std::optional<double> tolerance{};
  double jacobian_roundoff = 0x1p-53;  ///< unit roundoff of the Jacobian's arithmetic
  std::size_t worst_entries = 5;       ///< how many entries each block keeps
  unsigned threads = 1;                ///< above 1 f is called from several threads at once
  std::function<bool(const Progress&)> progress{};  ///< false stops the check
  JacobianHints hints{};
  /// Blocks or single entries of inputs or outputs ("x[3]", "contact") known to sit on a corner of
  /// f: a derivative by or of them that cannot be decided for that reason does not keep a check
  /// from passing. What f contradicts fails as any other. A name that both have means the input.
  std::vector<std::string> known_corners{};

  /// The tolerance as set, or the default one.
  double held_to() const { return tolerance.value_or(default_tolerance(jacobian_roundoff)); }
};

/// Holds a Jacobian against differences of f, entry by entry, by the law of check(): every output
/// is a cost whose gradient is its row. One set of probes serves a whole column, and of a sparse
/// Jacobian all columns of one colour. x is copied: the caller's values are never written.
/// Where f throws a std::exception away from x it has no value there; at x it passes through.
/// Throws ShapeError for sizes that do not fit, naming both, for a pattern that is malformed, and
/// where f or the Jacobian writes outside of what it was lent; NameError and OptionError for
/// options that cannot be met.
JacobianResult check_jacobian(const VectorFunction& f, const Jacobian& jacobian,
                              const ParameterVector& x, const JacobianOptions& options = {});

/// The same for an x without names: one block called "x".
JacobianResult check_jacobian(const VectorFunction& f, const Jacobian& jacobian,
                              std::span<const double> x, const JacobianOptions& options = {});

}  // namespace dtheta::gradcheck
