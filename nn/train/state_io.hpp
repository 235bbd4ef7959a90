#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nn/train/metric.hpp"
#include "nn/train/reports.hpp"
#include "nn/train/step/step_program.hpp"
#include "nn/train/trainer_state.hpp"

namespace dtheta::nn::detail {

/// Settings that a restored training must share, by name.
using Settings = std::vector<std::pair<std::string, double>>;

/// Of the options, the number of examples, and the model's random streams.
[[nodiscard]] Settings settings_of(const TrainerOptions& options, Index examples,
                                   const ModelFields& model);
/// Throws ValueError naming the first that differs.
void require_same_settings(const Settings& here, const TrainerState& state);
/// Throws ValueError listing what is missing, unexpected, or of another shape.
void require_same_tensors(const StepProgram& program, const TrainerState& state);

void write_history(std::span<const EpochReport> history, TrainerState& to);
/// Metrics come in the order of `metrics`, others behind.
[[nodiscard]] std::vector<EpochReport> read_history(const TrainerState& from, Index epochs,
                                                    Index steps, std::span<const Metric> metrics);

}  // namespace dtheta::nn::detail
