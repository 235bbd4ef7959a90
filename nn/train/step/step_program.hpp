#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"
#include "nn/distributed/tree_sum.hpp"
#include "nn/model_ref.hpp"
#include "nn/train/anomaly.hpp"
#include "nn/train/step/lbfgs_step.hpp"
#include "nn/train/trainer_options.hpp"

namespace dtheta::nn {

/// A training step as it stands on its tape, for one micro-batch.
struct RecordedStep {
  RecordedCost cost;
  std::vector<Var> gradients;  ///< of cost.parameters, in their order, before any clipping
  std::vector<OptimizerStep> optimizers;  ///< of the parameters in no group, then of each group
};

}  // namespace dtheta::nn

namespace dtheta::nn::detail {

/// Copies rows of a column to a leaf, real numbers and integers that are to be real as float.
void load_column(const Tensor& source, std::span<const Index> rows, Var leaf, Workspace<float>& to);

/// Copies the leaves of a tape that both plans have.
void copy_leaves(Tape& tape, const Workspace<float>& from, Workspace<float>& to);

/// A training step compiled: what it computes, and where its state lies.
///
/// A batch in one part is one plan. In several, one plan computes what a part says: the gradients,
/// the buffers' next values and the cost, one behind the other. A TreeSum adds that up over all
/// parts, this process's and those of others; a second plan makes the step from the sum.
class StepProgram {
 public:
  /// `example` is the first micro-batch; `examples` how many there are to train on. Throws
  /// StateError where there is no parameter to train or one that the cost does not use, and
  /// ValueError for settings that cannot be.
  StepProgram(const ModelView& model, const TableView& example, const BatchCost& cost,
              const TrainerOptions& options, Index examples);

  struct Request {
    Index step = 0;
    std::optional<double> rate{};  ///< that of each optimiser where there is none
    double rate_scale = 1;
    std::span<const Index> rows;  ///< of the whole batch
    /// Around the run of the last micro-batch that this rank computes.
    std::function<void()> before{}, after{};
    std::function<void(std::string_view, std::span<const Index>, std::span<float>)> transform{};
  };
  struct Outcome {
    double cost = 0;
    std::optional<double> gradient_norm{};
  };
  /// Performs a step on rows of `data`.
  Outcome run(const TableView& data, const Request& request);

  /// What in a step is not finite, and where that comes from.
  struct NotFinite {
    std::string of{};  ///< "the cost", or a weight or state and what becomes of it
    double value = 0;
    std::vector<NotFiniteValue> trail{};
    std::size_t first_row = 0;  ///< of the micro-batch that it was found in
  };
  /// Looks at a step without making it.
  [[nodiscard]] NotFinite find_not_finite(const TableView& data, const Request& request);

  [[nodiscard]] const RecordedStep& recorded() const { return recorded_; }
  [[nodiscard]] const Workspace<float>& workspace() const { return *main_; }
  [[nodiscard]] Var random_step() const { return random_step_; }
  /// Of the optimiser of those in no group, before any schedule.
  [[nodiscard]] double base_rate() const { return base_rates_.front(); }

  /// Where a state lies.
  enum class Place : std::uint8_t {
    main,
    apply,   ///< in the workspace of the second plan
    search,  ///< in that of the search for a step
  };
  /// A tensor that one step hands to the next, or that stays: see TrainerState for the names.
  struct State {
    std::string name;
    Var leaf;
    Place place;
  };
  [[nodiscard]] const std::vector<State>& states() const { return states_; }
  [[nodiscard]] std::span<const float> value(const State& state) const;
  void set(const State& state, std::span<const float> value);

 private:
  void record(const ModelView& model, const TableView& example, const BatchCost& cost,
              const TrainerOptions& options, Index examples);
  [[nodiscard]] std::vector<Var> averaged();
  void optimize(const TrainerOptions& options, const std::vector<Var>& gradients);
  void average(double decay);
  void compile(const TrainerOptions& options);
  void list_states();
  Outcome run_whole(const TableView& data, const Request& request);
  Outcome run_parts(const TableView& data, const Request& request);
  void compute_part(Index part, const TableView& data, const Request& request,
                    std::span<float> said, const TreeSum::There& there);
  double take_in(std::span<const float> sum);
  [[nodiscard]] Outcome outcome_of(double cost) const;
  void load(const TableView& data, std::span<const Index> rows, Index draw, const Request& request);
  void set_rates(const Request& request);
  [[nodiscard]] bool in_parts() const { return micro_batches_ > 1 || team_ != nullptr; }
  [[nodiscard]] Workspace<float>& last() { return apply_ ? *apply_ : *main_; }
  [[nodiscard]] const Workspace<float>& last() const { return apply_ ? *apply_ : *main_; }

  Index micro_batches_;
  Team* team_;
  Tape tape_{DType::float32};
  Var random_step_ = tape_.step();
  RecordedStep recorded_;
  Var norm_;                                       // of the gradient, where it is clipped
  std::vector<double> base_rates_, rate_factors_;  // of each optimiser
  std::vector<std::pair<Var, Var>> updates_;       // of the optimisers and the averages
  std::vector<std::pair<std::string, Var>> optimizer_leaves_, average_leaves_;
  std::vector<Var> sums_;                     // of the micro-batches' gradients
  std::vector<std::pair<Var, Var>> buffers_;  // and their next values
  Var average_decay_;
  double decay_ = 0;
  std::vector<State> states_;
  std::optional<Workspace<float>> main_;
  Arrivals arrivals_;                      // of the gradients of a micro-batch
  std::optional<Workspace<float>> apply_;  // of the sums, with micro-batches
  std::optional<LbfgsStep> search_;        // in place of an optimiser
  std::optional<TreeSum> tree_;            // likewise
};

}  // namespace dtheta::nn::detail
