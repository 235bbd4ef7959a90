#include "autodiff/checkpoint.hpp"

#include <algorithm>
#include <span>

#include "autodiff/op.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/operands.hpp"

namespace dtheta::detail {
namespace {

/// Both ops show their operand and cost nothing. Numbers keep equal ones apart: a plan merges what
/// is computed twice, which would bring back what was to be forgotten.
template <class Self>
struct Shown {
  template <class T>
  void forward(const Call<T>& call) const {
    const Index size = call.out_shape().size();
    with_elements(call, [&](auto* x, auto* out) { std::copy_n(x, size, out); });
  }
  [[nodiscard]] ValueType infer(Types in) const { return in[0]; }
  [[nodiscard]] static Var vjp(int, const Primal&, Var c) { return c; }
  [[nodiscard]] static Var jvp(const Primal&, std::span<const Var> tangents) { return tangents[0]; }
  [[nodiscard]] static Var batch(const Batch& b) { return b[0]; }
  static std::vector<Sample<Self>> samples() { return {{Self{}, {real({2, 3})}}}; }
  friend constexpr bool operator==(const Shown&, const Shown&) = default;
};

/// A result of a checkpoint, of which the records are those from `begin` to before `end`.
struct CheckpointEnd : Shown<CheckpointEnd> {
  static constexpr OpInfo info{.name = "checkpoint", .analytic = true, .view = true};
  std::uint32_t begin = 0, end = 0;
  friend constexpr bool operator==(const CheckpointEnd&, const CheckpointEnd&) = default;
};

/// A value from which a checkpoint is computed again.
struct Again : Shown<Again> {
  static constexpr OpInfo info{.name = "checkpoint_again", .analytic = true, .view = true};
  std::uint32_t number = 0;
  friend constexpr bool operator==(const Again&, const Again&) = default;
};

bool ends_checkpoint(const Node& node) { return node.op == &record_of<CheckpointEnd>; }

}  // namespace

Var checkpoint_end(std::uint32_t begin, Var y) {
  return checkpoint_end(begin, std::vector{y}).front();
}

std::vector<Var> checkpoint_end(std::uint32_t begin, std::vector<Var> ys) {
  if (ys.empty()) return ys;
  CheckpointEnd mark;
  mark.begin = begin;
  mark.end = ys.front().tape().size();
  for (Var& y : ys) {
    if (y.index() >= begin) y = apply(mark, {y});  // others are inputs, or from before
  }
  return ys;
}

void Recomputed::meet(std::uint32_t i) {
  const Node& node = tape_.node(i);
  if (!ends_checkpoint(node)) return;
  const auto& mark = *static_cast<const CheckpointEnd*>(node.attributes);
  record(mark.begin, mark.end, tape_.inputs(i)[0]);
}

/// Those of the records from `begin` on that `result` needs.
void Recomputed::record(std::uint32_t begin, std::uint32_t end, std::uint32_t result) {
  std::vector<char> needed(result - begin + 1, 0);
  needed.back() = 1;
  for (std::uint32_t i = result + 1; i-- > begin;) {
    if (!needed[i - begin] || tape_.node(i).role != Role::op) continue;
    for (const std::uint32_t in : tape_.inputs(i)) {
      if (in >= begin) needed[in - begin] = 1;
    }
  }
  std::unordered_map<std::uint32_t, std::uint32_t> inputs;  // what is not computed again
  const auto input = [&](std::uint32_t i) {
    if (tape_.node(i).role == Role::constant) return i;
    const auto [found, added] = inputs.try_emplace(i, 0);
    if (added) {
      Again again;
      again.number = tape_.size();
      found->second = apply(again, {tape_.var(place_of(i))}).index();
    }
    return found->second;
  };
  const auto done = [&](std::uint32_t i) {
    const auto found = again_.find(i);
    return found != again_.end() && found->second.end == end;
  };
  for (std::uint32_t i = begin; i <= result; ++i) {
    if (!needed[i - begin] || tape_.node(i).role != Role::op || done(i)) continue;
    const Tape::DerivativeOf scope(tape_, i);
    std::vector<std::uint32_t> in;
    for (const std::uint32_t k : tape_.inputs(i)) in.push_back(done(k) ? place_of(k) : input(k));
    if (ends_checkpoint(tape_.node(i))) {
      again_[i] = {in[0], end};  // of a checkpoint inside, which is met later
      continue;
    }
    std::vector<Arg> args;
    args.reserve(in.size());
    for (const std::uint32_t k : in) args.emplace_back(tape_.var(k));
    again_[i] = {apply(*tape_.node(i).op, tape_.node(i).attributes, args).index(), end};
  }
}

}  // namespace dtheta::detail
