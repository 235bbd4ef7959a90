// What a Trainer does with weights, apart from training them: hands them to the model, evaluates
// them, keeps and restores them.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "autodiff/errors.hpp"
#include "nn/data/batches.hpp"
#include "nn/train/state_io.hpp"
#include "nn/train/trainer.hpp"

namespace dtheta::nn {
namespace {

constexpr std::string_view model_prefix = "model.", average_prefix = "average.",
                           best_prefix = "best.";

/// What is not trained keeps all its bits, of which the trainer's float32 has half.
bool is_frozen(const Parameter& p) { return !p.trainable; }
bool is_frozen(const Buffer&) { return false; }

double threshold_of(Loss loss) { return loss == Loss::binary_cross_entropy ? 0.5 : 0; }

}  // namespace

const ModelRef& Trainer::model() const {
  model_.require_there("trainer");
  return model_;
}

std::vector<detail::NamedWeights> Trainer::weights_in_use() const {
  std::vector<detail::NamedWeights> all;
  if (best_in_use_) {
    for (const auto& w : best_->weights) {
      all.push_back({w.name, w.value.shape(), w.value.data<float>()});
    }
    return all;
  }
  for (const auto& s : program_->states()) {
    if (s.name.starts_with(model_prefix)) {
      all.push_back({s.name.substr(model_prefix.size()), s.leaf.shape(), program_->value(s)});
    }
  }
  for (const auto& s : program_->states()) {
    if (!s.name.starts_with(average_prefix)) continue;
    const std::string path = s.name.substr(average_prefix.size());
    std::ranges::find(all, path, &detail::NamedWeights::path)->values = program_->value(s);
  }
  return all;
}

void Trainer::store() {
  const ModelFields all = model().fields();
  const std::vector<detail::NamedWeights> weights = weights_in_use();
  const auto put = [&](const auto& members) {
    for (const auto& m : members) {
      const auto at = std::ranges::find(weights, m.path, &detail::NamedWeights::path);
      if (at == weights.end() || is_frozen(*m.member)) continue;
      m.member->value = Tensor(at->shape, at->values).to(DType::float64);
    }
  };
  put(all.parameters);
  put(all.buffers);
}

detail::Evaluation& Trainer::evaluation() {
  static_cast<void>(model());
  if (!evaluation_) {
    evaluation_.emplace(
        model_, cost_, train_,
        detail::Evaluation::Options{.binary = binary_, .threads = options_.threads});
  }
  return *evaluation_;
}

std::vector<NamedValue> Trainer::evaluate(const TableView& data,
                                          const std::vector<Metric>& metrics) {
  if (data.count() < 1) throw ShapeError("trainer: there are no examples to evaluate");
  const std::vector<Index> rows = all_rows(data.count());
  const auto result = evaluation().run(data, rows, metrics, weights_in_use());
  std::vector<NamedValue> values{{"cost", result.cost}};
  for (std::size_t m = 0; m < metrics.size(); ++m) {
    values.push_back({metrics[m].name, result.metrics[m]});
  }
  return values;
}

Tensor Trainer::predict(const TableView& data) {
  return evaluation().predict(data, weights_in_use());
}

double Trainer::accuracy(const Dataset& data) {
  const Shape& output = recorded().cost.output.shape();
  const Index classes = output.rank() == 0 ? 1 : output[output.rank() - 1];
  require_valid(data, classes == 1 ? 2 : classes);
  const Metric metric = metric::accuracy(threshold_of(options_.loss));
  const std::vector<Index> rows = all_rows(data.count());
  return evaluation().run(data, rows, {&metric, 1}, weights_in_use(), false).metrics.front();
}

std::vector<Var> Trainer::leaves() const {
  const RecordedCost& cost = recorded().cost;
  std::vector<Var> all = leaves_of(cost.parameters);
  for (const RecordedParameter& p : cost.frozen) all.push_back(p.var);
  for (const RecordedBuffer& b : cost.buffers) all.push_back(b.var);
  for (const auto& [name, leaf] : cost.columns) all.push_back(leaf);
  all.push_back(program_->random_step());
  std::erase_if(all, [&](Var leaf) { return !workspace().plan().has_leaf(leaf); });
  return all;
}

TrainerState Trainer::state() const {
  if (failed_)
    throw StateError("trainer: it stopped at a value that is not finite: no state to keep");
  TrainerState s;
  for (const auto& part : program_->states()) {
    s.tensors.push_back({part.name, Tensor(part.leaf.shape(), program_->value(part))});
  }
  if (best_) {
    for (const auto& w : best_->weights) {
      s.tensors.push_back({std::string(best_prefix) + w.name, w.value});
    }
    s.numbers["best.value"] = best_->value;
    s.numbers["best.epoch"] = best_->epoch;
    s.numbers["best.waited"] = best_->waited;
  }
  if (plateau_) {
    const schedule::Plateau::State p = plateau_->state();
    s.numbers["plateau.rate"] = p.rate;
    s.numbers["plateau.best"] = p.best;
    s.numbers["plateau.waited"] = p.waited;
  }
  for (const auto& [name, value] : settings_) s.numbers[name] = value;
  s.numbers["step"] = static_cast<double>(step_);
  s.numbers["cost_sum"] = cost_sum_;
  s.numbers["seconds"] = seconds_;
  detail::write_history(history_, s);
  return s;
}

void Trainer::restore(const TrainerState& state) {
  detail::require_same_settings(settings_, state);
  detail::require_same_tensors(*program_, state);
  std::optional<detail::BestSoFar> best;
  if (best_) {
    best = detail::BestSoFar{.value = state.number("best.value"),
                             .epoch = static_cast<int>(state.number("best.epoch")),
                             .waited = static_cast<int>(state.number("best.waited"))};
    for (const auto& t : state.tensors) {
      if (!t.name.starts_with(best_prefix)) continue;
      best->weights.push_back({t.name.substr(best_prefix.size()), t.value.to(DType::float32)});
    }
  }
  std::optional<schedule::Plateau::State> plateau;
  if (plateau_) {
    plateau = {state.number("plateau.rate"), state.number("plateau.best"),
               static_cast<int>(state.number("plateau.waited"))};
  }
  const auto step = static_cast<Index>(state.number("step"));
  std::vector<EpochReport> history =
      detail::read_history(state, step / batches_.count(), batches_.count(), options_.metrics);
  const double cost_sum = state.number("cost_sum"), seconds = state.number("seconds");
  // From here on nothing throws.
  for (const auto& part : program_->states()) {
    const Tensor value = state.find(part.name)->to(DType::float32);
    program_->set(part, value.data<float>());
  }
  if (plateau) plateau_->restore(*plateau);
  best_ = std::move(best);
  history_ = std::move(history);
  step_ = step;
  cost_sum_ = cost_sum;
  seconds_ = seconds;
  best_in_use_ = failed_ = agreed_ = false;
  rewind_.forget();
}

}  // namespace dtheta::nn
