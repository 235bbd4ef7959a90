#include "nn/train/evaluator.hpp"

#include <span>
#include <vector>

#include "autodiff/errors.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "nn/data/batch_shape.hpp"
#include "nn/train/metric.hpp"

namespace dtheta::nn {
namespace {

/// What the model says; its sum stands for a cost, which no plan here computes.
BatchCost outputs_of(const ModelView& model) {
  return [model](Recording& r, const RecordedBatch& batch) -> CostAndOutput {
    const Var output = model.forward(r, batch[input_column]);
    return {sum(output), output};
  };
}

}  // namespace

Evaluator::Evaluator(ModelView model, const Shape& example, const EvaluatorOptions& options)
    : model_(model),
      like_(std::make_unique<Table>()),
      evaluation_(model, outputs_of(model),
                  like_->add(input_column, Tensor(detail::batch_of(example, 1), options.inputs)),
                  {.who = "evaluator", .batch_size = options.batch_size}) {
  const ModelFields fields = model.fields();
  const auto take = [&](const auto& members) {
    for (const auto& m : members) {
      values_.push_back(m.member->value.to(DType::float32));
      weights_.push_back({m.path, m.member->value.shape(), {}});
    }
  };
  take(fields.parameters);
  take(fields.buffers);
  for (std::size_t i = 0; i < values_.size(); ++i) weights_[i].values = values_[i].data<float>();
}

Tensor Evaluator::predict(const Tensor& inputs) {
  model_.require_there("evaluator");
  Table data;
  data.add(input_column, inputs);
  return evaluation_.predict(data, weights_);
}

double Evaluator::accuracy(const Dataset& data, double threshold) {
  const Tensor outputs = predict(data.inputs);
  const Index classes = outputs.shape()[outputs.shape().rank() - 1];
  require_valid(data, classes == 1 ? 2 : classes);
  const Metric metric = metric::accuracy(threshold);
  std::vector<double> sums;
  metric.add(outputs, {{target_column, data.labels}}, sums);
  return metric.value(sums);
}

}  // namespace dtheta::nn
