#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nn/data/table.hpp"
#include "nn/loss.hpp"
#include "nn/optimizer.hpp"
#include "nn/regularizer.hpp"
#include "nn/train/metric.hpp"
#include "nn/train/reports.hpp"
#include "nn/train/step/batch_cost.hpp"

namespace dtheta::nn {

class Team;
class Trainer;

/// Something to be run before chosen training steps, once the batch is in place: a gradient check,
/// say. It can look at everything and change nothing, so that training is the same, bit for bit,
/// with it and without. None unless asked for: checks are for debugging.
struct StepHook {
  std::function<bool(Index step)> at{};
  std::function<void(const Trainer& trainer)> run{};
  /// Run after the same steps, while `step` is still theirs: the parameters have moved, and the
  /// gradient that moved them is in the workspace, under the Vars of RecordedStep::gradients.
  /// With micro-batches both are of the last one that this rank computes, before whose gradient is
  /// taken in.
  std::function<void(const Trainer& trainer)> after{};
};

/// Parameters that are trained in their own way: those whose path is `path` or begins with it and a
/// dot. A parameter belongs to the group with the longest such path.
struct ParameterGroup {
  std::string path{};
  double rate_factor = 1;                ///< times the learning rate
  std::optional<Optimizer> optimizer{};  ///< in place of that of all others
};

/// Ends the training once a validation metric has not become better for too long.
struct EarlyStopping {
  int patience = 10;                      ///< epochs in a row without a better value that are borne
  double min_change = 0;                  ///< by which a better value must be better
  std::string watch = "validation cost";  ///< or a metric's name
  bool best_weights = true;  ///< in the end the weights and buffers of the best epoch are in use
};

/// Lowers the learning rate once what it watches has stopped falling; as PyTorch's
/// ReduceLROnPlateau, see schedule::Plateau.
struct PlateauSchedule {
  double factor = 0.1;
  int patience = 10;
  double threshold = 1e-4;
  double lowest = 0;  ///< of the factor that has come together
  std::string watch = "validation cost";
};

/// What must be finite, or training stops with an AnomalyError (nn/train/anomaly.hpp).
enum class Finite : std::uint8_t {
  cost,     ///< the cost of each step, which is read anyway
  weights,  ///< also all weights and state after each step: one more pass over them
};

struct TrainerOptions {
  Index batch_size = 64;
  /// A batch is computed in so many parts, one after the other, that need so much less memory; the
  /// gradient, and the next value of a buffer, is the mean of theirs, added up in one fixed tree.
  /// Same as one batch within rounding, but for layers that look at a batch as a whole, such as
  /// batch norm, and that draw masks. Must divide batch_size.
  Index micro_batches = 1;
  /// Who shares the micro-batches (nn/distributed/team.hpp); must be there as long as the trainer.
  /// All ranks make the same calls on trainers that are alike; each computes its part of the
  /// micro-batches, and all have the same bits afterwards, those of one rank. Null: this process
  /// does everything.
  Team* team = nullptr;
  /// Of the model's output for the column "input" against the column "target"; see cost_of.
  Loss loss = Loss::cross_entropy_with_logits;
  /// In place of the loss.
  BatchCost cost{};
  /// Their m is the number of training examples: over an epoch, batches average to the cost of all.
  std::vector<Regularizer> regularizers{};
  Optimizer optimizer = Sgd{};
  std::vector<ParameterGroup> groups{};
  /// Limits each element of the gradient to [-limit, limit] when set.
  std::optional<double> max_gradient_value{};
  /// Clips the gradient by its norm when set, after the above.
  std::optional<double> max_gradient_norm{};
  /// The learning rate of each step, from 0; without it, that of the optimiser. Those of
  /// nn/schedule.hpp are such functions: schedule::Cosine{.rate = 0.1, .duration = 1000}.
  std::function<double(Index step)> learning_rate{};
  std::optional<PlateauSchedule> plateau{};
  /// Keeps a moving average of the weights: average <- decay average + (1 - decay) weights after
  /// each step, the weights themselves after the first. What is evaluated and stored is the
  /// average.
  std::optional<double> average_decay{};
  /// Decides the order of the examples and which of them validate.
  std::uint64_t seed = 0;

  /// The examples that judge each epoch: others than those of training ...
  TableView validation{};
  /// ... or this share of them, which then is not trained on.
  double validation_split = 0;
  std::vector<Metric> metrics{};  ///< of the validation examples
  std::optional<EarlyStopping> early_stopping{};

  StepHook hook{};
  std::function<void(const StepReport&)> after_step{};
  std::function<void(const EpochReport&)> after_epoch{};
  /// Changes a column of a batch in place, as augmentation does; values are (rows.size(), ...).
  /// Must be a function of its arguments alone.
  std::function<void(Index step, std::span<const Index> rows, std::string_view column,
                     std::span<float> values)>
      transform{};
  /// Keeps the training, after each epoch, every `save_every` steps if that is set, when it is
  /// interrupted, and when it ends. In a team rank 0 is asked to, for all.
  std::function<void(const Trainer& trainer)> save{};
  Index save_every = 0;

  Finite must_be_finite = Finite::cost;
  /// Shows a progress bar on stderr when that is a terminal.
  bool progress = true;
  /// Ctrl-C ends `fit` after the step that it finds, with everything stored; a second one ends the
  /// program.
  bool stop_on_interrupt = true;
  std::string csv{};     ///< a file for the numbers of all epochs, rewritten after each by rank 0
  std::string curves{};  ///< likewise an HTML page of learning curves
  /// Of each step's computation. The results are the same bits for any number.
  unsigned threads = 1;
};

}  // namespace dtheta::nn
