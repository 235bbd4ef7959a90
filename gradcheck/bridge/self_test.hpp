#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "autodiff/op.hpp"
#include "gradcheck/bridge/ops/edges/edge.hpp"
#include "gradcheck/result.hpp"

namespace dtheta::gradcheck {

/// One thing found wrong with an op.
struct OpFailure {
  std::size_t sample = 0;      // its number in the op's list of samples
  std::string shapes;          // of the sample's operands
  std::string what;            // what disagrees with what, where, and by how much
  std::optional<Edge> edge{};  // whose draws it was found on, if not on the sample itself
  std::string replay{};        // what to run to see it again, if whoever asked for the test says so
};

/// What the self-test of an op found. True in a condition if nothing failed.
struct OpReport {
  std::string op;
  std::size_t cases = 0;
  double difference = 0;         // worst over all cases: double gradient against a quad difference
  double quad_difference = 0;    // worst: quad gradient against a quad difference
  double second_difference = 0;  // worst: quad second derivative against a quad difference
  double float_ulps = 0;         // worst: float value against double, see OpTolerances
  EdgeCells edges;               // draws of each kind, see Edge
  std::vector<OpFailure> failures;

  explicit operator bool() const noexcept { return failures.empty(); }
};

/// How closely the derivatives of an op must agree.
struct OpTolerances {
  /// Double gradient against quad difference, relative to the sum of norms: the rounding of the
  /// rule's own few operations.
  double gradient = 1e-14;
  /// Quad derivative against quad difference: 1e-29 at scale one (wide_difference.hpp), with room
  /// for the higher derivatives of the functions in use.
  double quad = 1e-20;
  /// Float value against double value: sum of |c (y_float - y_double)| in units of 2^-23 times the
  /// larger of sum |c y| and sum |x dL/dx|, the change that rounding the operands makes.
  double float_ulps = 8;
  /// Also at the edges: infinities, NaN, the whole range of a scalar (kind 8 below).
  bool edges = true;
};

/// Tests an op on all of its samples:
///   1. its gradient against differences, in double by the adaptive method and in quad;
///   2. its gradient in double against that in quad;
///   3. its second derivative against differences, in quad;
///   4. forward mode against reverse mode, in quad;
///   5. replay against recording and partial against full replay, bit for bit;
///   6. its value in float against double;
///   7. its rule for a leading axis, if it has one, against item by item;
///   8. at points of every kind of Edge.
/// At samples on a corner the gradient must lie between the one-sided slopes.
[[nodiscard]] OpReport self_test(const OpRecord& op, const OpTolerances& tolerances = {});

/// The same on one of its samples. Throws std::invalid_argument if it has no such sample.
[[nodiscard]] OpReport self_test_case(const OpRecord& op, std::size_t number,
                                      const OpTolerances& tolerances = {});

/// The draws of every kind of Edge alone, around all samples.
[[nodiscard]] OpReport edge_test(const OpRecord& op);

/// Of an op that is not in the list: at its edges only if asked, as edge_test(record_of<O>) does
/// alone. To be right from 1e-300 to 1e300 and at infinity is more than most ops promise.
template <Op O>
[[nodiscard]] OpReport self_test(OpTolerances tolerances = {.edges = false}) {
  return self_test(record_of<O>, tolerances);
}

/// One line, and below it the failures.
std::ostream& operator<<(std::ostream& out, const OpReport& report);

}  // namespace dtheta::gradcheck
