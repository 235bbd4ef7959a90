#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "autodiff/var.hpp"

/// A plan is what is left of a tape when it is known which of its values are wanted: a program that
/// is run again and again, on other leaves and in other scalars, by a Workspace.
///
/// ```cpp
/// const Plan descent({J, g}, {.updates = {{w, w - 0.25 * g}}});
/// Workspace<float> ws(descent);  // of the values in float, whatever the precision of the tape
/// ws.run();                      // J and g at (3, 4); then w is (1.5, 2)
/// ws.run();
/// const float cost = ws[J][0];  // 6.25
/// ws.leaf(w)[0] = 0;            // another w for the next run
/// ```
namespace dtheta {

namespace detail {
struct Program;
}

/// How a plan is compiled.
struct PlanOptions {
  /// Give the memory of a value to a later one once it is no longer needed. Without this every
  /// value survives a run, which partial replay needs.
  bool reuse_memory = true;
  /// Compute runs of elementwise ops together, tile by tile, and, if memory is reused, products of
  /// matrices together with the sums that they are a term of.
  bool fuse = true;
  /// Leaves that are set less often than a run is made: what depends on them and on constants alone
  /// is computed by Workspace::settle and not by a run.
  std::vector<Var> settled{};
  /// State carried from run to run: after each run the leaf (first) takes the value (second), which
  /// must have its shape. A training step is the update of its parameters.
  std::vector<std::pair<Var, Var>> updates{};
};

/// An immutable program for chosen outputs of a tape: what they do not need is left out, common
/// subexpressions are merged, constants are folded, elementwise runs fused, memory assigned.
///
/// It owns everything it needs and outlives the tape; copies share it, across threads too. Vars of
/// the tape go on naming its leaves and outputs. Run it with a Workspace.
class Plan {
 public:
  /// Throws StateError where there are neither outputs nor updates, for outputs of several tapes
  /// and for updates of something else than a leaf.
  explicit Plan(std::span<const Var> outputs, const PlanOptions& options = {});
  explicit Plan(std::initializer_list<Var> outputs, const PlanOptions& options = {})
      : Plan(std::span(outputs.begin(), outputs.size()), options) {}

  /// Instructions executed by one run, a fused group counting as one.
  [[nodiscard]] std::size_t step_count() const;
  /// Ops executed by one run.
  [[nodiscard]] std::size_t op_count() const;
  /// Whether the outputs depend on this leaf. One they do not depend on cannot be set.
  [[nodiscard]] bool has_leaf(Var x) const;
  /// Whether this value is computed on the way to the outputs.
  [[nodiscard]] bool computes(Var v) const;
  /// Whether it is still there after a run, to be read from a workspace: an output is.
  [[nodiscard]] bool keeps(Var v) const;
  /// Real elements of memory that one workspace holds.
  [[nodiscard]] Index memory_elements() const;

  /// Throws StateError once the plan has been moved from, as all of the above do.
  [[nodiscard]] const detail::Program& program() const;

 private:
  std::shared_ptr<const detail::Program> program_;
};

}  // namespace dtheta
