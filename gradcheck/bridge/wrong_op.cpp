#include "gradcheck/bridge/wrong_op.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <exception>

#include "autodiff/ops/arithmetic.hpp"
#include "autodiff/ops/broadcast.hpp"
#include "autodiff/tape.hpp"
#include "gradcheck/bridge/leaf_layout.hpp"
#include "gradcheck/bridge/local_difference.hpp"
#include "gradcheck/bridge/rule_trial.hpp"
#include "gradcheck/bridge/source_line.hpp"

namespace dtheta::gradcheck {
namespace {

/// One value that an op takes, as one operand or several.
struct Taken {
  std::uint32_t node;
  std::vector<int> operands;
  Var cotangent;  // the sum of what the rule gives them; may not exist
};

/// An op on the way from the leaves to the cost, with the cotangent that reached it.
struct Visit {
  std::uint32_t node;
  Var cotangent;
  std::vector<Taken> taken;
};

/// Reverse mode written out once more, keeping everything on the way.
class Walk {
 public:
  Walk(Var cost, std::span<const Var> leaves) : tape_(cost.tape()), last_(cost.index()) {
    mark(leaves);
    std::vector<Var> adjoint(last_ + 1);
    adjoint[last_] = broadcast_to(tape_.constant(1.0), cost.shape());
    for (std::uint32_t i = last_ + 1; i-- > 0 && broken_.empty();) {
      if (adjoint[i].exists() && depends_[i] && tape_.node(i).role == Role::op) {
        visit(i, adjoint);
      }
    }
  }

  [[nodiscard]] const std::vector<Visit>& visits() const { return visits_; }
  /// The rule that could not be used, if any.
  [[nodiscard]] const std::vector<WrongOp>& broken() const { return broken_; }

 private:
  void mark(std::span<const Var> leaves) {
    depends_.assign(last_ + 1, 0);
    for (const Var x : leaves) {
      if (x.index() <= last_) depends_[x.index()] = 1;
    }
    for (std::uint32_t i = 0; i <= last_; ++i) {
      const Node& node = tape_.node(i);
      if (node.role != Role::op || !node.op->info.differentiable || node.type->kind != Kind::real) {
        continue;
      }
      for (const std::uint32_t in : tape_.inputs(i)) depends_[i] |= depends_[in];
    }
  }

  void visit(std::uint32_t i, std::vector<Var>& adjoint) {
    const Node& node = tape_.node(i);
    const Primal primal{tape_.inputs(i), Var(tape_, i)};
    Visit visit{i, adjoint[i], {}};
    for (std::size_t k = 0; k < primal.in.size(); ++k) {
      const std::uint32_t x = primal.in[k];
      if (!depends_[x]) continue;
      const auto operand = static_cast<int>(k);
      const Shape& shape = primal[operand].shape();
      try {
        const Var v = node.op->vjp(node.attributes, operand, primal, adjoint[i]);
        if (v.exists() && v.shape() != shape) {
          return break_at(i, operand, shape,
                          fmt::format("it gives a cotangent of shape {}", to_string(v.shape())));
        }
        Taken& taken = entry(visit.taken, x);
        taken.operands.push_back(operand);
        if (v.exists()) taken.cotangent = taken.cotangent.exists() ? taken.cotangent + v : v;
      } catch (const std::exception& e) {
        return break_at(i, operand, shape, fmt::format("it throws: {}", e.what()));
      }
    }
    for (const Taken& taken : visit.taken) {
      Var& sum = adjoint[taken.node];
      if (taken.cotangent.exists()) {
        sum = sum.exists() ? sum + taken.cotangent : taken.cotangent;
      }
    }
    visits_.push_back(std::move(visit));
  }

  static Taken& entry(std::vector<Taken>& all, std::uint32_t node) {
    const auto known = std::ranges::find(all, node, &Taken::node);
    return known != all.end() ? *known : all.emplace_back(Taken{node, {}, {}});
  }

  void break_at(std::uint32_t i, int operand, const Shape& shape, std::string failure) {
    const Node& node = tape_.node(i);
    WrongOp wrong{std::string(node.op->info.name), i, node.where, {operand}, shape};
    wrong.failure = std::move(failure);
    broken_.push_back(std::move(wrong));
  }

  Tape& tape_;
  std::uint32_t last_;
  std::vector<char> depends_;
  std::vector<Visit> visits_;
  std::vector<WrongOp> broken_;
};

std::vector<Index> multi_index(const Shape& shape, std::size_t flat) {
  std::vector<Index> at(static_cast<std::size_t>(shape.rank()));
  auto rest = static_cast<Index>(flat);
  for (std::size_t axis = at.size(); axis-- > 0;) {
    at[axis] = rest % shape[static_cast<int>(axis)];
    rest /= shape[static_cast<int>(axis)];
  }
  return at;
}

/// Everything that the trials need, from one replay.
Workspace<double> replayed(Tape& tape, const Walk& walk, const LeafLayout& layout,
                           std::span<const double> theta) {
  std::vector<Var> outputs;
  for (const Visit& visit : walk.visits()) {
    outputs.push_back(visit.cotangent);
    for (const std::uint32_t in : tape.inputs(visit.node)) outputs.emplace_back(tape, in);
    for (const Taken& taken : visit.taken) {
      if (taken.cotangent.exists()) outputs.push_back(taken.cotangent);
    }
  }
  Workspace<double> ws{Plan(outputs)};
  layout.set(ws, theta);
  ws.run();
  return ws;
}

bool all_zero(std::span<const double> c) {
  return std::ranges::all_of(c, [](double v) { return v == 0.0; });
}

void try_op(Tape& tape, const Visit& visit, const Workspace<double>& ws,
            std::vector<WrongOp>& found) {
  const Node& node = tape.node(visit.node);
  const auto cotangent = ws[visit.cotangent];
  if (all_zero(cotangent)) return;
  std::vector<Tensor> operands;
  for (const std::uint32_t in : tape.inputs(visit.node)) operands.push_back(ws.tensor({tape, in}));
  LocalDifference local(*node.op, node.attributes, operands, cotangent);
  for (const Taken& taken : visit.taken) {
    const auto x = ws[Var(tape, taken.node)];
    const std::vector<double> nothing(taken.cotangent.exists() ? 0 : x.size(), 0.0);
    const std::span<const double> rule =
        taken.cotangent.exists() ? ws[taken.cotangent] : std::span<const double>(nothing);
    const auto element = RuleTrial(local, taken.operands, x, rule, visit.node).wrong_element();
    if (!element) continue;
    const Shape& shape = tape.node(taken.node).type->shape;
    found.push_back({std::string(node.op->info.name),
                     visit.node,
                     node.where,
                     taken.operands,
                     shape,
                     multi_index(shape, element->index),
                     element->rule,
                     element->difference,
                     {}});
  }
}

}  // namespace

std::string WrongOp::sentence() const {
  std::string text =
      fmt::format("the rule of {} (record {}, {}) is wrong for operand{} {} of shape {}: ", op,
                  node, source_line(where), operands.size() > 1 ? "s" : "",
                  fmt::join(operands, ", "), to_string(shape));
  if (!failure.empty()) return text + failure;
  const double ratio = analytic / numeric;
  text += fmt::format("for element [{}] it gives {:.9g}, a difference of the op alone {:.9g}",
                      fmt::join(at, ", "), analytic, numeric);
  if (std::isfinite(ratio) && ratio != 0.0) text += fmt::format(" (ratio {:.6g})", ratio);
  return text;
}

std::vector<WrongOp> find_wrong_ops(Var cost, std::span<const Var> leaves,
                                    std::span<const double> theta) {
  const LeafLayout layout(cost, leaves);
  layout.require_size(theta);
  Tape& tape = cost.tape();
  const Tape::Scratch scratch(tape);
  const Walk walk(cost, leaves);
  std::vector<WrongOp> found;
  if (!walk.visits().empty()) {
    const Workspace<double> ws = replayed(tape, walk, layout, theta);
    for (const Visit& visit : walk.visits()) try_op(tape, visit, ws, found);
  }
  found.insert(found.end(), walk.broken().begin(), walk.broken().end());
  return found;
}

}  // namespace dtheta::gradcheck
