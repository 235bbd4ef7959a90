#pragma once

#include "autodiff/kernels/window.hpp"
#include "gradcheck/bridge/probes/change.hpp"
#include "gradcheck/bridge/probes/recurrent_probes.hpp"

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
  Rule elementwise_at_block(std::uint32_t node);
  Rule affine(std::uint32_t node);
  Rule affine_of_block(std::uint32_t node, const Change& c);
  Rule matmul(std::uint32_t node);
  Rule sum(std::uint32_t node);
  Rule view(std::uint32_t node);
  Rule convolution(std::uint32_t node);
  struct Filtering;
  [[nodiscard]] std::optional<Filtering> as_filtering(std::uint32_t node) const;
  Rule filter_element(std::uint32_t node, const Filtering& f);
  Rule moved_channel(std::uint32_t node, Var moved, Var at);
  Var met_by_filters(std::uint32_t node, const Filtering& f);
  Rule filtered_channel(std::uint32_t node, const Filtering& f);
  Rule filtered_group(std::uint32_t node, const Filtering& f);
  Rule pooling(std::uint32_t node);
  Rule channels(std::uint32_t node);
  Rule standardize(std::uint32_t node);
  Rule slice(std::uint32_t node);
  Rule element_of_slice(std::uint32_t node);
  Rule permute(std::uint32_t node);
  Rule softmax(std::uint32_t node);
  Rule matmul_of_slice(std::uint32_t node);
  struct Recurrent;
  [[nodiscard]] std::optional<Recurrent> as_recurrent(std::uint32_t node) const;
  RecurrentAtTheta recurrent_at_theta(std::uint32_t node, const Recurrent& layer);
  Rule recurrent(std::uint32_t node);
  Rule view_of_slice(std::uint32_t node);
  Rule view_of_dense(std::uint32_t node);
  Rule split(std::uint32_t node, const Change& c, int axis);
  Var along(const Node& record, const Change& c, int axis);
  Rule cross_entropy(std::uint32_t node);
  Rule lookup(std::uint32_t node);
  Rule concat(std::uint32_t node);
  Rule slice_beside(std::uint32_t node, int axis);
  struct SharedWeight;
  std::optional<SharedWeight> as_shared(std::uint32_t node);
  Rule shared_weight(std::uint32_t node);
  Var along_axis(Var v, int rank, int axis);
  Rule batched(std::uint32_t node);

  /// The values at θ, on the program's tape: an input where they depend on θ, else a constant.
  Var base(std::uint32_t node);
  /// The position of each probe along one axis of a value of `shape` that is indexed flat.
  Var position_along(const Shape& shape, int axis);
  /// In a value of so many elements: the leaf, or a part of it that has its elements.
  Var flat_position(Index size) { return position_input({1, size}); }
  Var position_input(const PlaceOfProbe& place);
  /// How such an input follows from the probe's position.
  [[nodiscard]] std::optional<PlaceOfProbe> place_of(Var at) const;
  /// Of a slice of an axis of `size`: in which run of `width` places it lies. Nothing where its
  /// place is no plain one.
  [[nodiscard]] std::optional<PlaceOfProbe> place_of_part(const Change& c, Index size,
                                                          Index width) const;
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

/// Elements that a value may have which is written out for all probes together.
inline constexpr Index largest_dense = Index{1} << 22;

/// (size, shape).
[[nodiscard]] Shape behind(Index size, const Shape& shape);

/// The dimensions of `shape` with `axis` taken out, behind a leading one if that is positive.
[[nodiscard]] Shape without_axis(const Shape& shape, int axis, Index leading = 0);

/// The op of a record, applied to other operands.
[[nodiscard]] Var reapply(const Node& node, std::span<const Var> in);

}  // namespace dtheta::gradcheck
