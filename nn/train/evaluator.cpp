#include "nn/train/evaluator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "autodiff/errors.hpp"
#include "nn/data/batches.hpp"
#include "nn/train/batch_shape.hpp"

namespace dtheta::nn {
namespace {

bool is_right(std::span<const float> outputs, Index label, double threshold) {
  if (outputs.size() == 1) {
    return !std::isnan(outputs[0]) && (static_cast<double>(outputs[0]) > threshold) == (label == 1);
  }
  const auto largest = std::ranges::max_element(outputs);
  return largest - outputs.begin() == label && !std::isnan(*largest);
}

}  // namespace

Evaluator::Evaluator(ModelView model, const Shape& example, Index batch_size) {
  Recording recording(tape_, model.fields(), Mode::evaluate);
  input_ = tape_.leaf(Tensor(detail::batch_of(example, batch_size), DType::float32), "input");
  output_ = model.forward(recording, input_);
  if (output_.rank() < 1 || output_.shape()[0] != batch_size) {
    throw ShapeError(fmt::format("evaluator: the output {} is not one for each of {} examples",
                                 to_string(output_.shape()), batch_size));
  }
  parameters_ = recording.parameters();
  parameters_.insert(parameters_.end(), recording.frozen().begin(), recording.frozen().end());
  buffers_ = recording.buffers();
  workspace_.emplace(Plan{output_});
}

void Evaluator::set_leaf(Var leaf, const std::string& name, std::span<const float> value) {
  const std::span<float> to = workspace_->leaf(leaf);
  if (to.size() != value.size()) {
    throw ShapeError(
        fmt::format("evaluator: {} has {} elements, not {}", name, to.size(), value.size()));
  }
  std::ranges::copy(value, to.begin());
}

void Evaluator::set(const Parameter& parameter, std::span<const float> value) {
  const auto at = std::ranges::find(parameters_, &parameter, &RecordedParameter::source);
  if (at == parameters_.end()) {
    throw StateError(fmt::format("evaluator: {} is not of this model", parameter.name()));
  }
  set_leaf(at->var, at->name, value);
}

void Evaluator::set(const Buffer& buffer, std::span<const float> value) {
  const auto at = std::ranges::find(buffers_, &buffer, &RecordedBuffer::source);
  if (at == buffers_.end()) throw StateError("evaluator: a buffer is not of this model");
  set_leaf(at->var, at->name, value);
}

Tensor Evaluator::predict(const Tensor& inputs) {
  const Index count = detail::require_examples("evaluator", inputs, input_.shape());
  const Index batch = input_.shape()[0];
  const Tensor converted = inputs.dtype() == DType::float32 ? Tensor() : inputs.to(DType::float32);
  const Tensor& source = inputs.dtype() == DType::float32 ? inputs : converted;
  Tensor outputs(detail::with_count(output_.shape(), count), DType::float32);
  std::vector<Index> rows(static_cast<std::size_t>(batch));
  const auto in_width = static_cast<std::size_t>(input_.size() / batch);
  const auto out_width = static_cast<std::size_t>(output_.size() / batch);
  for (Index start = 0; start < count; start += batch) {
    // The last batch may fill a part only: what is behind is computed again, and left there.
    const auto size = static_cast<std::size_t>(std::min(batch, count - start));
    std::iota(rows.begin(), rows.end(), start);
    gather_rows(source, std::span(rows).first(size),
                workspace_->leaf(input_).first(size * in_width));
    workspace_->run();
    std::ranges::copy((*workspace_)[output_].first(size * out_width),
                      outputs.data<float>().begin() + start * static_cast<Index>(out_width));
  }
  return outputs;
}

double Evaluator::accuracy(const Dataset& data, double threshold) {
  const Index classes = output_.size() / output_.shape()[0];
  require_valid(data, classes == 1 ? 2 : classes);
  const Tensor outputs = predict(data.inputs);
  const auto count = static_cast<std::size_t>(data.count());
  const auto width = static_cast<std::size_t>(classes);
  Index right = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::span<const float> row = outputs.data<float>().subspan(i * width, width);
    right += is_right(row, data.labels.data<Index>()[i], threshold) ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(count);
}

}  // namespace dtheta::nn
