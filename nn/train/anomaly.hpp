#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "autodiff/errors.hpp"
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

/// A training that went wrong.
struct Anomaly {
  Index step = 0;    ///< from 0
  int epoch = 0;     ///< from 1
  std::string of{};  ///< "the cost", or what the step made of a weight or of state
  double value = 0;
  std::vector<Index> rows{};  ///< of the batch: examples of the training data
  /// From the first value that was not finite to the one that made a NaN of it; an op whose
  /// operands are finite comes first, or a leaf.
  std::vector<NotFiniteValue> trail{};

  [[nodiscard]] std::string message() const;
};

/// A value that is not finite has stopped a training. The weights are those of before the step.
class AnomalyError : public StateError {
 public:
  explicit AnomalyError(Anomaly anomaly)
      : StateError(anomaly.message()), anomaly_(std::move(anomaly)) {}
  [[nodiscard]] const Anomaly& anomaly() const { return anomaly_; }

 private:
  Anomaly anomaly_;
};

/// A root that is not finite, and why.
struct NotFinite {
  std::size_t root = 0;
  double value = 0;
  std::vector<NotFiniteValue> trail{};  ///< see Anomaly
};

/// Where what is not finite among `roots`, values of one tape, comes from: replays all that they
/// depend on with the leaves that `from` has, and goes back from the first root on the tape that is
/// not finite. None where all are finite. `batch` says which leaves have an axis of examples.
[[nodiscard]] std::optional<NotFinite> find_not_finite(std::span<const Var> roots,
                                                       const Workspace<float>& from,
                                                       std::span<const LayerCall> calls,
                                                       std::span<const Var> batch);

}  // namespace dtheta::nn
