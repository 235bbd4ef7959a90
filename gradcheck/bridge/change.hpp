#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"

namespace dtheta::gradcheck {

/// How far the change of one element of a leaf has spread through a value, for K probes at once.
struct Change {
  enum class Extent : std::uint8_t {
    none,     // the value does not depend on the leaf
    element,  // one element, at the flat position of the probe: `value` is (K)
    slice,    // one position along `axis`: `value` is (K, shape without that axis)
    dense,    // anywhere: `value` is (K, shape)
  };
  Extent extent = Extent::none;
  Var value;     // the new elements
  int axis = 0;  // of a slice
  Var at;        // of a slice: the position along the axis of each probe, (K) indices
};

/// A program that evaluates K probes of one leaf at once, by computing only what each one moves.
///
/// Moving one element of a weight matrix moves one column of the layer's result; that column goes
/// through the elementwise ops that follow by itself; the next layer spreads it over all of its
/// units as an outer product. This class walks the recorded cost and writes that computation, for K
/// probes side by side, to a tape of its own. What it writes are ordinary ops, so that the planner
/// fuses and vectorises them like any others.
class ProbeProgram {
 public:
  /// `base` holds the values of a run of `cost` at θ (compiled with reuse_memory and fuse off).
  /// Returns nothing where an op on the way has no rule, or a rule would need too much memory.
  static std::optional<ProbeProgram> build(Var cost, Var leaf, const Workspace<double>& base,
                                           Index probes);

  /// How many probes one run answers.
  [[nodiscard]] Index probes() const { return probes_; }
  [[nodiscard]] const Plan& plan() const { return *plan_; }
  /// The largest number of elements that one probe moves.
  [[nodiscard]] Index widest() const { return widest_; }

  /// Sets probe k of a workspace of the plan: element `position` of the leaf takes `value`.
  void set(Workspace<double>& ws, Index k, Index position, double value) const;
  /// J for each probe after a run, K of them.
  [[nodiscard]] std::span<const double> costs(const Workspace<double>& ws) const {
    return ws[cost_];
  }

 private:
  friend class Propagator;
  /// An index input that follows from the flat position: (position / stride) % size.
  struct PositionInput {
    Var input;
    Index stride;
    Index size;
  };

  std::unique_ptr<Tape> tape_;
  Index probes_ = 0;
  Index widest_ = 0;
  Var values_;  // (K), the new elements
  std::vector<PositionInput> positions_;
  Var cost_;
  std::optional<Plan> plan_;
};

}  // namespace dtheta::gradcheck
