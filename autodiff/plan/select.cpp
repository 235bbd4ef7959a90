// Tape -> values and instructions. What the outputs do not need is left out; records that compute
// the same thing from the same operands become one; views cost nothing.

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <functional>

#include "autodiff/errors.hpp"
#include "autodiff/plan/program.hpp"

namespace dtheta::detail {
namespace {

/// Marks the records that the outputs need.
std::vector<char> needed_records(const Tape& tape, std::span<const std::uint32_t> roots) {
  std::vector<char> needed(tape.size(), 0);
  for (std::uint32_t r : roots) needed[r] = 1;
  for (std::uint32_t i = tape.size(); i-- > 0;) {
    if (!needed[i]) continue;
    for (std::uint32_t in : tape.inputs(i)) needed[in] = 1;
  }
  return needed;
}

class Selector {
 public:
  Selector(Program& program, const Tape& tape) : program_(program), tape_(tape) {}

  void add(std::uint32_t node) {
    const Node& n = tape_.node(node);
    program_.value_of_node[node] = n.role == Role::op ? op_value(node, n) : input_value(node, n);
  }

 private:
  std::uint32_t new_value(std::uint32_t node, const Node& n) {
    const auto id = static_cast<std::uint32_t>(program_.values.size());
    Value v;
    v.type = *n.type;
    v.role = n.role;
    v.node = node;
    v.storage = id;
    program_.values.push_back(v);
    return id;
  }

  std::uint32_t input_value(std::uint32_t node, const Node& n) {
    const std::uint32_t id = new_value(node, n);
    program_.values[id].persistent = true;
    program_.values[id].fixed = n.role == Role::constant;
    const bool scalar = n.role == Role::constant && n.attributes != nullptr;
    program_.initial.emplace_back(
        id, scalar ? Tensor(*static_cast<const double*>(n.attributes)) : tape_.value(node));
    return id;
  }

  std::uint32_t op_value(std::uint32_t node, const Node& n) {
    std::vector<std::uint32_t> in;
    for (std::uint32_t i : tape_.inputs(node)) in.push_back(program_.value_of_node.at(i));
    const std::size_t key = hash(n, in);
    const auto [first, last] = known_.equal_range(key);
    for (auto it = first; it != last; ++it) {
      if (same(it->second, n, in)) return it->second.value;
    }
    const std::uint32_t id = new_value(node, n);
    program_.values[id].fixed =
        std::ranges::all_of(in, [&](std::uint32_t v) { return program_.values[v].fixed; });
    if (n.op->info.view) {
      program_.values[id].storage = program_.values[in[0]].storage;
    } else {
      program_.instructions.push_back({n.op, copy_attributes(n), in, id});
    }
    known_.emplace(key, Known{n.op, n.attributes, in, id});
    return id;
  }

  const void* copy_attributes(const Node& n) {
    if (n.op->bytes == 0) return n.attributes;
    void* copy = program_.attributes.allocate(n.op->bytes);
    std::memcpy(copy, n.attributes, n.op->bytes);
    return copy;
  }

  struct Known {
    const OpRecord* op;
    const void* attributes;
    std::vector<std::uint32_t> inputs;
    std::uint32_t value;
  };

  static std::size_t hash(const Node& n, const std::vector<std::uint32_t>& in) {
    std::size_t h = std::hash<const void*>{}(n.op);
    for (std::uint32_t i : in) h = h * 0x9E3779B97F4A7C15U + i;
    return h;
  }
  static bool same(const Known& k, const Node& n, const std::vector<std::uint32_t>& in) {
    return k.op == n.op && k.inputs == in &&
           (n.op->bytes == 0 || n.op->equal(k.attributes, n.attributes));
  }

  Program& program_;
  const Tape& tape_;
  std::unordered_multimap<std::size_t, Known> known_;
};

/// Updates happen one after the other: a leaf that is itself updated may already be overwritten.
void require_computed(const Program& program, const Update& u) {
  const std::uint32_t source = program.values[u.value].storage;
  const bool moves = std::ranges::any_of(program.options.updates, [&](const auto& other) {
    return value_of(program, other.first) == source && source != u.leaf;
  });
  if (moves) {
    throw StateError("plan: an update takes its value from a leaf that is updated in the same run");
  }
}

void add_updates(Program& program) {
  for (const auto& [leaf, value] : program.options.updates) {
    const Update u{value_of(program, leaf), value_of(program, value)};
    const Value &to = program.values[u.leaf], &from = program.values[u.value];
    if (to.role != Role::leaf) throw StateError("plan: only a leaf can be updated");
    if (to.type != from.type) {
      throw ShapeError(fmt::format("plan: a leaf of shape {} cannot take a value of shape {}",
                                   to_string(to.type.shape), to_string(from.type.shape)));
    }
    require_computed(program, u);
    if (std::ranges::find(program.updates, u.leaf, &Update::leaf) != program.updates.end()) {
      throw StateError("plan: a leaf is updated twice");
    }
    program.updates.push_back(u);
  }
}

/// An output that is a leaf under another shape shares its memory: after an update it would show
/// the new value.
void refuse_views_of_updated_leaves(const Program& program, std::span<const Var> outputs) {
  for (Var y : outputs) {
    const std::uint32_t v = value_of(program, y), storage = program.values[v].storage;
    if (v != storage &&
        std::ranges::find(program.updates, storage, &Update::leaf) != program.updates.end()) {
      throw StateError(
          fmt::format("plan: the output {} is a leaf under another shape, and that leaf is "
                      "updated; ask for the "
                      "leaf itself, or for a computed value",
                      to_string(program.values[v].type.shape)));
    }
  }
}

}  // namespace

void select(Program& program, std::span<const Var> outputs) {
  const Tape& tape = *program.tape;
  std::vector<std::uint32_t> roots;
  for (Var y : outputs) roots.push_back(y.index());
  for (const auto& [leaf, value] : program.options.updates) {
    roots.push_back(leaf.index());
    roots.push_back(value.index());
  }
  const std::uint32_t last = roots.empty() ? 0 : *std::ranges::max_element(roots);
  for (const Guard& g : tape.guards()) {
    if (g.node <= last) roots.push_back(g.node);
  }

  const std::vector<char> needed = needed_records(tape, roots);
  Selector selector(program, tape);
  for (std::uint32_t i = 0; i < tape.size(); ++i) {
    if (needed[i]) selector.add(i);
  }
  for (std::uint32_t r : roots) {
    const std::uint32_t v = program.value_of_node.at(r);
    program.values[program.values[v].storage].persistent = true;
  }
  for (const Guard& g : tape.guards()) {
    if (g.node > last) continue;
    program.guards.push_back({program.value_of_node.at(g.node), g.taken, tape.node(g.node).where});
  }
  add_updates(program);
  refuse_views_of_updated_leaves(program, outputs);
}

std::uint32_t value_of(const Program& program, Var v) {
  const bool known =
      v.exists() && &v.tape() == program.tape && program.value_of_node.contains(v.index());
  if (!known) {
    throw StateError("plan: this value is neither among the plan's outputs nor needed by them");
  }
  return program.value_of_node.at(v.index());
}

}  // namespace dtheta::detail
