#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "autodiff/workspace.hpp"
#include "nn/recording.hpp"

namespace dtheta::nn {

/// What an op was given when its result was not finite.
struct OperandRange {
  std::string name{};  ///< of the op that made it, or of the leaf
  Shape shape{};
  double lowest = 0, highest = 0;  ///< of the elements that are finite; NaN where none is
  Index nans = 0, infinities = 0;
};

/// A record whose value is not finite.
struct NotFiniteValue {
  std::string op{};    ///< empty for a leaf
  std::string name{};  ///< of a leaf
  std::uint32_t node = 0;
  bool in_derivative = false;  ///< it is part of the gradient, or of the optimiser's step
  std::string layer{};  ///< "encoder.0 (Block)" in which it was recorded, or whose gradient it is
  SourceLocation where{};
  Shape shape{};
  std::vector<Index> at{};         ///< the first such element
  double value = 0;                ///< NaN or an infinity
  Index count = 0;                 ///< of such elements
  std::optional<Index> example{};  ///< in the batch, where the first axis is that of the batch
  std::vector<OperandRange> operands{};

  /// "log (record 12, model.cpp:42) in layer 3 (Head): 2 of 64 elements, the first [3, 1] is nan"
  [[nodiscard]] std::string sentence() const;
};

/// A root that is not finite, and why.
struct NotFinite {
  std::size_t root = 0;
  double value = 0;
  /// From the first value that was not finite to the one that made a NaN of it; an op whose
  /// operands are finite comes first, or a leaf.
  std::vector<NotFiniteValue> trail{};
};

/// Where what is not finite among `roots`, values of one tape, comes from: replays in T (float or
/// double) all that they depend on, with the leaves as `set_leaves` sets them, those of the
/// recording else, and goes back from the first root on the tape that is not finite. None where all
/// are finite. `batch` says which leaves have an axis of examples.
template <class T>
[[nodiscard]] std::optional<NotFinite> find_not_finite(
    std::span<const Var> roots, const std::function<void(Workspace<T>&)>& set_leaves,
    std::span<const LayerCall> calls, std::span<const Var> batch);

}  // namespace dtheta::nn
