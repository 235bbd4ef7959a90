#include "gradcheck/bridge/blame/not_finite.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "gradcheck/bridge/blame/reverse_walk.hpp"
#include "gradcheck/bridge/leaf_layout.hpp"
#include "gradcheck/bridge/multi_index.hpp"
#include "gradcheck/bridge/source_line.hpp"

namespace dtheta::gradcheck {
namespace {

template <Scalar T>
bool finite(std::span<const T> values) {
  return std::ranges::all_of(values, [](T v) { return std::isfinite(v); });
}

template <Scalar T>
std::vector<NotFinite> find(Var cost, const LeafLayout& layout, std::span<const double> theta) {
  Tape& tape = cost.tape();
  const Tape::Scratch scratch(tape);
  const ReverseWalk walk(cost, layout.leaves());
  std::vector<NotFinite> found;
  if (walk.visits().empty() || !walk.broken().empty()) return found;
  std::vector<Var> outputs;
  for (const ReverseWalk::Visit& visit : walk.visits()) {
    outputs.push_back(visit.cotangent);
    for (const ReverseWalk::Taken& taken : visit.taken) {
      if (!taken.cotangent.exists()) continue;
      outputs.push_back(taken.cotangent);
      outputs.emplace_back(tape, taken.node);
    }
  }
  Workspace<T> ws{Plan(outputs)};
  layout.set(ws, theta);
  ws.run();
  for (const ReverseWalk::Visit& visit : walk.visits()) {
    const std::span<const T> came = ws[visit.cotangent];
    if (!finite(came)) continue;
    for (const ReverseWalk::Taken& taken : visit.taken) {
      if (!taken.cotangent.exists()) continue;
      const std::span<const T> down = ws[taken.cotangent];
      const auto first = std::ranges::find_if_not(down, [](T v) { return std::isfinite(v); });
      if (first == down.end()) continue;
      const auto j = static_cast<std::size_t>(first - down.begin());
      const Node& node = tape.node(visit.node);
      const bool nothing = std::ranges::all_of(came, [](T v) { return v == T(0); });
      found.push_back({std::string(node.op->info.name), visit.node, node.where, taken.operands,
                       multi_index(tape.node(taken.node).type->shape, j),
                       static_cast<double>(ws[Var(tape, taken.node)][j]),
                       static_cast<double>(*first), nothing});
    }
  }
  return found;
}

}  // namespace

std::string NotFinite::sentence() const {
  return fmt::format(
      "the gradient becomes {} at {} (record {}, {}): what reaches it from the cost is {}, but its "
      "rule gives element [{}] of operand {}, whose value is {:.6g}, a derivative that is not "
      "finite{}",
      std::isnan(handed_down) ? "nan" : "infinite", op, node, source_line(where),
      nothing_came ? "zero" : "finite", fmt::join(at, ", "), fmt::join(operands, ", "), operand,
      nothing_came ? ", and zero times that is not zero: where a `where` does not use the result, "
                     "choose the operand before this op instead, so that it is never computed "
                     "outside its domain"
                   : "");
}

std::vector<NotFinite> find_not_finite(Var cost, std::span<const Var> leaves,
                                       std::span<const double> theta) {
  const LeafLayout layout(cost, leaves);
  layout.require_size(theta);
  return cost.tape().precision() == DType::float32 ? find<float>(cost, layout, theta)
                                                   : find<double>(cost, layout, theta);
}

}  // namespace dtheta::gradcheck
