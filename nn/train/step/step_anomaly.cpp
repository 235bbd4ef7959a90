// Where a training step stops being finite.

#include <fmt/format.h>

#include "nn/train/step/step_program.hpp"

namespace dtheta::nn::detail {

StepProgram::NotFinite StepProgram::find_not_finite(const TableView& data, const Request& request) {
  set_rates(request);
  const RecordedCost& cost = recorded_.cost;
  std::vector<Var> roots{cost.cost}, batch;
  std::vector<std::string> names{"the cost"};
  const auto add = [&](Var root, std::string name) {
    if (!root.exists()) return;
    roots.push_back(root);
    names.push_back(std::move(name));
  };
  for (std::size_t i = 0; i < recorded_.gradients.size(); ++i) {
    add(recorded_.gradients[i], "the gradient of " + cost.parameters[i].name);
  }
  for (const RecordedBuffer& b : cost.buffers) add(b.next, "the next " + b.name);
  if (!in_parts()) {
    for (const auto& [leaf, next] : updates_) {
      add(next, fmt::format("the next {}", tape_.name(leaf.index())));
    }
  }
  for (const auto& column : cost.columns) batch.push_back(column.second);
  const auto as_trained = [&](Workspace<float>& to) { copy_leaves(tape_, *main_, to); };
  const auto size = request.rows.size() / static_cast<std::size_t>(micro_batches_);
  for (Index m = 0; m < micro_batches_; ++m) {
    const std::size_t first = static_cast<std::size_t>(m) * size;
    load(data, request.rows.subspan(first, size), request.step * micro_batches_ + m, request);
    auto found = nn::find_not_finite<float>(roots, as_trained, cost.calls, batch);
    if (found) return {names[found->root], found->value, std::move(found->trail), first};
  }
  return {};
}

}  // namespace dtheta::nn::detail
