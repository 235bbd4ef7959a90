#include "gradcheck/bridge/branches.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "autodiff/errors.hpp"
#include "autodiff/tape.hpp"
#include "gradcheck/bridge/source_line.hpp"

namespace dtheta::gradcheck {
namespace {

// Of the size of what is watched: less than this is no jump.
constexpr double least_jump = 1e-6;
// A smooth change halves with its interval; of a jump, one half keeps all.
constexpr double kept = 0.6;
constexpr int parts = 16;  // the first division, so that what is smooth looks straight in each
constexpr double finest = 0x1p-40;

/// Different for neighbours, so that two elements that exchange their parts are seen to.
Tensor cotangent_for(const Shape& shape) {
  Tensor c{shape};
  double k = 0;
  for (double& v : c.data<double>()) v = 1 + std::fmod(k++, 7) / 8;
  return c;
}

}  // namespace

Branches::Branches(Var cost, std::span<const Var> leaves, std::span<const double> theta)
    : layout_(cost, leaves), theta_(theta.begin(), theta.end()), tape_(cost.tape()) {
  layout_.require_size(theta);
  watch(leaves, cost);
}

void Branches::watch(std::span<const Var> leaves, Var cost) {
  const Tape::Scratch scratch(tape_);
  const std::vector<char> depends = dependents(cost, leaves);
  const Plan needed({cost}, {.reuse_memory = false, .fuse = false});
  for (std::uint32_t i = 0; i <= cost.index(); ++i) {
    const Node& node = tape_.node(i);
    if (node.role != Role::op || !depends[i] || !needed.computes(Var(tape_, i))) continue;
    const OpInfo& info = node.op->info;
    if (!info.differentiable) {
      if (!info.view) watched_.push_back({i, Var(tape_, i), Var(tape_, i).is_index()});
    } else if (!info.analytic && !info.linear && !info.multilinear) {
      watch_rule(tape_, i, depends);
    }
  }
  std::vector<Var> pieces;
  std::size_t end = 0;
  for (const Watched& w : watched_) {
    pieces.push_back(w.piece);
    ends_.push_back(end += static_cast<std::size_t>(w.piece.size()));
  }
  if (pieces.empty()) return;
  ws_.emplace(Plan(pieces, {.reuse_memory = false}));
  layout_.set(*ws_, theta_);
  ws_->run();
}

void Branches::watch_rule(Tape& tape, std::uint32_t i, std::span<const char> depends) {
  const Node& node = tape.node(i);
  const Primal primal{tape.inputs(i), Var(tape, i)};
  const Var c = tape.constant(cotangent_for(node.type->shape));
  for (std::size_t k = 0; k < primal.in.size(); ++k) {
    if (!depends[primal.in[k]] || primal[static_cast<int>(k)].is_index()) continue;
    try {
      const Var piece = node.op->vjp(node.attributes, static_cast<int>(k), primal, c);
      if (piece.exists()) watched_.push_back({i, piece, piece.is_index()});
    } catch (const std::invalid_argument&) {
      // No derivative for this cotangent, as of singular vectors where singular values coincide.
    }
  }
}

/// With another branch of a recorded `if`, all is computed all the same: the comparison jumps.
void Branches::replay(Var leaf) {
  try {
    ws_->rerun(leaf);
  } catch (const GuardError&) {
  }
}

Branches::Sample Branches::at(std::size_t entry, double move) {
  const auto place = layout_.place_of(entry);
  const Var x = layout_.leaves()[place.leaf];
  if (moved_ && *moved_ != place.leaf) replay(layout_.leaves()[*moved_]);
  moved_ = place.leaf;
  double& element = ws_->leaf(x)[place.element];
  element = theta_[entry] + move;
  try {
    replay(x);
  } catch (...) {
    element = theta_[entry];
    throw;
  }
  element = theta_[entry];
  Sample sample{move, {}};
  sample.pieces.reserve(ends_.back());
  for (const Watched& w : watched_) {
    if (w.is_index) {
      for (const Index v : ws_->indices(w.piece)) sample.pieces.push_back(static_cast<double>(v));
    } else {
      const auto v = (*ws_)[w.piece];
      sample.pieces.insert(sample.pieces.end(), v.begin(), v.end());
    }
  }
  return sample;
}

void Branches::widen_scale(const Sample& sample) {
  std::size_t first = 0;
  for (std::size_t w = 0; w < watched_.size(); ++w) {
    for (std::size_t e = first; e < ends_[w]; ++e) {
      const double size = std::abs(sample.pieces[e]);
      if (std::isfinite(size)) scale_[w] = std::max(scale_[w], size);
    }
    first = ends_[w];
  }
}

std::optional<std::size_t> Branches::jumping(const Sample& a, const Sample& b,
                                             std::span<const double> parent) const {
  std::size_t first = 0;
  for (std::size_t w = 0; w < watched_.size(); ++w) {
    for (std::size_t e = first; e < ends_[w]; ++e) {
      const double change = std::abs(a.pieces[e] - b.pieces[e]);
      if (change > least_jump * scale_[w] && (parent.empty() || change > kept * parent[e])) {
        return e;
      }
    }
    first = ends_[w];
  }
  return {};
}

std::optional<Branches::Jump> Branches::narrow(std::size_t entry, const Sample& near,
                                               const Sample& far) {
  std::vector<double> change(near.pieces.size());
  for (std::size_t e = 0; e < change.size(); ++e) {
    change[e] = std::abs(near.pieces[e] - far.pieces[e]);
  }
  const double middle = 0.5 * (near.move + far.move);
  if (std::abs(far.move - near.move) <= narrowest_ || middle == near.move || middle == far.move) {
    const auto element = jumping(near, far, {});
    return element ? std::optional(Jump{near.move, *element}) : std::nullopt;
  }
  const Sample between = at(entry, middle);
  if (jumping(near, between, change)) {
    if (const auto jump = narrow(entry, near, between)) return jump;
  }
  return jumping(between, far, change) ? narrow(entry, between, far) : std::nullopt;
}

std::optional<Branches::Jump> Branches::first_jump(std::size_t entry, const Sample& here,
                                                   double reach) {
  std::vector<Sample> grid{here};
  for (int k = 1; k <= parts; ++k) grid.push_back(at(entry, reach * k / parts));
  for (const Sample& sample : grid) widen_scale(sample);
  for (int k = 0; k < parts; ++k) {
    const Sample& near = grid[static_cast<std::size_t>(k)];
    const Sample& far = grid[static_cast<std::size_t>(k) + 1];
    if (!jumping(near, far, {})) continue;
    if (const auto jump = narrow(entry, near, far)) return jump;
  }
  return {};
}

Corner Branches::corner(const Jump& jump) const {
  const auto w = std::ranges::upper_bound(ends_, jump.element) - ends_.begin();
  const Node& node = tape_.node(watched_[static_cast<std::size_t>(w)].node);
  return {std::abs(jump.near) <= 2 * narrowest_ ? 0.0 : jump.near,
          fmt::format("{} recorded at {}", node.op->info.name, source_line(node.where))};
}

/// Where each piece at θ lies on the way from below to above; alike, the slope of J lies there too.
bool Branches::mixed(std::size_t entry, const Sample& here) {
  const Sample below = at(entry, -4 * narrowest_), above = at(entry, 4 * narrowest_);
  constexpr double alike = 0.01;
  double lowest = 1, highest = 0;
  std::size_t e = 0;
  for (std::size_t w = 0; w < watched_.size(); ++w) {
    for (; e < ends_[w]; ++e) {
      const double jump = above.pieces[e] - below.pieces[e];
      if (!(std::abs(jump) > least_jump * scale_[w])) continue;
      const double part = (here.pieces[e] - below.pieces[e]) / jump;
      lowest = std::min(lowest, part);
      highest = std::max(highest, part);
    }
  }
  return highest - lowest > alike;
}

std::optional<Corner> Branches::nearest(std::size_t entry, double reach) {
  const auto place = layout_.place_of(entry);
  if (!ws_ || !ws_->plan().has_leaf(layout_.leaves()[place.leaf])) return {};
  constexpr double roundings = 4 * std::numeric_limits<double>::epsilon();
  narrowest_ = std::max(finest * reach, roundings * std::abs(theta_[entry]));
  scale_.assign(watched_.size(), 0.0);
  const Sample here = at(entry, 0.0);
  const auto above = first_jump(entry, here, reach);
  const auto below = first_jump(entry, here, -reach);
  if (!above && !below) return {};
  const bool up = above && (!below || above->near <= -below->near);
  Corner found = corner(up ? *above : *below);
  found.mixed = found.move == 0.0 && mixed(entry, here);
  return found;
}

}  // namespace dtheta::gradcheck
