#include "nn/train/step/refused_index.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "autodiff/errors.hpp"
#include "autodiff/plan.hpp"
#include "autodiff/tape.hpp"
#include "nn/train/step/step_program.hpp"

namespace dtheta::nn::detail {
namespace {

/// Those are the ops that may refuse what they are given when a plan is replayed.
bool takes_indices(const Tape& tape, std::uint32_t i) {
  if (tape.node(i).role != Role::op) return false;
  return std::ranges::any_of(
      tape.inputs(i), [&](std::uint32_t in) { return tape.node(in).type->kind == Kind::index; });
}

/// Whether record i cannot be computed from the leaves as `now` has them.
bool fails(Tape& tape, std::uint32_t i, const Workspace<float>& now) {
  Workspace<float> ws(Plan({tape.var(i)}));
  copy_leaves(tape, now, ws);
  try {
    ws.run();
  } catch (const ValueError&) {
    return true;
  }
  return false;
}

std::string layer_around(const RecordedCost& cost, std::uint32_t i) {
  // The innermost call is the last of those around it.
  const auto around = [i](const LayerCall& c) { return i >= c.first_node && i < c.end_node; };
  const auto call = std::find_if(cost.calls.rbegin(), cost.calls.rend(), around);
  if (call == cost.calls.rend()) return {};
  std::string text = call->path.empty() ? fmt::format(" in layer {}", call->type)
                                        : fmt::format(" in layer {} ({})", call->path, call->type);
  if (call->where.line() != 0) {
    text += fmt::format(", called at {}:{}", call->where.file_name(), call->where.line());
  }
  return text;
}

}  // namespace

std::string place_of_refused_index(const RecordedCost& cost, Var last,
                                   const Workspace<float>& now) {
  Tape& tape = last.tape();
  for (std::uint32_t i = 0; i <= last.index(); ++i) {
    if (!takes_indices(tape, i) || !fails(tape, i, now)) continue;
    const Node& node = tape.node(i);
    return fmt::format("{} (record {}, {}:{}){}", node.op->info.name, i, node.where.file_name(),
                       node.where.line(), layer_around(cost, i));
  }
  return {};
}

}  // namespace dtheta::nn::detail
