#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"
#include "nn/data/batches.hpp"
#include "nn/data/dataset.hpp"
#include "nn/loss.hpp"
#include "nn/model_cost.hpp"
#include "nn/model_ref.hpp"
#include "nn/optimizer.hpp"
#include "nn/train/evaluator.hpp"

namespace dtheta::nn {

class Trainer;

/// Something to be run before chosen training steps, once the batch is in place: a gradient check,
/// say. It can look at everything and change nothing, so that training is the same, bit for bit,
/// with it and without. None unless asked for: checks are for debugging.
struct StepHook {
  std::function<bool(Index step)> at{};
  std::function<void(const Trainer& trainer)> run{};
  /// Run after the same steps, while `step` is still theirs: the parameters have moved, and the
  /// gradient that moved them is in the workspace, under the Vars of RecordedStep::gradients.
  std::function<void(const Trainer& trainer)> after{};
};

struct TrainerOptions {
  Index batch_size = 64;
  /// Over classes, or binary for a network of one output.
  Loss loss = Loss::cross_entropy_with_logits;
  /// Their m is the number of training examples: over an epoch, batches average to the cost of all.
  std::vector<Regularizer> regularizers{};
  Optimizer optimizer = Sgd{};
  /// Clips the gradient by its norm when set.
  std::optional<double> max_gradient_norm{};
  /// The learning rate of each step, from 0; without it, that of the optimiser.
  std::function<double(Index step)> learning_rate{};
  /// Decides the order of the examples.
  std::uint64_t seed = 0;
  StepHook hook{};
  /// Shows a progress bar on stderr when that is a terminal.
  bool progress = true;
};

/// What came of one pass over the training examples.
struct EpochReport {
  int epoch = 0;  ///< from 1
  Index steps = 0;
  double cost = 0;  ///< the mean over the batches, each before its step
  double seconds = 0;
};

/// A training step as it stands on its tape.
struct RecordedStep {
  RecordedCost cost;
  std::vector<Var> gradients;  ///< of cost.parameters, in their order, before any clipping
  OptimizerStep optimizer;
};

/// Trains a network: records one step for a batch, compiles it, and replays it in float32 for each
/// batch, with subnormal numbers taken as zero (nn/train/flush_subnormals.hpp). Examples that do
/// not fill a batch sit out the epoch; shuffling changes which.
///
/// The parameters live in the trainer's workspace meanwhile and go back to the model with `store`,
/// which `fit` does at its end. The model and the data must stay where they are: where the model is
/// gone or has been moved, what needs it throws StateError.
class Trainer {
 public:
  /// Throws what require_valid does for the data, ShapeError when they do not fit the model or its
  /// output is not (batch, classes), or (batch, 1) for a binary loss, and ValueError for other
  /// losses.
  Trainer(ModelRef model, const Dataset& train, TrainerOptions options);
  /// The data are read while it trains: give them a name.
  Trainer(ModelRef model, const Dataset&& train, TrainerOptions options) = delete;

  /// Trains for some epochs, then stores the parameters. `after_epoch` is called after each.
  void fit(int epochs, const std::function<void(const EpochReport&)>& after_epoch = {});
  /// One epoch; parameters are not stored.
  EpochReport run_epoch();
  /// Copies the parameters into the model.
  void store();
  /// The accuracy on other data with the parameters of now.
  [[nodiscard]] double accuracy(const Dataset& data);

  /// Steps done so far: the number of the step to come, and the step that its dropout draws for.
  [[nodiscard]] Index step() const { return step_; }
  [[nodiscard]] const RecordedStep& recorded() const { return recorded_; }
  /// What the next run of the recorded step starts from; see `leaves`.
  [[nodiscard]] const Workspace<float>& workspace() const { return *workspace_; }
  /// All that the cost depends on: the batch, the step, the parameters. For a replay of one's own,
  ///   for (Var leaf : trainer.leaves()) mine.set(leaf, trainer.workspace().tensor(leaf));
  /// as far as that plan needs them.
  [[nodiscard]] std::vector<Var> leaves() const;

 private:
  void record();
  [[nodiscard]] const ModelRef& model() const;
  [[nodiscard]] Tensor zero_targets() const;
  void load(std::span<const Index> rows);
  double run_step(std::span<const Index> rows);

  ModelRef model_;
  const Dataset& train_;
  TrainerOptions options_;
  Tensor converted_;  // the inputs, when they are not float32 already
  Batches batches_;
  Tape tape_{DType::float32};
  Var dropout_step_ = tape_.step();
  RecordedStep recorded_;
  std::optional<Workspace<float>> workspace_;
  std::optional<Evaluator> evaluator_;
  Index step_ = 0;
  int epoch_ = 0;
};

}  // namespace dtheta::nn
