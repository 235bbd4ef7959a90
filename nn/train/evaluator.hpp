#pragma once

#include <optional>
#include <vector>

#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"
#include "nn/data/dataset.hpp"
#include "nn/model_ref.hpp"

namespace dtheta::nn {

/// Runs a network forward, batch by batch in float32, as it is in use: without dropout.
class Evaluator {
 public:
  /// Compiles `model`, with the parameters it has now, for examples of the given shape, which is
  /// without the axis of the batch. `model` must stay where it is.
  Evaluator(ModelView model, const Shape& example, Index batch_size = 256);

  /// Replaces a parameter of the model, here and not there. Throws StateError when the model has no
  /// such parameter.
  void set(const Parameter& parameter, std::span<const float> value);
  void set(const Buffer& buffer, std::span<const float> value);

  /// The outputs for inputs (examples, ...), float32. Throws ShapeError when they do not fit.
  [[nodiscard]] Tensor predict(const Tensor& inputs);

  /// The share of examples whose class is told right: the one with the largest output or, when
  /// there is but one output, 1 where it is above `threshold`. NaN is never right.
  [[nodiscard]] double accuracy(const Dataset& data, double threshold = 0);

 private:
  void set_leaf(Var leaf, const std::string& name, std::span<const float> value);

  Tape tape_{DType::float32};
  std::vector<RecordedParameter> parameters_;
  std::vector<RecordedBuffer> buffers_;
  Var input_, output_;
  std::optional<Workspace<float>> workspace_;
};

}  // namespace dtheta::nn
