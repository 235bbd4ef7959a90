#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nn/data/batches.hpp"
#include "nn/data/dataset.hpp"
#include "nn/model_ref.hpp"
#include "nn/schedule.hpp"
#include "nn/train/best_so_far.hpp"
#include "nn/train/evaluation.hpp"
#include "nn/train/state_io.hpp"
#include "nn/train/step/rewind.hpp"
#include "nn/train/step/step_program.hpp"
#include "nn/train/trainer_options.hpp"
#include "nn/train/trainer_state.hpp"

namespace dtheta::nn {

/// Trains a model: records one step for a batch, compiles it, and replays it in float32 for each
/// batch, with subnormal numbers taken as zero (nn/train/flush_subnormals.hpp). Examples that do
/// not fill a batch sit out the epoch; shuffling changes which. What it computes is a function of
/// the model, the data and the options, the same bits with any number of threads, and in a team
/// (TrainerOptions::team) with any number of ranks.
///
///   nn::Trainer trainer(model, data, {.optimizer = nn::Adam{}, .validation_split = 0.1,
///                                     .metrics = {nn::metric::accuracy()}});
///   trainer.fit(20);
///
/// The weights live in the trainer's workspace meanwhile and go to the model with `store`, which
/// `fit` does at its end. In use, for evaluation and by `store`, are those of the last step, or
/// their moving average, or, where early stopping has ended the training, the best. The model and
/// the data must stay where they are: where the model is gone or has been moved, what needs it
/// throws StateError.
class Trainer {
 public:
  /// Throws what require_valid does for a data set, ValueError for columns that are not finite,
  /// labels out of range and settings that cannot be, ShapeError and TypeError where data, model
  /// and cost do not fit, StateError for a model without parameters, not initialised, or with one
  /// that the cost does not use.
  Trainer(ModelRef model, const Dataset& train, TrainerOptions options = {});
  Trainer(ModelRef model, const Table& train, TrainerOptions options = {});
  // The data are read while it trains: give them a name.
  Trainer(ModelRef model, const Dataset&& train, TrainerOptions options) = delete;
  Trainer(ModelRef model, const Table&& train, TrainerOptions options) = delete;

  /// Trains until `epochs` epochs are done, those of a restored training and of calls before
  /// included, unless it ends before that; then stores the weights. `after_epoch` is called after
  /// each, as TrainerOptions::after_epoch is. Throws AnomalyError where the cost is not finite.
  TrainingReport fit(int epochs, const std::function<void(const EpochReport&)>& after_epoch = {});
  /// One epoch, or the rest of it; weights are not stored.
  EpochReport run_epoch();
  /// One step. The last of an epoch also ends it: validates, follows schedules, writes logs.
  StepReport run_step();
  /// Ends `fit` after the step at hand; for callbacks.
  void stop() { asked_to_stop_ = true; }
  /// Copies the weights in use and the buffers into the model.
  void store();

  /// The cost, "cost", and metrics of other data with the weights in use.
  [[nodiscard]] std::vector<NamedValue> evaluate(const TableView& data,
                                                 const std::vector<Metric>& metrics = {});
  /// The outputs of the model, float32, for data that have the columns it looks at.
  [[nodiscard]] Tensor predict(const TableView& data);
  /// The share of other data whose class is told right; see metric::accuracy.
  [[nodiscard]] double accuracy(const Dataset& data);

  /// All that training goes on from. A trainer of an equal model, data and options that restores it
  /// does to the bit what this one does from here on.
  [[nodiscard]] TrainerState state() const;
  /// Throws ValueError, listing all names that are missing, that nothing here is called, and those
  /// with another shape, or naming the setting that differs; then nothing has changed.
  void restore(const TrainerState& state);

  /// Steps done so far: the number of the step to come, and the step that its dropout draws for.
  [[nodiscard]] Index step() const { return step_; }
  /// Epochs that are complete.
  [[nodiscard]] int epoch() const { return static_cast<int>(step_ / batches_.count()); }
  [[nodiscard]] Index steps_per_epoch() const { return batches_.count(); }
  [[nodiscard]] const std::vector<EpochReport>& history() const { return history_; }
  [[nodiscard]] const RecordedStep& recorded() const { return program_->recorded(); }
  /// What the next run of the recorded step starts from; see `leaves`.
  [[nodiscard]] const Workspace<float>& workspace() const { return program_->workspace(); }
  /// All that the cost depends on: the batch, the step, the parameters. For a replay of one's own,
  ///   for (Var leaf : trainer.leaves()) mine.set(leaf, trainer.workspace().tensor(leaf));
  /// as far as that plan needs them.
  [[nodiscard]] std::vector<Var> leaves() const;

 private:
  Trainer(ModelRef model, TableView train, bool is_dataset, TrainerOptions options);
  [[nodiscard]] const ModelRef& model() const;
  [[nodiscard]] Index trained_on() const { return static_cast<Index>(rows_.first.size()); }
  [[nodiscard]] bool leads() const;
  void agree();
  [[nodiscard]] std::uint8_t anywhere(std::uint8_t bits) const;
  StepReport make_step();
  [[nodiscard]] std::span<const Index> rows_of(Index step);
  detail::StepProgram::Outcome compute(Index step, bool hooked);
  detail::StepProgram::Request request_of(Index step, bool hooked);
  Index go_back_to_culprit(Index failed);
  [[noreturn]] void raise_anomaly(Index failed, double cost);
  void end_epoch(const StepReport& last);
  [[nodiscard]] std::vector<NamedValue> validate();
  void judge(const EpochReport& report);
  void save_if_due(bool epoch_ended);
  void finish(TrainingReport& report);
  [[nodiscard]] bool stopped_early() const;
  [[nodiscard]] double current_rate() const;
  [[nodiscard]] std::vector<detail::NamedWeights> weights_in_use() const;
  detail::Evaluation& evaluation();

  ModelRef model_;
  TableView train_;
  TrainerOptions options_;
  BatchCost cost_;
  bool binary_;                                             // labels that are recorded as reals
  std::pair<std::vector<Index>, std::vector<Index>> rows_;  // to train on, to validate
  Batches batches_;
  std::vector<Index> batch_rows_;
  std::optional<detail::StepProgram> program_;
  std::optional<detail::Evaluation> evaluation_;
  detail::Rewind rewind_;

  detail::Settings settings_;
  Index step_ = 0, saved_step_ = -1;
  bool agreed_ = false;  // the ranks have found that they start from the same
  Index shuffled_epoch_ = 0;
  double cost_sum_ = 0, seconds_ = 0;  // of the epoch at hand
  std::vector<EpochReport> history_;
  std::optional<schedule::Plateau> plateau_;  // its rate is a factor
  std::optional<detail::BestSoFar> best_;
  bool asked_to_stop_ = false, failed_ = false, best_in_use_ = false;
};

}  // namespace dtheta::nn
