// Tape -> values and instructions. What the outputs do not need is left out; records that compute
// the same thing from the same operands become one; views cost nothing.

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <iterator>
#include <utility>

#include "autodiff/errors.hpp"
#include "autodiff/plan/known.hpp"
#include "autodiff/plan/program.hpp"

namespace dtheta::detail {
namespace {

/// Which of the records from `first` on the outputs need.
struct Needed {
  std::uint32_t first;
  std::vector<char> marks;
  // How much there is of what is needed:
  std::size_t ops = 0, others = 0, inputs = 0, initial_elements = 0;
};

/// Goes back no further than what is needed: a plan for a few records of a long tape is cheap.
Needed needed_records(const Tape& tape, std::span<const std::uint32_t> roots) {
  const std::uint32_t end = *std::ranges::max_element(roots) + 1;
  Needed needed{end, std::vector<char>(end, 0)};
  std::size_t waiting = 0;  // marked, but not yet visited
  const auto mark = [&](std::uint32_t i) {
    if (!needed.marks[i]) ++waiting;
    needed.marks[i] = 1;
  };
  std::ranges::for_each(roots, mark);
  while (waiting > 0) {
    if (!needed.marks[--needed.first]) continue;
    --waiting;
    if (const Node& n = tape.node(needed.first); n.role == Role::op) {
      std::ranges::for_each(tape.inputs(needed.first), mark);
      ++needed.ops;
      needed.inputs += n.input_count;
    } else {
      ++needed.others;
      needed.initial_elements += static_cast<std::size_t>(n.type->shape.size());
    }
  }
  needed.marks.erase(needed.marks.begin(), needed.marks.begin() + needed.first);
  return needed;
}

class Selector {
 public:
  Selector(Program& program, const Tape& tape, const Needed& needed)
      : p_(program),
        tape_(tape),
        first_(needed.first),
        value_of_(needed.marks.size(), no_id),
        known_(needed.ops + needed.others) {
    p_.values.reserve(needed.ops + needed.others);
    p_.value_of_node.reserve(needed.ops + needed.others);
    p_.instructions.reserve(needed.ops);
    p_.inputs.reserve(needed.inputs);
    p_.initial.reserve(needed.others);
    p_.initial_bytes.reserve(needed.initial_elements * sizeof(double));
    std::ranges::transform(p_.options.settled, std::back_inserter(settled_), &Var::index);
    std::ranges::sort(settled_);
  }

  void add(std::uint32_t node) {
    const Node& n = tape_.node(node);
    const std::uint32_t v = n.role == Role::op ? op_value(node, n) : input_value(node, n);
    value_of_[node - first_] = v;
    p_.value_of_node.push_back({node, v});
  }

 private:
  std::uint32_t new_value(const Node& n) {
    const auto id = static_cast<std::uint32_t>(p_.values.size());
    p_.values.push_back({.type = p_.types.find_or_add(*n.type), .storage = id, .role = n.role});
    return id;
  }

  std::uint32_t input_value(std::uint32_t node, const Node& n) {
    const std::uint32_t id = new_value(n);
    p_.values[id].persistent = true;
    p_.values[id].fixed = n.role == Role::constant || is_settled(node);
    const bool scalar = n.role == Role::constant && n.attributes != nullptr;
    if (scalar)
      keep(id, DType::float64, n.attributes, sizeof(double));
    else
      keep(id, is_index(n) ? DType::int64 : p_.precision, n.value, value_bytes(n));
    return id;
  }

  [[nodiscard]] bool is_settled(std::uint32_t node) const {
    return std::ranges::binary_search(settled_, node);
  }

  void keep(std::uint32_t v, DType dtype, const void* elements, std::size_t bytes) {
    const std::size_t start = p_.initial_bytes.size();
    constexpr std::size_t unit = sizeof(double);
    p_.initial_bytes.resize(start + (bytes + unit - 1) / unit * unit);
    if (bytes > 0) std::memcpy(p_.initial_bytes.data() + start, elements, bytes);
    p_.initial.push_back({v, dtype, start});
  }

  static bool is_index(const Node& n) { return n.type->kind == Kind::index; }
  [[nodiscard]] std::size_t value_bytes(const Node& n) const {
    const std::size_t width = is_index(n) ? sizeof(Index) : size_of(p_.precision);
    return static_cast<std::size_t>(n.type->shape.size()) * width;
  }

  std::uint32_t op_value(std::uint32_t node, const Node& n) {
    // A view is an instruction, too, until all are selected: equal ones are merged.
    const Instruction added{n.op, n.attributes, static_cast<std::uint32_t>(p_.inputs.size()),
                            n.input_count, static_cast<std::uint32_t>(p_.values.size())};
    for (std::uint32_t i : tape_.inputs(node)) p_.inputs.push_back(value_of_[i - first_]);
    const std::span<const std::uint32_t> in = p_.inputs_of(added);
    const auto position = static_cast<std::uint32_t>(p_.instructions.size());
    const std::uint32_t known =
        known_.find_or_add(std::ranges::max(in), hash(n, in), position,
                           [&](std::uint32_t i) { return same(p_.instructions[i], added); });
    if (known != no_id) {
      p_.inputs.resize(added.first_input);
      return p_.instructions[known].output;
    }
    p_.instructions.push_back(added);
    Value& value = p_.values[new_value(n)];
    value.fixed = std::ranges::all_of(in, [&](std::uint32_t v) { return p_.values[v].fixed; });
    if (n.op->info.view) value.storage = p_.values[in[0]].storage;
    return added.output;
  }

  /// Attributes have no hash; but equal ones lead to equal results, so these stand for them.
  [[nodiscard]] std::uint64_t hash(const Node& n, std::span<const std::uint32_t> in) const {
    std::uint64_t h = std::bit_cast<std::uintptr_t>(n.op);
    for (std::uint32_t i : in) h = mixed(h, i);
    if (n.op->bytes == 0) return h;
    std::uint64_t result = 0;
    if (const std::size_t bytes = value_bytes(n); bytes > 0) {
      std::memcpy(&result, n.value, std::min(bytes, sizeof result));
    }
    return mixed(h, result);
  }

  [[nodiscard]] bool same(const Instruction& a, const Instruction& b) const {
    return a.op == b.op && std::ranges::equal(p_.inputs_of(a), p_.inputs_of(b)) &&
           (a.op->bytes == 0 || a.op->equal(a.attributes, b.attributes));
  }

  Program& p_;
  const Tape& tape_;
  std::uint32_t first_;
  std::vector<std::uint32_t> settled_;   // leaves, sorted
  std::vector<std::uint32_t> value_of_;  // by record, from the first that is needed
  KnownInstructions known_;
};

/// Adds the updates; the result marks the leaves that they move.
std::vector<char> add_updates(Program& program) {
  std::vector<char> moves(program.values.size(), 0);
  program.updates.reserve(program.options.updates.size());
  for (const auto& [leaf, value] : program.options.updates) {
    const Update u{value_of(program, leaf), value_of(program, value)};
    const ValueType &to = program.type_of(u.leaf), &from = program.type_of(u.value);
    if (program.values[u.leaf].role != Role::leaf) {
      throw StateError("plan: only a leaf can be updated");
    }
    if (program.values[u.leaf].fixed) {
      throw StateError("plan: a leaf that is updated by each run cannot be settled");
    }
    if (to != from) {
      throw ShapeError(fmt::format("plan: a leaf of shape {} cannot take a value of shape {}",
                                   to_string(to.shape), to_string(from.shape)));
    }
    if (std::exchange(moves[u.leaf], 1)) throw StateError("plan: a leaf is updated twice");
    program.updates.push_back(u);
  }
  // They happen one after the other: a leaf that is itself updated may already be overwritten.
  for (const Update& u : program.updates) {
    const std::uint32_t source = program.values[u.value].storage;
    if (moves[source] && source != u.leaf) {
      throw StateError(
          "plan: an update takes its value from a leaf that is updated in the same run");
    }
  }
  return moves;
}

/// An output that is a leaf under another shape shares its memory: after an update it would show
/// the new value.
void refuse_views_of_updated_leaves(const Program& program, std::span<const Var> outputs,
                                    const std::vector<char>& moves) {
  for (Var y : outputs) {
    const std::uint32_t v = value_of(program, y), storage = program.values[v].storage;
    if (v == storage || !moves[storage]) continue;
    throw StateError(
        fmt::format("plan: the output {} is a leaf under another shape, and that leaf is updated; "
                    "ask for the leaf itself, or for a computed value",
                    to_string(program.type_of(v).shape)));
  }
}

}  // namespace

void select(Program& program, const Tape& tape, std::span<const Var> outputs) {
  std::vector<std::uint32_t> roots;
  roots.reserve(outputs.size() + 2 * program.options.updates.size());
  for (Var y : outputs) roots.push_back(y.index());
  for (const auto& [leaf, value] : program.options.updates) {
    roots.push_back(leaf.index());
    roots.push_back(value.index());
  }
  const std::uint32_t last = roots.empty() ? 0 : *std::ranges::max_element(roots);
  for (const Guard& g : tape.guards()) {
    if (g.node <= last) roots.push_back(g.node);
  }

  const Needed needed = needed_records(tape, roots);
  Selector selector(program, tape, needed);
  for (std::size_t i = 0; i < needed.marks.size(); ++i) {
    if (needed.marks[i]) selector.add(needed.first + static_cast<std::uint32_t>(i));
  }
  std::erase_if(program.instructions, [](const Instruction& i) { return i.op->info.view; });
  for (std::uint32_t r : roots) {
    program.values[program.values[program.find(r)].storage].persistent = true;
  }
  for (const Guard& g : tape.guards()) {
    if (g.node > last) continue;
    program.guards.push_back({program.find(g.node), g.taken, tape.node(g.node).where});
  }
  refuse_views_of_updated_leaves(program, outputs, add_updates(program));
}

std::uint32_t Program::find(std::uint32_t node) const {
  const std::vector<NodeValue>& list = value_of_node;
  if (list.empty() || node < list.front().node || node > list.back().node) return no_id;
  // Nodes rise by one at least from entry to entry, and mostly by one.
  const std::size_t latest = std::min<std::size_t>(node - list.front().node, list.size() - 1);
  const std::size_t back = std::min<std::size_t>(list[latest].node - node, latest);
  const auto found = std::ranges::lower_bound(list.begin() + static_cast<Index>(latest - back),
                                              list.begin() + static_cast<Index>(latest), node, {},
                                              &NodeValue::node);
  return found->node == node ? found->value : no_id;
}

std::uint32_t Program::find(Var v) const {
  return v.slot() == slot && (v.place() ^ base) >> 32 == 0 ? find(v.index()) : no_id;
}

std::uint32_t value_of(const Program& program, Var v) {
  const std::uint32_t known = program.find(v);
  if (known == no_id) {
    throw StateError("plan: this value is neither among the plan's outputs nor needed by them");
  }
  return known;
}

}  // namespace dtheta::detail
