#pragma once

#include <span>
#include <string>

#include "nn/train/reports.hpp"

namespace dtheta::nn {

/// The numbers of all epochs, a line for each under a line of names: epoch, steps, cost, seconds,
/// learning_rate and the metrics.
[[nodiscard]] std::string history_csv(std::span<const EpochReport> history);
/// One HTML page with the same as curves, inline SVG, that needs nothing else: the costs together,
/// each metric and the learning rate by itself.
[[nodiscard]] std::string learning_curves(std::span<const EpochReport> history,
                                          const std::string& title = "Learning curves");

namespace detail {
/// Writes both beside their targets and renames them; nothing for an empty name.
void write_logs(std::span<const EpochReport> history, const std::string& csv,
                const std::string& curves);
}  // namespace detail

}  // namespace dtheta::nn
