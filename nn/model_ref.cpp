#include "nn/model_ref.hpp"

#include <fmt/format.h>

#include "autodiff/errors.hpp"

namespace dtheta::nn {

void ModelView::watch() {
  const ModelFields all = fields();
  if (all.parameters.empty()) return;
  watch(all.parameters.front().member->lifetime.watch());
}

void ModelView::throw_needs_a_cost(const std::string& type) {
  throw StateError(fmt::format(
      "model: the forward of {} does not take one Var: give a cost function that calls it", type));
}

void ModelView::require_there(std::string_view who) const {
  if (watched_ && watch_.is_gone()) {
    throw StateError(fmt::format("{}: its model has been destroyed or moved since", who));
  }
}

std::vector<Parameter*> parameters_of(ModelRef model) {
  std::vector<Parameter*> all;
  for (const auto& p : model.fields().parameters) all.push_back(p.member);
  return all;
}

}  // namespace dtheta::nn
