#include "nn/train/step/batch_cost.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "autodiff/errors.hpp"
#include "autodiff/tape.hpp"

namespace dtheta::nn {
namespace {

/// "int64 (64, 3)"
std::string described(Var v) {
  return fmt::format("{} {}", v.is_index() ? "int64" : "real", to_string(v.shape()));
}

Shape without_last(const Shape& shape) {
  return Shape(shape.dims().first(static_cast<std::size_t>(std::max(shape.rank() - 1, 0))));
}

/// Says what would fit before an op says what does not.
void require_targets(Loss kind, Var output, Var target) {
  const Shape& said = output.shape();
  if (is_over_classes(kind)) {
    if (said.rank() < 1) {
      throw ShapeError(fmt::format("cost: {} needs an output (examples, classes), this one is {}",
                                   to_string(kind), to_string(said)));
    }
    const bool fits =
        target.is_index() ? target.shape() == without_last(said) : target.shape() == said;
    if (fits) return;
    throw ShapeError(
        fmt::format("cost: {} of an output {} takes a class for each, int64 {}, or probabilities "
                    "{}; the targets are {}",
                    to_string(kind), to_string(said), to_string(without_last(said)),
                    to_string(said), described(target)));
  }
  if (target.is_index()) {
    throw TypeError(fmt::format("cost: {} takes real targets, these are {}", to_string(kind),
                                described(target)));
  }
}

}  // namespace

Var RecordedBatch::operator[](std::string_view column) const {
  const auto at = std::ranges::find_if(columns_, [&](const auto& c) { return c.first == column; });
  if (at != columns_.end()) return at->second;
  std::vector<std::string> names;
  for (const auto& c : columns_) names.push_back(c.first);
  throw ValueError(
      fmt::format("batch: there is no column '{}'; there are {}", column, fmt::join(names, ", ")));
}

BatchCost cost_of(const ModelView& model, Loss kind) {
  return [model, kind](Recording& r, const RecordedBatch& batch) -> CostAndOutput {
    const Var output = model.forward(r, batch[input_column]);
    const Var target = batch[target_column];
    require_targets(kind, output, target);
    return {loss(kind, output, target), output};
  };
}

RecordedCost record_cost(Tape& tape, const ModelView& model, const TableView& batch,
                         const BatchCost& cost, const BatchCostOptions& options, Mode mode) {
  const Index count = batch.count();
  if (count < 1) throw ShapeError("record_cost: the batch holds no examples");
  Recording recording(tape, model.fields(), mode);
  RecordedBatch recorded(count);
  RecordedCost r;
  for (const TableView::Column& c : batch.columns()) {
    const Var leaf = tape.leaf(*c.values, c.name);
    recorded.add(c.name, leaf);
    if (c.name == input_column) r.input = leaf;
    if (c.name == target_column) r.target = leaf;
  }
  const CostAndOutput said = cost(recording, recorded);
  if (!said.cost.exists() || said.cost.size() != 1 || said.cost.is_index()) {
    throw ShapeError(fmt::format(
        "record_cost: the cost must be one real number, the cost function recorded {}: take the "
        "mean over the examples",
        said.cost.exists() ? described(said.cost) : std::string("none")));
  }
  r.cost = said.cost;
  r.output = said.output;
  r.columns = recorded.columns();
  complete(r, recording, options.regularizers, options.examples == 0 ? count : options.examples);
  return r;
}

}  // namespace dtheta::nn
