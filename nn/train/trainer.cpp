#include "nn/train/trainer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <exception>
#include <utility>

#include "autodiff/errors.hpp"
#include "nn/data/preprocess.hpp"
#include "nn/distributed/team.hpp"
#include "nn/train/anomaly.hpp"
#include "nn/train/interrupt.hpp"
#include "nn/train/progress.hpp"
#include "nn/train/trainer_checks.hpp"
#include "nn/train/training_log.hpp"

namespace dtheta::nn {
namespace {

bool is_binary(Loss loss) {
  return loss == Loss::binary_cross_entropy || loss == Loss::binary_cross_entropy_with_logits;
}

/// The examples that train and those that validate.
std::pair<std::vector<Index>, std::vector<Index>> rows_for(const TableView& data,
                                                           const TrainerOptions& options) {
  const double share = options.validation_split;
  if (share == 0) return {all_rows(data.count()), all_rows(options.validation.count())};
  const double kept = std::round(share * static_cast<double>(data.count()));
  if (kept < 1 || kept >= static_cast<double>(data.count())) {
    throw ValueError(fmt::format("trainer: validation_split {} of {} examples leaves none to {}",
                                 share, data.count(), kept < 1 ? "validate" : "train on"));
  }
  return split_rows(data.count(), share, options.seed);
}

// Why a training ends, on whatever rank.
constexpr std::uint8_t pressed = 1, asked = 2;

}  // namespace

Trainer::Trainer(ModelRef model, const Dataset& train, TrainerOptions options)
    : Trainer(model, TableView(train), true, std::move(options)) {
  if (options_.cost) return;
  require_valid(train, detail::classes_of(recorded().cost.output.shape(), options_.loss));
}

Trainer::Trainer(ModelRef model, const Table& train, TrainerOptions options)
    : Trainer(model, TableView(train), false, std::move(options)) {}

Trainer::Trainer(ModelRef model, TableView train, bool is_dataset, TrainerOptions options)
    : model_(model),
      train_(std::move(train)),
      options_(std::move(options)),
      cost_(detail::cost_for(model_, train_, options_)),
      binary_(!options_.cost && is_binary(options_.loss)),
      rows_((detail::require_settings(train_, options_, is_dataset), rows_for(train_, options_))),
      batches_(trained_on(), options_.batch_size, options_.seed, LastBatch::drop) {
  const std::span<const Index> rows =
      rows_of(0).first(static_cast<std::size_t>(options_.batch_size / options_.micro_batches));
  const Table example = detail::rows_to_record(train_, rows, binary_, !options_.cost);
  program_.emplace(model_, example, cost_, options_, trained_on());
  if (!options_.cost) {
    const Shape& output = recorded().cost.output.shape();
    if (!is_dataset) detail::require_labels(train_, output, options_.loss);
    if (!options_.validation.empty()) {
      detail::require_labels(options_.validation, output, options_.loss);
    }
  }
  settings_ = detail::settings_of(options_, trained_on(), model_.fields());
  if (options_.plateau) {
    const PlateauSchedule& p = *options_.plateau;
    plateau_.emplace(1, p.factor, p.patience, p.threshold, p.lowest);
  }
  if (options_.early_stopping) best_.emplace();
}

std::span<const Index> Trainer::rows_of(Index step) {
  const Index epoch = step / batches_.count();
  if (epoch != shuffled_epoch_) batches_.start_epoch(static_cast<std::uint64_t>(epoch));
  shuffled_epoch_ = epoch;
  const std::span<const Index> chosen = batches_.batch(step % batches_.count());
  batch_rows_.resize(chosen.size());
  std::ranges::transform(chosen, batch_rows_.begin(),
                         [&](Index i) { return rows_.first[static_cast<std::size_t>(i)]; });
  return batch_rows_;
}

detail::StepProgram::Request Trainer::request_of(Index step, bool hooked) {
  const StepHook& hook = options_.hook;
  detail::StepProgram::Request request{.step = step, .rows = rows_of(step)};
  if (options_.learning_rate) {
    request.rate = options_.learning_rate(step);
    if (!(*request.rate >= 0 && std::isfinite(*request.rate))) {
      throw ValueError(fmt::format(
          "trainer: learning_rate says {} for step {}: a finite number that is not negative is "
          "needed",
          *request.rate, step));
    }
  }
  if (plateau_) request.rate_scale = plateau_->rate();
  if (hooked && hook.run) request.before = [&] { hook.run(*this); };
  if (hooked && hook.after) request.after = [&] { hook.after(*this); };
  if (options_.transform) {
    request.transform = [this, step](std::string_view column, std::span<const Index> rows,
                                     std::span<float> values) {
      options_.transform(step, rows, column, values);
    };
  }
  return request;
}

detail::StepProgram::Outcome Trainer::compute(Index step, bool hooked) {
  const detail::StepProgram::Request request = request_of(step, hooked);
  try {
    return program_->run(train_, request);
  } catch (const ValueError& e) {
    detail::rethrow_with_place(e, *program_, step);
  }
}

double Trainer::current_rate() const {
  const double rate =
      options_.learning_rate ? options_.learning_rate(step_) : program_->base_rate();
  return plateau_ ? rate * plateau_->rate() : rate;
}

StepReport Trainer::run_step() {
  if (options_.team == nullptr) return make_step();
  agree();
  try {
    return make_step();
  } catch (const LostRankError&) {  // the others notice by themselves
    throw;
  } catch (const AnomalyError&) {  // they have found the same
    throw;
  } catch (const std::exception& e) {  // they would wait for this rank
    options_.team->abandon(e.what());
    throw;
  }
}

StepReport Trainer::make_step() {
  if (failed_) {
    throw StateError(
        "trainer: it stopped at a value that is not finite: restore an earlier state, or make "
        "another trainer");
  }
  const auto start = std::chrono::steady_clock::now();
  best_in_use_ = false;
  rewind_.keep(*program_, step_, plateau_ ? plateau_->rate() : 1);
  StepReport report{.step = step_, .epoch = epoch() + 1, .learning_rate = current_rate()};
  const auto outcome = compute(step_, !options_.hook.at || options_.hook.at(step_));
  report.cost = outcome.cost;
  report.gradient_norm = outcome.gradient_norm;
  const bool finite = std::isfinite(outcome.cost) &&
                      (options_.must_be_finite == Finite::cost || detail::all_finite(*program_));
  if (!finite) raise_anomaly(step_, outcome.cost);
  ++step_;
  cost_sum_ += outcome.cost;
  const bool epoch_ended = step_ % batches_.count() == 0;
  seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (epoch_ended) end_epoch(report);
  if (options_.after_step) options_.after_step(report);
  save_if_due(epoch_ended);
  return report;
}

void Trainer::end_epoch(const StepReport& last) {
  EpochReport report{.epoch = last.epoch,
                     .steps = batches_.count(),
                     .cost = cost_sum_ / static_cast<double>(batches_.count()),
                     .seconds = seconds_,
                     .learning_rate = last.learning_rate,
                     .metrics = validate()};
  cost_sum_ = seconds_ = 0;
  judge(report);
  history_.push_back(std::move(report));
  if (leads()) detail::write_logs(history_, options_.csv, options_.curves);
  if (options_.after_epoch) options_.after_epoch(history_.back());
}

std::vector<NamedValue> Trainer::validate() {
  if (rows_.second.empty()) return {};
  const TableView& data = options_.validation_split > 0 ? train_ : options_.validation;
  const auto result =
      evaluation().run(data, rows_.second, options_.metrics, weights_in_use(), true, options_.team);
  std::vector<NamedValue> values{{"validation cost", result.cost}};
  for (std::size_t m = 0; m < result.metrics.size(); ++m) {
    values.push_back({options_.metrics[m].name, result.metrics[m]});
  }
  return values;
}

/// What early stopping and the plateau make of an epoch.
void Trainer::judge(const EpochReport& report) {
  const auto rises = [&](const std::string& name) {
    const auto at = std::ranges::find(options_.metrics, name, &Metric::name);
    return at != options_.metrics.end() && at->larger_is_better;
  };
  if (plateau_) {
    const std::string& name = options_.plateau->watch;
    (*plateau_)(rises(name) ? -report[name] : report[name]);
  }
  if (!best_) return;
  const EarlyStopping& rule = *options_.early_stopping;
  const bool is_best =
      best_->tell(report[rule.watch], report.epoch, rises(rule.watch), rule.min_change);
  if (!is_best || !rule.best_weights) return;
  best_->weights.clear();
  for (const detail::NamedWeights& w : weights_in_use()) {
    best_->weights.push_back({w.path, Tensor(w.shape, w.values)});
  }
}

bool Trainer::stopped_early() const {
  return best_ && best_->waited > options_.early_stopping->patience;
}

void Trainer::save_if_due(bool epoch_ended) {
  if (!options_.save || !leads()) return;
  if (epoch_ended || (options_.save_every > 0 && step_ % options_.save_every == 0)) {
    options_.save(*this);
    saved_step_ = step_;
  }
}

EpochReport Trainer::run_epoch() {
  const std::size_t done = history_.size();
  std::optional<ProgressBar> bar;
  const Index steps = batches_.count();
  if (options_.progress && leads())
    bar.emplace(fmt::format("epoch {}", epoch() + 1), steps, step_ % steps);
  while (history_.size() == done) {
    run_step();
    const Index at = step_ % steps;
    if (bar && at != 0) bar->show(at, cost_sum_ / static_cast<double>(at));
  }
  return history_.back();
}

TrainingReport Trainer::fit(int epochs,
                            const std::function<void(const EpochReport&)>& after_epoch) {
  static_cast<void>(model());
  const detail::InterruptGuard interrupt(options_.stop_on_interrupt);
  asked_to_stop_ = false;
  TrainingReport report;
  std::optional<ProgressBar> bar;
  while (true) {
    const std::uint8_t ends = anywhere(static_cast<std::uint8_t>(
        (interrupt.interrupted() ? pressed : 0) | (asked_to_stop_ ? asked : 0)));
    if ((ends & pressed) != 0)
      report.ending = Ending::interrupted;
    else if ((ends & asked) != 0)
      report.ending = Ending::asked;
    else if (stopped_early())
      report.ending = Ending::early;
    if (report.ending != Ending::epochs || epoch() >= epochs) break;
    const Index steps = batches_.count();
    if (options_.progress && leads() && !bar) {
      bar.emplace(fmt::format("epoch {}/{}", epoch() + 1, epochs), steps, step_ % steps);
    }
    const std::size_t done = history_.size();
    run_step();
    if (history_.size() > done) {
      bar.reset();
      if (after_epoch) after_epoch(history_.back());
    } else if (bar) {
      const Index at = step_ % steps;
      bar->show(at, cost_sum_ / static_cast<double>(at));
    }
  }
  bar.reset();
  finish(report);
  return report;
}

/// Puts the weights in use where they belong, and says so where nobody waits for it.
void Trainer::finish(TrainingReport& report) {
  const bool complete = report.ending == Ending::epochs || report.ending == Ending::early;
  best_in_use_ = complete && best_ && !best_->weights.empty();
  if (best_in_use_) report.best_epoch = best_->epoch;
  report.epochs = history_;
  store();
  if (!leads()) return;
  if (options_.save && saved_step_ != step_) options_.save(*this);
  if (report.ending != Ending::interrupted) return;
  fmt::print(stderr,
             "training interrupted after step {} (epoch {}); the weights are in the model{}\n",
             step_, epoch() + 1, options_.save ? ", and all is saved" : "");
}

}  // namespace dtheta::nn
