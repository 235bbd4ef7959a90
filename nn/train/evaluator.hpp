#pragma once

#include <memory>
#include <vector>

#include "autodiff/tensor.hpp"
#include "nn/data/dataset.hpp"
#include "nn/data/table.hpp"
#include "nn/model_ref.hpp"
#include "nn/train/evaluation.hpp"

namespace dtheta::nn {

struct EvaluatorOptions {
  DType inputs = DType::float32;  ///< int64 for indices, such as token ids
  Index batch_size = 256;         ///< examples that are computed at once
};

/// Runs a network forward, batch by batch in float32, as it is in use: without dropout.
class Evaluator {
 public:
  /// Of `model`, with the parameters it has now, for examples of the given shape, which is without
  /// the axis of the batch. `model` must stay where it is.
  Evaluator(ModelView model, const Shape& example, const EvaluatorOptions& options = {});

  /// The outputs for inputs (examples, ...), float32. Throws ShapeError when they do not fit.
  [[nodiscard]] Tensor predict(const Tensor& inputs);

  /// The share of examples whose class is told right; see metric::accuracy.
  [[nodiscard]] double accuracy(const Dataset& data, double threshold = 0);

 private:
  ModelView model_;
  // The evaluation looks at the table, and the weights at their values: both stay where they are.
  std::unique_ptr<Table> like_;
  std::vector<Tensor> values_;
  std::vector<detail::NamedWeights> weights_;
  detail::Evaluation evaluation_;
};

}  // namespace dtheta::nn
