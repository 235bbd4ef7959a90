#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nn/cost.hpp"
#include "nn/data/table.hpp"
#include "nn/loss.hpp"
#include "nn/model_ref.hpp"

namespace dtheta::nn {

/// A batch as it stands on a tape: a leaf for each column of its table.
class RecordedBatch {
 public:
  explicit RecordedBatch(Index count) : count_(count) {}
  void add(std::string column, Var leaf) { columns_.emplace_back(std::move(column), leaf); }

  /// Throws ValueError, naming the columns there are, where there is none of this name.
  [[nodiscard]] Var operator[](std::string_view column) const;
  /// Of examples.
  [[nodiscard]] Index count() const { return count_; }
  [[nodiscard]] const std::vector<std::pair<std::string, Var>>& columns() const { return columns_; }

 private:
  Index count_;
  std::vector<std::pair<std::string, Var>> columns_{};
};

/// What a cost function gives back: the cost, a scalar, and what the model said of each example,
/// for metrics and predictions. A Var alone is a cost without output.
struct CostAndOutput {
  Var cost;
  Var output{};
  CostAndOutput(Var c) : cost(c) {}
  CostAndOutput(Var c, Var o) : cost(c), output(o) {}
};

/// Records the cost of a batch, the mean over its examples; `recording` says whether it is for
/// training. Any function of this form can be trained:
///
///   [&](nn::Recording& r, const nn::RecordedBatch& batch) -> nn::CostAndOutput {
///     const Var said = r(model, batch["left"], batch["right"]);
///     return {nn::loss(nn::Loss::huber, said, batch["target"]), said};
///   }
using BatchCost = std::function<CostAndOutput(Recording&, const RecordedBatch&)>;

/// The loss of what a model says of the column "input" against the column "target": for class
/// losses class indices, (examples) or one for each position (examples, time), or probabilities;
/// for all others values of the output's shape. `model` must stay where it is. The cost throws
/// ShapeError or TypeError, saying what would fit, for targets that do not.
[[nodiscard]] BatchCost cost_of(const ModelView& model, Loss loss);

/// What is added to the cost of a batch.
struct BatchCostOptions {
  std::vector<Regularizer> regularizers{};
  Index examples = 0;  ///< the m of the regularisers; 0 for the number in the batch
};

/// Records a cost over a batch. Its columns become leaves. Throws ShapeError where the cost is no
/// scalar or there is no example.
[[nodiscard]] RecordedCost record_cost(Tape& tape, const ModelView& model, const TableView& batch,
                                       const BatchCost& cost, const BatchCostOptions& options = {},
                                       Mode mode = Mode::train);

}  // namespace dtheta::nn
