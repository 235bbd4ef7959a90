#include "nn/train/trainer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "autodiff/errors.hpp"
#include "autodiff/grad.hpp"
#include "nn/train/batch_shape.hpp"
#include "nn/train/flush_subnormals.hpp"
#include "nn/train/progress.hpp"

namespace dtheta::nn {
namespace {

bool is_binary(Loss loss) {
  return loss == Loss::binary_cross_entropy || loss == Loss::binary_cross_entropy_with_logits;
}

/// The output above which a binary network says 1.
double threshold_of(Loss loss) { return loss == Loss::binary_cross_entropy ? 0.5 : 0; }

}  // namespace

Trainer::Trainer(ModelRef model, const Dataset& train, TrainerOptions options)
    : model_(model),
      train_(train),
      options_(std::move(options)),
      batches_(train.count(), options_.batch_size, options_.seed, LastBatch::drop) {
  if (!is_binary(options_.loss) && !is_over_classes(options_.loss)) {
    throw ValueError(fmt::format("trainer: {} is not a loss of labels", to_string(options_.loss)));
  }
  record();
  const Shape& output = recorded_.cost.output.shape();
  require_valid(train_, is_binary(options_.loss) ? 2 : output[output.rank() - 1]);
  if (train_.inputs.dtype() != DType::float32) converted_ = train_.inputs.to(DType::float32);
}

Tensor Trainer::zero_targets() const {
  return is_binary(options_.loss) ? Tensor(Shape{options_.batch_size, 1}, DType::float32)
                                  : Tensor(Shape{options_.batch_size}, DType::int64);
}

void Trainer::record() {
  if (train_.inputs.shape().rank() < 1) throw ShapeError("trainer: inputs hold no examples");
  const Shape shape = detail::with_count(train_.inputs.shape(), options_.batch_size);
  recorded_.cost = record_cost(tape_, model_, Tensor(shape, DType::float32), zero_targets(),
                               {options_.loss, options_.regularizers, train_.count()});
  const std::vector<Var> parameters = leaves_of(recorded_.cost.parameters);
  recorded_.gradients = grad(recorded_.cost.cost, parameters);
  const std::vector<Var> used =
      options_.max_gradient_norm
          ? clip_by_norm(recorded_.gradients, *options_.max_gradient_norm).gradients
          : recorded_.gradients;
  recorded_.optimizer = options_.optimizer(parameters, used);
  std::vector<Var> outputs{recorded_.cost.cost, dropout_step_};
  if (options_.hook.after) {
    outputs.insert(outputs.end(), recorded_.gradients.begin(), recorded_.gradients.end());
  }
  auto updates = recorded_.optimizer.updates;
  for (const RecordedBuffer& b : recorded_.cost.buffers) {
    if (b.next.exists()) updates.emplace_back(b.var, b.next);
  }
  workspace_.emplace(Plan(outputs, {.updates = updates}));
}

void Trainer::fit(int epochs, const std::function<void(const EpochReport&)>& after_epoch) {
  for (int i = 0; i < epochs; ++i) {
    const EpochReport report = run_epoch();
    if (after_epoch) after_epoch(report);
  }
  store();
}

EpochReport Trainer::run_epoch() {
  const auto start = std::chrono::steady_clock::now();
  batches_.start_epoch(static_cast<std::uint64_t>(epoch_));
  EpochReport report{.epoch = ++epoch_, .steps = batches_.count()};
  std::optional<ProgressBar> bar;
  if (options_.progress) bar.emplace(fmt::format("epoch {}", epoch_), report.steps);
  double total = 0;
  for (Index b = 0; b < report.steps; ++b) {
    total += run_step(batches_.batch(b));
    if (bar) bar->show(b + 1, total / static_cast<double>(b + 1));
  }
  report.cost = total / static_cast<double>(report.steps);
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

void Trainer::load(std::span<const Index> rows) {
  const Tensor& inputs = train_.inputs.dtype() == DType::float32 ? train_.inputs : converted_;
  gather_rows(inputs, rows, workspace_->leaf(recorded_.cost.input));
  if (is_binary(options_.loss)) {
    const std::span<const Index> labels = train_.labels.data<Index>();
    std::ranges::transform(rows, workspace_->leaf(recorded_.cost.target).begin(), [&](Index r) {
      return static_cast<float>(labels[static_cast<std::size_t>(r)]);
    });
  } else {
    gather_rows(train_.labels, rows, workspace_->index_leaf(recorded_.cost.target));
  }
  workspace_->index_leaf(dropout_step_)[0] = step_;
  if (options_.learning_rate) {
    workspace_->leaf(recorded_.optimizer.learning_rate)[0] =
        static_cast<float>(options_.learning_rate(step_));
  }
}

double Trainer::run_step(std::span<const Index> rows) {
  load(rows);
  const StepHook& hook = options_.hook;
  const bool hooked = !hook.at || hook.at(step_);
  if (hook.run && hooked) hook.run(*this);
  {
    const FlushSubnormals scope;
    workspace_->run();
  }
  if (hook.after && hooked) hook.after(*this);
  ++step_;
  return static_cast<double>((*workspace_)[recorded_.cost.cost][0]);
}

const ModelRef& Trainer::model() const {
  model_.require_there("trainer");
  return model_;
}

void Trainer::store() {
  const ModelFields all = model().fields();
  const RecordedCost& cost = recorded_.cost;
  for (const auto& p : all.parameters) {
    const auto at = std::ranges::find(cost.parameters, p.member, &RecordedParameter::source);
    if (at == cost.parameters.end()) continue;
    p.member->value = workspace_->tensor(at->var).to(DType::float64);
  }
  for (const auto& b : all.buffers) {
    const auto at = std::ranges::find(cost.buffers, b.member, &RecordedBuffer::source);
    if (at == cost.buffers.end()) continue;
    b.member->value = workspace_->tensor(at->var).to(DType::float64);
  }
}

double Trainer::accuracy(const Dataset& data) {
  const ModelRef& trained = model();
  if (!evaluator_) {
    evaluator_.emplace(trained, detail::example_of(recorded_.cost.input.shape()));
  }
  for (const RecordedParameter& p : recorded_.cost.parameters) {
    evaluator_->set(*p.source, (*workspace_)[p.var]);
  }
  for (const RecordedBuffer& b : recorded_.cost.buffers) {
    evaluator_->set(*b.source, (*workspace_)[b.var]);
  }
  return evaluator_->accuracy(data, threshold_of(options_.loss));
}

std::vector<Var> Trainer::leaves() const {
  std::vector<Var> all = leaves_of(recorded_.cost.parameters);
  for (const RecordedParameter& p : recorded_.cost.frozen) all.push_back(p.var);
  for (const RecordedBuffer& b : recorded_.cost.buffers) all.push_back(b.var);
  all.insert(all.end(), {recorded_.cost.input, recorded_.cost.target, dropout_step_});
  return all;
}

}  // namespace dtheta::nn
