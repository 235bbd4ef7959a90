#include "nn/train/trainer_checks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "autodiff/errors.hpp"
#include "autodiff/ops/loss/losses_classification.hpp"
#include "nn/data/batch_shape.hpp"
#include "nn/init.hpp"
#include "nn/lbfgs.hpp"
#include "nn/train/step/refused_index.hpp"

namespace dtheta::nn::detail {
namespace {

void require_sizes(const TableView& train, const TrainerOptions& options) {
  if (train.count() < 1) throw ShapeError("trainer: inputs hold no examples");
  const Index micro = options.micro_batches, batch = options.batch_size;
  if (micro < 1 || (batch > 0 && batch % micro != 0)) {
    throw ValueError(
        fmt::format("trainer: {} micro-batches do not divide a batch of {}", micro, batch));
  }
  const double split = options.validation_split;
  if (!(split >= 0 && split < 1)) {
    throw ValueError(fmt::format("trainer: validation_split {} is outside [0, 1)", split));
  }
  if (split > 0 && !options.validation.empty()) {
    throw ValueError("trainer: validation examples and a validation_split: give one of them");
  }
  if (options.threads < 1) throw ValueError("trainer: 0 threads, need at least 1");
}

/// Early, as an epoch may take an hour.
void require_like(const TableView& train, const TableView& validation) {
  if (validation.empty()) return;
  if (validation.count() < 1) throw ShapeError("trainer: the validation data hold no examples");
  for (const TableView::Column& c : train.columns()) {
    if (!validation.has(c.name)) {
      throw ValueError(fmt::format(
          "trainer: the validation data have no column '{}', as those to train on do", c.name));
    }
    const Tensor& other = validation[c.name];
    if (other.dtype() == DType::int64 && c.values->dtype() != DType::int64) {
      throw TypeError(fmt::format("trainer: column '{}' of the validation data is int64, not {}",
                                  c.name, to_string(c.values->dtype())));
    }
    if (other.shape().rank() >= 1 && c.values->shape().rank() >= 1 &&
        example_of(other.shape()) == example_of(c.values->shape())) {
      continue;
    }
    throw ShapeError(fmt::format(
        "trainer: column '{}' is {} to train on and {} to validate: their examples differ", c.name,
        to_string(c.values->shape()), to_string(other.shape())));
  }
  require_finite(validation);
}

void require_lbfgs_alone(const TrainerOptions& options) {
  if (options.optimizer.target<Lbfgs>() == nullptr) return;
  const auto refuse = [](bool given, const char* what) {
    if (!given) return;
    throw ValueError(fmt::format(
        "trainer: L-BFGS finds the length of its steps by itself: it takes no {}", what));
  };
  refuse(options.micro_batches > 1, "micro_batches");
  refuse(options.team != nullptr, "team");
  refuse(!options.groups.empty(), "groups");
  refuse(options.max_gradient_value || options.max_gradient_norm, "limit of the gradient");
  refuse(static_cast<bool>(options.learning_rate), "learning_rate");
  refuse(options.plateau.has_value(), "plateau schedule");
  refuse(options.average_decay.has_value(), "average_decay");
}

bool validates(const TrainerOptions& options) {
  return options.validation_split > 0 || options.validation.count() > 0;
}

void require_watched(const TrainerOptions& options, const std::string& name, const char* who) {
  std::vector<std::string> names{"cost"};
  if (validates(options)) {
    names.emplace_back("validation cost");
    for (const Metric& m : options.metrics) names.push_back(m.name);
  }
  if (std::ranges::find(names, name) != names.end()) return;
  throw ValueError(fmt::format("trainer: {} watches '{}'; there are {}{}", who, name,
                               fmt::join(names, ", "),
                               validates(options) ? "" : ", as there are no validation examples"));
}

void require_metrics(const TrainerOptions& options) {
  for (const Metric& m : options.metrics) {
    if (m.name == "cost" || m.name == "seconds" || m.name == "learning_rate") {
      throw ValueError(
          fmt::format("trainer: a metric is called '{}', as the logs' own column", m.name));
    }
    if (!m.add || !m.value || m.name.empty()) {
      throw ValueError(
          fmt::format("trainer: the metric '{}' lacks its name, add or value", m.name));
    }
    if (std::ranges::count(options.metrics, m.name, &Metric::name) > 1) {
      throw ValueError(fmt::format("trainer: two metrics are called '{}'", m.name));
    }
  }
  if (options.early_stopping) {
    require_watched(options, options.early_stopping->watch, "early stopping");
    if (options.early_stopping->patience < 0) {
      throw ValueError(
          fmt::format("trainer: patience {} of early stopping", options.early_stopping->patience));
    }
  }
  if (options.plateau) require_watched(options, options.plateau->watch, "the plateau schedule");
}

bool has_ignored(const TableView& data) {
  if (!data.has(target_column) || data[target_column].dtype() != DType::int64) return false;
  const std::span<const Index> labels = data[target_column].data<Index>();
  return std::ranges::find(labels, ignored_label) != labels.end();
}

}  // namespace

void require_settings(const TableView& train, const TrainerOptions& options, bool is_dataset) {
  const bool of_labels = takes_probabilities(options.loss);
  if (is_dataset && !options.cost && !of_labels) {
    throw ValueError(fmt::format("trainer: {} is not a loss of labels", to_string(options.loss)));
  }
  require_sizes(train, options);
  require_lbfgs_alone(options);
  require_like(train, options.validation);
  require_metrics(options);
  if (is_dataset) return;  // see require_valid
  if (!options.cost) {
    static_cast<void>(train[input_column]);
    static_cast<void>(train[target_column]);
  }
  require_finite(train);
}

Index classes_of(const Shape& output, Loss loss) {
  return is_over_classes(loss) && output.rank() > 0 ? output[output.rank() - 1] : 2;
}

BatchCost cost_for(const ModelView& model, const TableView& train, const TrainerOptions& options) {
  if (options.cost) return options.cost;
  const bool may_ignore = options.loss == Loss::cross_entropy_with_logits;
  if (!may_ignore || !(has_ignored(train) || has_ignored(options.validation))) {
    return cost_of(model, options.loss);
  }
  return [model](Recording& r, const RecordedBatch& batch) -> CostAndOutput {
    const Var z = model.forward(r, batch[input_column]), labels = batch[target_column];
    const Index classes = z.rank() > 0 ? z.shape()[z.rank() - 1] : 0;
    // Losses of what is left out are 0 already: the weights are for the mean.
    const Var ones = r.tape().constant(constant({classes}, 1));
    const Var losses = cross_entropy_with_logits(z, labels, ignored_label);
    return {weighted_mean(losses, weights_of(ones, labels)), z};
  };
}

void require_labels(const TableView& data, const Shape& output, Loss loss) {
  if (!takes_probabilities(loss) || data[target_column].dtype() != DType::int64) return;
  const std::span<const Index> all = data[target_column].data<Index>();
  const Index classes = classes_of(output, loss);
  const bool may_ignore = loss == Loss::cross_entropy_with_logits;
  const auto bad = std::ranges::find_if(
      all, [&](Index l) { return (l < 0 || l >= classes) && !(may_ignore && l == ignored_label); });
  if (bad == all.end()) return;
  const Index width = data[target_column].size() / data.count();
  throw ValueError(fmt::format("trainer: label {} of row {} is outside [0, {})", *bad,
                               (bad - all.begin()) / width, classes));
}

void rethrow_with_place(const ValueError& e, const StepProgram& program, Index step) {
  const RecordedCost& cost = program.recorded().cost;
  const std::string where = place_of_refused_index(cost, cost.cost, program.workspace());
  if (where.empty()) throw;
  throw ValueError(fmt::format("{}\n  in {}, at step {}", e.what(), where, step));
}

bool all_finite(const StepProgram& program) {
  return std::ranges::all_of(program.states(), [&](const StepProgram::State& s) {
    return std::ranges::all_of(program.value(s), [](float v) { return std::isfinite(v); });
  });
}

}  // namespace dtheta::nn::detail
