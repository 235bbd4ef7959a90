#include "nn/train/step/step_program.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <string>

#include "autodiff/errors.hpp"
#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "nn/data/batches.hpp"
#include "nn/train/flush_subnormals.hpp"
#include "nn/train/parameter_groups.hpp"

namespace dtheta::nn::detail {
namespace {

template <class T>
void gather_as_float(const Tensor& source, std::span<const Index> rows, std::span<float> to) {
  const std::span<const T> from = source.data<T>();
  const auto width = static_cast<std::size_t>(source.size() / source.shape()[0]);
  auto out = to.begin();
  for (const Index row : rows) {
    out = std::ranges::transform(from.subspan(static_cast<std::size_t>(row) * width, width), out,
                                 [](T v) { return static_cast<float>(v); })
              .out;
  }
}

void require_used(const RecordedCost& cost) {
  if (cost.parameters.empty() && cost.frozen.empty()) {
    throw StateError(
        cost.unused.empty()
            ? "trainer: the model has no parameters: there is nothing to train"
            : fmt::format("trainer: the cost uses none of the model's parameters, {}: call the "
                          "model in it",
                          fmt::join(cost.unused, ", ")));
  }
  if (cost.parameters.empty()) {
    throw StateError(fmt::format(
        "trainer: all {} parameters that the cost uses are frozen: there is nothing to train",
        cost.frozen.size()));
  }
  if (cost.unused.empty()) return;
  throw StateError(fmt::format(
      "trainer: the model lists {}, which the cost does not use: call the layer in forward, or "
      "leave it out of fields()",
      fmt::join(cost.unused, ", ")));
}

/// The tape holds a rate in float: 0.1 has become 0.100000001. The shortest number that float takes
/// for the same is what was meant.
double as_written(double rate) { return std::stod(fmt::format("{}", static_cast<float>(rate))); }

}  // namespace

void load_column(const Tensor& source, std::span<const Index> rows, Var leaf,
                 Workspace<float>& to) {
  if (leaf.is_index()) return gather_rows(source, rows, to.index_leaf(leaf));
  switch (source.dtype()) {
    case DType::float32:
      return gather_rows(source, rows, to.leaf(leaf));
    case DType::float64:
      return gather_as_float<double>(source, rows, to.leaf(leaf));
    case DType::int64:
      return gather_as_float<Index>(source, rows, to.leaf(leaf));
  }
}

void copy_leaves(Tape& tape, const Workspace<float>& from, Workspace<float>& to) {
  for (std::uint32_t i = 0; i < tape.size(); ++i) {
    if (tape.node(i).role != Role::leaf) continue;
    const Var leaf = tape.var(i);
    if (from.plan().has_leaf(leaf) && to.plan().has_leaf(leaf)) to.set(leaf, from.tensor(leaf));
  }
}

StepProgram::StepProgram(const ModelView& model, const TableView& example, const BatchCost& cost,
                         const TrainerOptions& options, Index examples)
    : micro_batches_(options.micro_batches), team_(options.team) {
  record(model, example, cost, options, examples);
  compile(options);
  list_states();
}

void StepProgram::record(const ModelView& model, const TableView& example, const BatchCost& cost,
                         const TrainerOptions& options, Index examples) {
  recorded_.cost =
      record_cost(tape_, model, example, cost, {options.regularizers, examples}, Mode::train);
  require_used(recorded_.cost);
  recorded_.gradients = grad(recorded_.cost.cost, leaves_of(recorded_.cost.parameters));
  if (const Lbfgs* lbfgs = options.optimizer.target<Lbfgs>()) {
    base_rates_ = {1};
    search_.emplace(*lbfgs, recorded_.cost, recorded_.gradients, options.threads);
    return;
  }
  std::vector<Var> used = in_parts() ? averaged() : recorded_.gradients;
  if (options.max_gradient_value) used = clip_by_value(used, *options.max_gradient_value);
  if (options.max_gradient_norm) {
    const ClippedGradients clipped = clip_by_norm(used, *options.max_gradient_norm);
    norm_ = clipped.norm;
    used = clipped.gradients;
  }
  optimize(options, used);
  if (options.average_decay) average(*options.average_decay);
}

/// The mean over the micro-batches, of leaves that hold the sums over them.
std::vector<Var> StepProgram::averaged() {
  std::vector<Var> means;
  for (const RecordedParameter& p : recorded_.cost.parameters) {
    sums_.push_back(tape_.leaf(Tensor(p.var.shape()), p.name + ".gradient"));
    means.push_back(1 / static_cast<double>(micro_batches_) * sums_.back());
  }
  return means;
}

void StepProgram::optimize(const TrainerOptions& options, const std::vector<Var>& gradients) {
  const std::vector<RecordedParameter>& all = recorded_.cost.parameters;
  std::set<std::string> taken;
  for (const GroupMembers& group : group_parameters(all, options)) {
    std::vector<Var> parameters, own;
    for (const std::size_t i : group.members) {
      parameters.push_back(all[i].var);
      own.push_back(gradients[i]);
    }
    OptimizerStep step = (*group.optimizer)(parameters, own);
    base_rates_.push_back(as_written(step.learning_rate.item()));
    rate_factors_.push_back(group.rate_factor);
    for (const auto& [leaf, next] : step.updates) {
      updates_.emplace_back(leaf, next);
      if (std::ranges::any_of(parameters, [&, at = leaf](Var p) { return p.is(at); })) continue;
      const std::string name(tape_.name(leaf.index()));
      std::string unique = name;
      for (int n = 1; !taken.insert(unique).second; ++n) unique = fmt::format("{}.{}", name, n);
      optimizer_leaves_.emplace_back(unique, leaf);
    }
    recorded_.optimizers.push_back(std::move(step));
  }
}

void StepProgram::average(double decay) {
  if (!(decay >= 0 && decay < 1)) {
    throw ValueError(fmt::format("trainer: average_decay {} is outside [0, 1)", decay));
  }
  decay_ = decay;
  average_decay_ = tape_.leaf(Tensor(decay), "average_decay");
  for (const RecordedParameter& p : recorded_.cost.parameters) {
    const auto moved =
        std::ranges::find_if(updates_, [&](const auto& u) { return u.first.is(p.var); });
    const Var next = moved == updates_.end() ? p.var : moved->second;
    const Var mean = tape_.leaf(p.var.value(), p.name + ".average");
    average_leaves_.emplace_back(p.name, mean);
    updates_.emplace_back(mean, average_decay_ * mean + (1 - average_decay_) * next);
  }
}

void StepProgram::compile(const TrainerOptions& options) {
  // The threads of a workspace take over how this one treats subnormals when they first work for
  // it.
  const FlushSubnormals scope;
  const auto workspace = [&](std::vector<Var> outputs, std::vector<std::pair<Var, Var>> updates) {
    return Workspace<float>(Plan(outputs, {.updates = std::move(updates)}), options.threads);
  };
  std::vector<Var> outputs{recorded_.cost.cost, random_step_};
  if (options.hook.after || in_parts()) {
    outputs.insert(outputs.end(), recorded_.gradients.begin(), recorded_.gradients.end());
  }
  for (const RecordedBuffer& b : recorded_.cost.buffers) {
    if (b.next.exists()) buffers_.emplace_back(b.var, b.next);
  }
  std::vector<Var> norm;
  if (norm_.exists()) norm.push_back(norm_);
  if (!in_parts()) {
    outputs.insert(outputs.end(), norm.begin(), norm.end());
    std::vector<std::pair<Var, Var>> updates = updates_;
    updates.insert(updates.end(), buffers_.begin(), buffers_.end());
    main_.emplace(workspace(outputs, updates));
    return;
  }
  auto width = static_cast<std::size_t>(micro_batches_);  // a place for each part's cost
  for (const Var sum : sums_) width += static_cast<std::size_t>(sum.size());
  for (const auto& [leaf, next] : buffers_) {
    outputs.push_back(next);
    width += static_cast<std::size_t>(next.size());
  }
  main_.emplace(workspace(outputs, {}));
  arrivals_ = main_->arrivals(recorded_.gradients);
  apply_.emplace(workspace(norm, updates_));
  tree_.emplace(micro_batches_, width, team_);
}

void StepProgram::list_states() {
  const auto add = [&](std::string name, Var leaf) {
    const bool in_apply = apply_ && apply_->plan().has_leaf(leaf);
    if (!in_apply && !main_->plan().has_leaf(leaf)) return;
    states_.push_back({std::move(name), leaf, in_apply ? Place::apply : Place::main});
  };
  for (const RecordedParameter& p : recorded_.cost.parameters) add("model." + p.name, p.var);
  for (const RecordedParameter& p : recorded_.cost.frozen) add("model." + p.name, p.var);
  for (const RecordedBuffer& b : recorded_.cost.buffers) add("model." + b.name, b.var);
  for (const auto& [name, leaf] : optimizer_leaves_) add("optimizer." + name, leaf);
  for (const auto& [name, leaf] : average_leaves_) add("average." + name, leaf);
  if (!search_) return;
  for (const Var leaf : search_->memory()) {
    states_.push_back({fmt::format("optimizer.{}", tape_.name(leaf.index())), leaf, Place::search});
  }
}

std::span<const float> StepProgram::value(const State& state) const {
  if (state.place == Place::search) return search_->workspace()[state.leaf];
  return (state.place == Place::apply ? *apply_ : *main_)[state.leaf];
}

void StepProgram::set(const State& state, std::span<const float> value) {
  const auto put = [&](Workspace<float>& ws) {
    if (ws.plan().has_leaf(state.leaf)) std::ranges::copy(value, ws.leaf(state.leaf).begin());
  };
  put(*main_);
  if (apply_) put(*apply_);
  if (state.place == Place::search) put(search_->workspace());
}

void StepProgram::load(const TableView& data, std::span<const Index> rows, Index draw,
                       const Request& request) {
  for (const auto& [name, leaf] : recorded_.cost.columns) {
    if (!main_->plan().has_leaf(leaf)) continue;
    load_column(data[name], rows, leaf, *main_);
    if (request.transform && !leaf.is_index()) {
      request.transform(name, rows, main_->leaf(leaf));
    }
  }
  main_->index_leaf(random_step_)[0] = draw;
}

void StepProgram::set_rates(const Request& request) {
  for (std::size_t g = 0; g < recorded_.optimizers.size(); ++g) {
    const Var leaf = recorded_.optimizers[g].learning_rate;
    if (!last().plan().has_leaf(leaf)) continue;
    const double rate = request.rate.value_or(base_rates_[g]);
    last().leaf(leaf)[0] = static_cast<float>(rate * request.rate_scale * rate_factors_[g]);
  }
  if (!average_decay_.exists()) return;
  // The first average is of the first weights that were trained, not of those that were drawn.
  last().leaf(average_decay_)[0] = request.step == 0 ? 0.0F : static_cast<float>(decay_);
}

StepProgram::Outcome StepProgram::run(const TableView& data, const Request& request) {
  set_rates(request);
  return in_parts() ? run_parts(data, request) : run_whole(data, request);
}

StepProgram::Outcome StepProgram::outcome_of(double cost) const {
  Outcome outcome{.cost = cost};
  if (norm_.exists()) outcome.gradient_norm = static_cast<double>(last()[norm_][0]);
  return outcome;
}

StepProgram::Outcome StepProgram::run_whole(const TableView& data, const Request& request) {
  load(data, request.rows, request.step, request);
  if (request.before) request.before();
  {
    const FlushSubnormals scope;
    // Looked for before the run, which is what buffers move with.
    if (search_) search_->find([&](Workspace<float>& to) { copy_leaves(tape_, *main_, to); });
    main_->run();
    if (search_) search_->move(*main_);
  }
  if (request.after) request.after();
  return outcome_of(static_cast<double>((*main_)[recorded_.cost.cost][0]));
}

}  // namespace dtheta::nn::detail
