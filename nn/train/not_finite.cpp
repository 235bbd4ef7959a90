#include "nn/train/not_finite.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <type_traits>

#include "autodiff/tape.hpp"
#include "nn/train/flush_subnormals.hpp"

namespace dtheta::nn {
namespace {

enum class State { finite, infinite, nan };

/// All that some values of a tape depend on, computed and kept.
template <class T>
class Replay {
 public:
  Replay(std::span<const Var> roots, const std::function<void(Workspace<T>&)>& set_leaves,
         std::span<const Var> batch)
      : tape_(roots.front().tape()) {
    collect(roots);
    for (const Var b : batch) of_batch_.insert(b.index());
    std::vector<Var> outputs;
    for (const std::uint32_t i : cone_) {
      if (tape_.node(i).role != Role::constant) outputs.push_back(tape_.var(i));
      const auto depends = [&](std::uint32_t in) { return of_batch_.contains(in); };
      if (std::ranges::any_of(tape_.inputs(i), depends)) of_batch_.insert(i);
    }
    ws_.emplace(Plan(outputs, {.reuse_memory = false, .fuse = false}));
    set_leaves(*ws_);
    // As a training computes; in double a subnormal number is one.
    std::optional<FlushSubnormals> scope;
    if constexpr (std::is_same_v<T, float>) scope.emplace();
    try {
      ws_->run();
    } catch (const GuardError&) {
      // A branch on a value that is not finite goes its own way: all is computed nevertheless.
    }
  }

  [[nodiscard]] Tape& tape() const { return tape_; }
  [[nodiscard]] bool is_of_batch(std::uint32_t i) const { return of_batch_.contains(i); }
  /// Empty for constants and indices, which nobody blames.
  [[nodiscard]] std::span<const T> values(std::uint32_t i) const {
    const Var v = tape_.var(i);
    if (tape_.node(i).role == Role::constant || v.is_index()) return {};
    return (*ws_)[v];
  }
  [[nodiscard]] State state(std::uint32_t i) const {
    State worst = State::finite;
    for (const T v : values(i)) {
      if (std::isnan(v)) return State::nan;
      if (std::isinf(v)) worst = State::infinite;
    }
    return worst;
  }

 private:
  void collect(std::span<const Var> roots) {
    std::vector<std::uint32_t> waiting;
    std::set<std::uint32_t> seen;
    for (const Var r : roots) waiting.push_back(r.index());
    while (!waiting.empty()) {
      const std::uint32_t i = waiting.back();
      waiting.pop_back();
      if (!seen.insert(i).second) continue;
      const auto in = tape_.inputs(i);
      waiting.insert(waiting.end(), in.begin(), in.end());
    }
    cone_.assign(seen.begin(), seen.end());
  }

  Tape& tape_;
  std::vector<std::uint32_t> cone_;  // in the order of the tape
  std::set<std::uint32_t> of_batch_;
  std::optional<Workspace<T>> ws_;
};

std::string name_of(const Tape& tape, std::uint32_t i) {
  const Node& node = tape.node(i);
  if (node.role == Role::op) return std::string(node.op->info.name);
  if (node.role == Role::constant) return "constant";
  const std::string_view name = tape.name(i);
  return name.empty() ? "leaf" : std::string(name);
}

template <class T>
OperandRange range_of(const Replay<T>& replay, std::uint32_t i) {
  OperandRange range{.name = name_of(replay.tape(), i), .shape = replay.tape().node(i).type->shape};
  double low = INFINITY, high = -INFINITY;
  const auto take = [&](double v) {
    if (std::isnan(v))
      ++range.nans;
    else if (std::isinf(v))
      ++range.infinities;
    else
      low = std::min(low, v), high = std::max(high, v);
  };
  const Tensor fixed = replay.values(i).empty() ? replay.tape().value(i) : Tensor();
  if (!replay.values(i).empty()) {
    for (const T v : replay.values(i)) take(static_cast<double>(v));
  } else if (fixed.dtype() != DType::int64) {
    const Tensor wide = fixed.to(DType::float64);
    for (const double v : wide.data<double>()) take(v);
  }
  const bool none = low > high;
  range.lowest = none ? std::numeric_limits<double>::quiet_NaN() : low;
  range.highest = none ? std::numeric_limits<double>::quiet_NaN() : high;
  return range;
}

std::string layer_of(std::span<const LayerCall> calls, std::uint32_t node) {
  const LayerCall* deepest = nullptr;
  for (const LayerCall& c : calls) {
    if (node < c.first_node || node >= c.end_node) continue;
    if (deepest == nullptr || c.depth >= deepest->depth) deepest = &c;
  }
  if (deepest == nullptr) return {};
  return deepest->path.empty() ? deepest->type
                               : fmt::format("{} ({})", deepest->path, deepest->type);
}

std::vector<Index> place_in(const Shape& shape, Index flat) {
  std::vector<Index> at(static_cast<std::size_t>(shape.rank()));
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    at[static_cast<std::size_t>(axis)] = flat % shape[axis];
    flat /= shape[axis];
  }
  return at;
}

template <class T>
NotFiniteValue described(const Replay<T>& replay, std::uint32_t i, std::span<const LayerCall> calls,
                         std::span<const Var> batch) {
  const Tape& tape = replay.tape();
  const Node& node = tape.node(i);
  NotFiniteValue v{.node = i, .where = node.where, .shape = node.type->shape};
  (node.role == Role::op ? v.op : v.name) = name_of(tape, i);
  v.in_derivative = node.origin != Node::none;
  v.layer = layer_of(calls, v.in_derivative ? node.origin : i);
  const std::span<const T> values = replay.values(i);
  // The first NaN, where there is one.
  const bool nan = replay.state(i) == State::nan;
  const auto is_it = [&](T x) { return nan ? std::isnan(x) : std::isinf(x); };
  const auto first = std::ranges::find_if(values, is_it);
  v.value = static_cast<double>(*first);
  v.count = std::ranges::count_if(values, [](T x) { return !std::isfinite(x); });
  v.at = place_in(v.shape, first - values.begin());
  const Index examples = batch.empty() ? 0 : batch.front().shape()[0];
  if (!v.at.empty() && v.shape[0] == examples && replay.is_of_batch(i)) v.example = v.at.front();
  for (const std::uint32_t in : tape.inputs(i)) v.operands.push_back(range_of(replay, in));
  return v;
}

/// The operand that is as bad as `state`; none if there is no such.
template <class T>
std::optional<std::uint32_t> bad_operand(const Replay<T>& replay, std::uint32_t i, State state) {
  for (const std::uint32_t in : replay.tape().inputs(i)) {
    if (replay.state(in) == state) return in;
  }
  return {};
}

std::string number(double v) {
  return std::isnan(v) ? std::string("nan") : fmt::format("{:.6g}", v);
}

std::string text_of(const OperandRange& r) {
  std::string text = fmt::format("{} {} ", r.name, to_string(r.shape));
  if (std::isnan(r.lowest))
    text += "without a finite real element";
  else
    text += fmt::format("in [{:.6g}, {:.6g}]", r.lowest, r.highest);
  if (r.infinities > 0) text += fmt::format(", {} infinite", r.infinities);
  if (r.nans > 0) text += fmt::format(", {} nan", r.nans);
  return text;
}

}  // namespace

template <class T>
std::optional<NotFinite> find_not_finite(std::span<const Var> roots,
                                         const std::function<void(Workspace<T>&)>& set_leaves,
                                         std::span<const LayerCall> calls,
                                         std::span<const Var> batch) {
  if (roots.empty()) return {};
  const Replay<T> replay(roots, set_leaves, batch);
  std::optional<std::size_t> first;
  for (std::size_t r = 0; r < roots.size(); ++r) {
    if (replay.state(roots[r].index()) == State::finite) continue;
    if (!first || roots[r].index() < roots[*first].index()) first = r;
  }
  if (!first) return {};
  std::uint32_t at = roots[*first].index();
  NotFinite found{.root = *first, .value = described(replay, at, calls, batch).value};
  // NaN comes from NaN as long as there is one, then from an infinity, as inf - inf or 0 * inf;
  // infinities from infinities. So the way back has two places to tell of.
  while (const auto next = bad_operand(replay, at, State::nan)) at = *next;
  const State here = replay.state(at);
  if (here == State::nan) found.trail.push_back(described(replay, at, calls, batch));
  if (here == State::infinite || bad_operand(replay, at, State::infinite)) {
    while (const auto next = bad_operand(replay, at, State::infinite)) at = *next;
    found.trail.insert(found.trail.begin(), described(replay, at, calls, batch));
  }
  return found;
}

template std::optional<NotFinite> find_not_finite<float>(
    std::span<const Var>, const std::function<void(Workspace<float>&)>&, std::span<const LayerCall>,
    std::span<const Var>);
template std::optional<NotFinite> find_not_finite<double>(
    std::span<const Var>, const std::function<void(Workspace<double>&)>&,
    std::span<const LayerCall>, std::span<const Var>);

std::string NotFiniteValue::sentence() const {
  std::string text = op.empty() ? name : op;
  text += fmt::format(" (record {}", node);
  if (!op.empty() && where.line() != 0)
    text += fmt::format(", {}:{}", where.file_name(), where.line());
  text += ")";
  if (in_derivative) text += " in the gradient";
  if (!layer.empty()) text += fmt::format("{} layer {}", in_derivative ? " of" : " in", layer);
  text += fmt::format(": {} of {} elements of {} {} not finite, the first ", count, shape.size(),
                      to_string(shape), count == 1 ? "is" : "are");
  if (!at.empty()) text += fmt::format("[{}] ", fmt::join(at, ", "));
  text += fmt::format("is {}", number(value));
  for (const OperandRange& r : operands) text += "\n    of " + text_of(r);
  return text;
}

}  // namespace dtheta::nn
