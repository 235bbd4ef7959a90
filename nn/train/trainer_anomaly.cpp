// What a Trainer does when a step is not finite: it goes back to a state that was kept, makes the
// steps since again, and looks at the one that went wrong.

#include <cmath>

#include "nn/train/anomaly.hpp"
#include "nn/train/trainer.hpp"
#include "nn/train/trainer_checks.hpp"

namespace dtheta::nn {

/// The first step since the state that was kept after which a weight is not finite; `failed` where
/// there is none before it. Leaves the state of before that step.
Index Trainer::go_back_to_culprit(Index failed) {
  Index culprit = rewind_.go_back(*program_);
  while (culprit < failed) {
    compute(culprit, false);
    if (!detail::all_finite(*program_)) break;
    ++culprit;
  }
  for (Index step = rewind_.go_back(*program_); step < culprit; ++step) compute(step, false);
  return culprit;
}

void Trainer::raise_anomaly(Index failed, double cost) {
  failed_ = true;
  const Index step = go_back_to_culprit(failed);
  const std::span<const Index> rows = rows_of(step);
  Anomaly anomaly{.step = step,
                  .epoch = static_cast<int>(step / batches_.count()) + 1,
                  .of = "the cost",
                  .value = cost,
                  .rows = {rows.begin(), rows.end()}};
  const detail::StepProgram::Request request = request_of(step, false);
  auto found = program_->find_not_finite(train_, request);
  anomaly.trail = std::move(found.trail);
  if (!found.of.empty()) {
    anomaly.of = std::move(found.of);
    anomaly.value = found.value;
  }
  // The part of the batch that it was found in, so that an example's place is a place among rows.
  if (found.first_row > 0) {
    anomaly.rows.erase(anomaly.rows.begin(),
                       anomaly.rows.begin() + static_cast<std::ptrdiff_t>(found.first_row));
  }
  throw AnomalyError(std::move(anomaly));
}

}  // namespace dtheta::nn
