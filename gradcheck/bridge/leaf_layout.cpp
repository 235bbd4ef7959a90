#include "gradcheck/bridge/leaf_layout.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "autodiff/errors.hpp"
#include "autodiff/tape.hpp"
#include "gradcheck/errors.hpp"

namespace dtheta::gradcheck {
namespace {

/// Records, for a message, what a Var is.
std::string described(const Node& node) {
  if (node.role == Role::constant) return "a constant";
  return fmt::format("the result of {}, recorded at {}:{}", node.op->info.name,
                     node.where.file_name(), node.where.line());
}

}  // namespace

void require_single(Var cost) {
  if (!cost.exists()) throw ValueError("check: the cost was not recorded");
  if (cost.size() == 1 && !cost.is_index()) return;
  throw ShapeError(fmt::format(
      "check: the cost has shape {}, but only a single real number has a gradient; reduce it first",
      to_string(cost.shape())));
}

void require_leaf(Var cost, Var x, std::string_view name) {
  if (!x.exists()) throw ValueError(fmt::format("check: {} was not recorded", name));
  if (&x.tape() != &cost.tape()) {
    throw ValueError(fmt::format("check: {} is recorded on another tape than the cost", name));
  }
  const Node& node = x.tape().node(x);
  if (node.role != Role::leaf) {
    throw ValueError(fmt::format(
        "check: {} is not a leaf but {}; only a leaf (Tape::leaf) can be moved to check by it",
        name, described(node)));
  }
  if (x.is_index()) {
    throw ValueError(fmt::format("check: {} holds indices, which have no derivative", name));
  }
}

std::vector<char> dependents(Var cost, std::span<const Var> leaves) {
  const Tape& tape = cost.tape();
  std::vector<char> depends(cost.index() + 1, 0);
  for (const Var x : leaves) {
    if (x.index() <= cost.index()) depends[x.index()] = 1;
  }
  for (std::uint32_t i = 0; i <= cost.index(); ++i) {
    for (const std::uint32_t in : tape.inputs(i)) depends[i] |= depends[in];
  }
  return depends;
}

LeafLayout::LeafLayout(Var cost, std::span<const Var> leaves)
    : leaves_(leaves.begin(), leaves.end()) {
  require_single(cost);
  offsets_.push_back(0);
  for (std::size_t k = 0; k < leaves_.size(); ++k) {
    require_leaf(cost, leaves_[k], fmt::format("leaf {} of theta", k));
    offsets_.push_back(offsets_.back() + static_cast<std::size_t>(leaves_[k].size()));
  }
}

LeafLayout::Place LeafLayout::place_of(std::size_t position) const {
  const auto after = std::ranges::upper_bound(offsets_, position);
  const auto leaf = static_cast<std::size_t>(after - offsets_.begin()) - 1;
  return {leaf, position - offsets_[leaf]};
}

void LeafLayout::require_size(std::span<const double> theta) const {
  if (theta.size() == size()) return;
  throw ShapeError(fmt::format("probe: theta has {} entries, but the leaves together have {}",
                               theta.size(), size()));
}

void LeafLayout::require_within(std::span<const Probe> probes,
                                std::span<const double> answers) const {
  if (answers.size() < probes.size()) {
    throw ShapeError(
        fmt::format("probe: {} probes, but room for {} answers", probes.size(), answers.size()));
  }
  for (const Probe& probe : probes) {
    if (probe.index < size()) continue;
    throw ShapeError(
        fmt::format("probe: there is no entry {} in a theta of {} entries", probe.index, size()));
  }
}

}  // namespace dtheta::gradcheck
