#pragma once

#include "autodiff/kernels/window.hpp"
#include "gradcheck/bridge/probes/change.hpp"

namespace dtheta::gradcheck {

/// Writes the probe program of one leaf: a pass over the records from the leaf to the cost, with
/// one rule for each kind of op. A rule that does not apply returns nothing and the next more
/// general one is tried; the last one spreads every change over the whole value and uses the op's
/// own rule for a leading axis (Op::batch).
class Propagator {
 public:
  Propagator(ProbeProgram& program, Var cost, Var leaf, const Workspace<double>& base,
             std::span<const char> depends);
  /// False where no rule applies to an op on the way.
  bool run();

 private:
  using Rule = std::optional<Change>;

  [[nodiscard]] const Change& change_of(std::uint32_t node) const;
  Change rule_for(std::uint32_t node);
  Rule elementwise(std::uint32_t node);
  Rule elementwise_at_element(std::uint32_t node);
  Rule elementwise_at_slice(std::uint32_t node);
  Rule affine(std::uint32_t node);
  Rule affine_of_block(std::uint32_t node, const Change& c);
  Rule matmul(std::uint32_t node);
  Rule sum(std::uint32_t node);
  Rule view(std::uint32_t node);
  Rule convolution(std::uint32_t node);
  Rule filter_element(std::uint32_t node, const Window& window);
  Rule filtered_channel(std::uint32_t node);
  Rule pooling(std::uint32_t node);
  Rule cross_entropy(std::uint32_t node);
  Rule batched(std::uint32_t node);

  /// The values at θ, on the program's tape: an input where they depend on θ, else a constant.
  Var base(std::uint32_t node);
  /// The position of each probe along one axis of a value of `shape` that is indexed flat.
  Var position_along(const Shape& shape, int axis);
  Var flat_position() { return position_input(1, 0); }
  Var position_input(Index stride, Index size);
  /// The elements of a value at θ where a slice of it changes: (K, shape without the axis).
  Var base_slice(std::uint32_t node, int axis, Var at);
  /// Those where a block changes: (K, shape with `width` along the axis).
  Var base_block(std::uint32_t node, const Change& c);
  /// What changes: new elements less those at θ.
  Var delta(std::uint32_t node, const Change& c);
  /// A changed bias or scale as a slice of the shape it is broadcast to.
  Rule spread(std::uint32_t node, const Change& c, const Shape& to);
  /// The whole value for each probe, (K, shape).
  std::optional<Var> dense(std::uint32_t node, const Change& c);

  [[nodiscard]] const Shape& shape_of(std::uint32_t node) const;
  [[nodiscard]] Index count() const { return program_.probes_; }

  ProbeProgram& program_;
  Tape& from_;
  Tape& to_;
  Var cost_, leaf_;
  const Workspace<double>& base_;
  std::span<const char> depends_;
  std::unordered_map<std::uint32_t, Change> changes_;
  std::unordered_map<std::uint32_t, Var> at_theta_;
};

/// The dimensions of `shape` with `axis` taken out, behind a leading one if that is positive.
[[nodiscard]] Shape without_axis(const Shape& shape, int axis, Index leading = 0);

/// The op of a record, applied to other operands.
[[nodiscard]] Var reapply(const Node& node, std::span<const Var> in);

}  // namespace dtheta::gradcheck
