// A training step in several parts, which this rank computes alone or shares with others.

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "nn/train/flush_subnormals.hpp"
#include "nn/train/step/step_program.hpp"

namespace dtheta::nn::detail {

StepProgram::Outcome StepProgram::run_parts(const TableView& data, const Request& request) {
  const std::span<const float> sum = tree_->run(
      [&](Index part, std::span<float> said, const TreeSum::There& there) {
        compute_part(part, data, request, said, there);
      },
      fmt::format("the gradients of step {}", request.step));
  const double cost = take_in(sum);
  {
    const FlushSubnormals scope;
    apply_->run();
  }
  for (const RecordedParameter& p : recorded_.cost.parameters) {
    if (apply_->plan().has_leaf(p.var))
      std::ranges::copy((*apply_)[p.var], main_->leaf(p.var).begin());
  }
  return outcome_of(cost);
}

/// What a part says: the gradients in the order in which they are computed, so that the first are on their
/// way to other ranks while the rest is computed, the buffers, the cost.
void StepProgram::compute_part(Index part, const TableView& data, const Request& request,
                               std::span<float> said, const TreeSum::There& there) {
  const auto size = request.rows.size() / static_cast<std::size_t>(micro_batches_);
  load(data, request.rows.subspan(static_cast<std::size_t>(part) * size, size),
       request.step * micro_batches_ + part, request);
  const bool is_last = part + 1 == tree_->own().last;
  if (is_last && request.before) request.before();
  auto to = said.begin();
  const auto put = [&](Var value) { to = std::ranges::copy((*main_)[value], to).out; };
  {
    const FlushSubnormals scope;
    main_->run(arrivals_, [&](std::size_t n) {
      put(recorded_.gradients[arrivals_.order[n - 1]]);
      there(static_cast<std::size_t>(to - said.begin()));
    });
  }
  if (is_last && request.after) request.after();
  for (const auto& [leaf, next] : buffers_) put(next);
  // A place of its own, so that the sum over the parts holds the cost of each.
  std::fill(to, said.end(), 0.0F);
  to[part] = (*main_)[recorded_.cost.cost][0];
}

/// Hands what came together to the leaves, and returns the cost of the batch.
double StepProgram::take_in(std::span<const float> sum) {
  const auto next = [&](Var like) {
    const std::span<const float> values = sum.first(static_cast<std::size_t>(like.size()));
    sum = sum.subspan(values.size());
    return values;
  };
  for (const std::size_t i : arrivals_.order) {
    const Var leaf = sums_[i];
    const std::span<const float> values = next(leaf);
    if (apply_->plan().has_leaf(leaf)) std::ranges::copy(values, apply_->leaf(leaf).begin());
  }
  const auto parts = static_cast<float>(micro_batches_);
  for (const auto& [leaf, made] : buffers_) {
    const std::span<const float> values = next(made);
    if (!main_->plan().has_leaf(leaf)) continue;
    std::ranges::transform(values, main_->leaf(leaf).begin(), [&](float v) { return v / parts; });
  }
  double cost = 0;
  for (const float c : sum) cost += static_cast<double>(c);
  return cost / static_cast<double>(micro_batches_);
}

}  // namespace dtheta::nn::detail
