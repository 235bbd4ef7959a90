#include "gradcheck/bridge/wrong_op.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <optional>

#include "autodiff/ops/arithmetic.hpp"
#include "autodiff/ops/broadcast.hpp"
#include "autodiff/tape.hpp"
#include "gradcheck/bridge/leaf_layout.hpp"
#include "gradcheck/bridge/local_difference.hpp"
#include "gradcheck/bridge/source_line.hpp"

namespace dtheta::gradcheck {
namespace {

// Rounding of a rule's double arithmetic stays far below; an error that matters to a check above.
constexpr double tolerance = 1e-10;
constexpr int most_corners = 16;  // elements of one operand that may lie on a corner

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

/// Moves in proportion to each element, so that none leaves the domain of its op.
std::vector<double> scales_of(std::span<const double> x) {
  double squares = 0;
  for (const double v : x) squares += v * v;
  const double typical =
      std::sqrt(squares / static_cast<double>(std::max<std::size_t>(1, x.size())));
  const double least = typical > 0 && std::isfinite(typical) ? 0x1p-20 * typical : 1.0;
  std::vector<double> scales;
  for (const double v : x) scales.push_back(std::max(std::abs(v), least));
  return scales;
}

/// The rule of one op for one of the values it takes.
class Trial {
 public:
  Trial(LocalDifference& local, const Taken& taken, std::span<const double> x,
        std::span<const double> rule, std::uint64_t seed)
      : local_(local), operands_(taken.operands), rule_(rule.begin(), rule.end()) {
    direction_ = scales_of(x);
    const Signs signs{seed};
    for (std::size_t j = 0; j < direction_.size(); ++j) direction_[j] *= signs(j);
  }

  struct Element {
    std::size_t index;
    double rule;
    double difference;
  };
  /// An element for which the rule is wrong.
  std::optional<Element> wrong_element() {
    for (int corners = 0; corners < most_corners; ++corners) {
      if (!compare(0, direction_.size()).wrong) return {};
      const std::size_t j = narrow_down();
      const Comparison one = compare(j, j + 1);
      if (one.wrong) {
        return Element{j, rule_[j], static_cast<double>(one.slope.value) / direction_[j]};
      }
      direction_[j] = 0;  // on a corner of the op, or the sum of many roundings: look elsewhere
    }
    return {};
  }

 private:
  struct Comparison {
    LocalDifference::Slope slope;
    Quad error;
    bool wrong;
  };

  Comparison compare(std::size_t first, std::size_t last) {
    std::vector<double> part(direction_.size(), 0.0);
    Quad analytic = 0, size = 0;
    for (std::size_t j = first; j < last; ++j) {
      part[j] = direction_[j];
      const Quad term = Quad(rule_[j]) * Quad(part[j]);
      analytic += term;
      size += abs(term);
    }
    Comparison c{local_.along(operands_, part), Quad(0), false};
    c.error = analytic - c.slope.value;
    if (!isfinite(c.error)) {
      c.wrong = isfinite(c.slope.value);  // where the op has no finite slope, any rule will do
      return c;
    }
    const Quad allowed = Quad(tolerance) * (size + c.slope.size);
    const bool below_first = c.slope.below < c.slope.above;
    const Quad low = below_first ? c.slope.below : c.slope.above;
    const Quad high = below_first ? c.slope.above : c.slope.below;
    c.wrong = abs(c.error) > allowed && (analytic < low - allowed || analytic > high + allowed);
    return c;
  }

  std::size_t narrow_down() {
    std::size_t first = 0, last = direction_.size();
    while (last - first > 1) {
      const std::size_t middle = first + (last - first) / 2;
      const Comparison left = compare(first, middle), right = compare(middle, last);
      const bool go_left = left.wrong && (!right.wrong || !(abs(left.error) < abs(right.error)));
      (go_left || !right.wrong ? last : first) = middle;
    }
    return first;
  }

  /// +1 or -1 with a magnitude between, so that no two elements cancel.
  struct Signs {
    std::uint64_t seed;
    double operator()(std::size_t j) const {
      std::uint64_t z = seed + 0x9e3779b97f4a7c15U * (j + 1);  // splitmix64
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
      z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
      z ^= z >> 31;
      const double size = 0.5 + 0.5 * static_cast<double>(z >> 12) * 0x1p-52;
      return (z & 1) != 0 ? size : -size;
    }
  };

  LocalDifference& local_;
  const std::vector<int>& operands_;
  std::vector<double> rule_;
  std::vector<double> direction_;
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
    const auto element = Trial(local, taken, x, rule, visit.node).wrong_element();
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
