// The walk, and what every rule uses: values at θ, positions, slices, spreading.

#include "gradcheck/bridge/probes/propagator.hpp"

#include <algorithm>

#include "autodiff/kernels/strided.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/shape/indexing.hpp"
#include "autodiff/ops/shape/rearrange.hpp"

namespace dtheta::gradcheck {
namespace {

const Change unchanged{};

}  // namespace

Shape behind(Index size, const Shape& shape) {
  std::vector<Index> dims{size};
  dims.insert(dims.end(), shape.begin(), shape.end());
  return Shape(dims);
}

Shape without_axis(const Shape& shape, int axis, Index leading) {
  std::vector<Index> dims;
  if (leading > 0) dims.push_back(leading);
  for (int i = 0; i < shape.rank(); ++i) {
    if (i != axis) dims.push_back(shape[i]);
  }
  return Shape(dims);
}

Var reapply(const Node& node, std::span<const Var> in) {
  const std::vector<Arg> args(in.begin(), in.end());
  return apply(*node.op, node.attributes, args);
}

std::optional<ProbeProgram> ProbeProgram::build(Var cost, Var leaf, const Workspace<double>& base,
                                                std::span<const char> depends, Index probes) {
  if (!cost.tape().guards().empty()) return {};  // a probe may take another branch
  ProbeProgram program;
  program.tape_ = std::make_unique<Tape>();
  program.probes_ = probes;
  program.values_ = program.tape_->leaf(Tensor(Shape{probes}));
  if (!Propagator(program, cost, leaf, base, depends).run()) return {};
  program.compile();
  return program;
}

void ProbeProgram::compile() {
  PlanOptions options;
  for (const BaseInput& b : bases_) options.settled.push_back(b.input);
  plan_.emplace(std::span(&cost_, 1), options);
}

ProbeProgram::Lane::Lane(const ProbeProgram& program)
    : ws_(*program.plan_),
      at_(static_cast<std::size_t>(program.probes_), -1),
      cost_(program.cost_) {
  const auto needed = [&](Var input) { return ws_.plan().has_leaf(input); };
  if (needed(program.values_)) values_ = ws_.leaf(program.values_);
  for (const PositionInput& p : program.positions_) {
    if (needed(p.input)) positions_.push_back({ws_.index_leaf(p.input), p.place});
  }
  for (const BaseInput& b : program.bases_) {
    if (!needed(b.input)) continue;
    Base& base = bases_.emplace_back(Base{{}, {}, b.source});
    if (b.input.is_index()) {
      base.indices = ws_.index_leaf(b.input);
    } else {
      base.real = ws_.leaf(b.input);
    }
  }
}

void ProbeProgram::Lane::move_to(const Workspace<double>& base) {
  for (const Base& b : bases_) {
    if (b.source.is_index()) {
      std::ranges::copy(base.indices(b.source), b.indices.begin());
    } else {
      std::ranges::copy(base[b.source], b.real.begin());
    }
  }
  ws_.settle();
}

void ProbeProgram::Lane::set(std::size_t k, Index position, double value) {
  if (!values_.empty()) values_[k] = value;
  if (at_[k] == position) return;  // as often in the next check
  at_[k] = position;
  for (const Position& p : positions_) p.input[k] = p.place(position);
}

Propagator::Propagator(ProbeProgram& program, Var cost, Var leaf, const Workspace<double>& base,
                       std::span<const char> depends)
    : program_(program),
      from_(cost.tape()),
      to_(*program.tape_),
      cost_(cost),
      leaf_(leaf),
      base_(base),
      depends_(depends) {}

bool Propagator::run() {
  changes_[leaf_.index()] = {Change::Extent::element, program_.values_, 0, {}};
  for (std::uint32_t i = leaf_.index() + 1; i <= cost_.index(); ++i) {
    const Node& node = from_.node(i);
    if (node.role != Role::op || !base_.plan().computes(Var(from_, i))) continue;
    const bool depends = std::ranges::any_of(from_.inputs(i), [&](std::uint32_t in) {
      return change_of(in).extent != Change::Extent::none;
    });
    if (!depends) continue;
    const Change c = rule_for(i);
    if (c.extent == Change::Extent::none) return false;
    program_.widest_ = std::max(program_.widest_, c.value.size() / count());
    changes_[i] = c;
  }
  const std::optional<Var> result = dense(cost_.index(), change_of(cost_.index()));
  if (!result) return false;
  program_.cost_ = reshape(*result, {count()});
  return true;
}

Change Propagator::rule_for(std::uint32_t node) {
  for (const auto rule :
       {&Propagator::elementwise, &Propagator::affine, &Propagator::matmul,
        &Propagator::matmul_of_slice, &Propagator::shared_weight, &Propagator::sum,
        &Propagator::view, &Propagator::slice, &Propagator::permute, &Propagator::softmax,
        &Propagator::standardize, &Propagator::convolution, &Propagator::pooling,
        &Propagator::channels, &Propagator::recurrent, &Propagator::cross_entropy,
        &Propagator::lookup, &Propagator::concat, &Propagator::batched}) {
    if (const Rule c = (this->*rule)(node)) return *c;
  }
  return unchanged;
}

const Change& Propagator::change_of(std::uint32_t node) const {
  const auto known = changes_.find(node);
  return known == changes_.end() ? unchanged : known->second;
}

const Shape& Propagator::shape_of(std::uint32_t node) const { return from_.node(node).type->shape; }

Var Propagator::base(std::uint32_t node) {
  const auto known = at_theta_.find(node);
  if (known != at_theta_.end()) return known->second;
  const Var source(from_, node);
  const Tensor now = base_.tensor(source);
  const Var v = depends_[node] ? to_.leaf(now) : to_.constant(now);
  if (depends_[node]) program_.bases_.push_back({v, source});
  at_theta_.emplace(node, v);
  return v;
}

Var Propagator::position_input(const PlaceOfProbe& place) {
  for (const auto& p : program_.positions_) {
    if (p.place == place) return p.input;
  }
  const Var input = to_.leaf(Tensor(Shape{count()}, DType::int64));
  program_.positions_.push_back({input, place});
  return input;
}

std::optional<PlaceOfProbe> Propagator::place_of(Var at) const {
  const auto known =
      std::ranges::find_if(program_.positions_, [&](const auto& p) { return p.input.is(at); });
  if (known == program_.positions_.end()) return {};
  return known->place;
}

Var Propagator::position_along(const Shape& shape, int axis) {
  return position_input({strides_of(shape)[static_cast<std::size_t>(axis)], shape[axis]});
}

std::optional<PlaceOfProbe> Propagator::place_of_part(const Change& c, Index size,
                                                      Index width) const {
  const auto known = place_of(c.at);
  if (!known || *known != PlaceOfProbe{known->stride, size} || size % width != 0) return {};
  return PlaceOfProbe{known->stride * width, size / width};
}

Var Propagator::base_slice(std::uint32_t node, int axis, Var at) {
  const Var whole = base(node);
  if (axis == 0) return take(whole, at, 0);
  std::vector<int> order{axis};
  for (int i = 0; i < whole.rank(); ++i) {
    if (i != axis) order.push_back(i);
  }
  // Done once for each θ. Each probe then reads a contiguous part.
  return take(dtheta::permute(whole, Axes(std::span<const int>(order))), at, 0);
}

Var Propagator::base_block(std::uint32_t node, const Change& c) {
  const Shape& shape = shape_of(node);
  std::vector<Index> blocks(shape.begin(), shape.end());
  const auto axis = blocks.begin() + c.axis;
  *axis /= c.width;
  blocks.insert(axis + 1, c.width);
  const Var apart = reshape(base(node), Shape(blocks));
  std::vector<int> order{c.axis};
  for (int i = 0; i < apart.rank(); ++i) {
    if (i != c.axis) order.push_back(i);
  }
  return take(dtheta::permute(apart, Axes(std::span<const int>(order))), c.at, 0);
}

Var Propagator::delta(std::uint32_t node, const Change& c) {
  if (c.extent == Change::Extent::element) {
    return c.value - take(reshape(base(node), {-1}), flat_position(shape_of(node).size()), 0);
  }
  if (c.extent == Change::Extent::block) return c.value - base_block(node, c);
  return c.value - base_slice(node, c.axis, c.at);
}

Propagator::Rule Propagator::spread(std::uint32_t node, const Change& c, const Shape& to) {
  const Shape& from = shape_of(node);
  int wide = -1, wide_axes = 0;
  for (int i = 0; i < from.rank(); ++i) {
    if (from[i] == 1) continue;
    wide = i;
    ++wide_axes;
  }
  if (wide_axes != 1) return {};
  const int axis = wide + to.rank() - from.rank();
  const Shape ones = without_axis(Shape(std::vector<Index>(static_cast<std::size_t>(to.rank()), 1)),
                                  axis, count());
  return Change{Change::Extent::slice, reshape(c.value, ones), axis, position_along(from, wide)};
}

std::optional<Var> Propagator::dense(std::uint32_t node, const Change& c) {
  const Shape& shape = shape_of(node);
  if (c.extent == Change::Extent::none) {
    return broadcast_to(base(node), behind(count(), shape));
  }
  if (c.extent == Change::Extent::dense) {
    if (c.lead == 0) return c.value;
    std::vector<int> order{c.lead};
    for (int i = 0; i <= shape.rank(); ++i) {
      if (i != c.lead) order.push_back(i);
    }
    return dtheta::permute(c.value, Axes(std::span<const int>(order)));
  }
  if (count() * shape.size() > largest_dense) return {};
  if (shape.size() == 1) return reshape(c.value, behind(count(), shape));
  if (c.extent == Change::Extent::element) {
    const Var hit =
        reshape(one_hot(flat_position(shape.size()), shape.size()), behind(count(), shape));
    std::vector<Index> ones(static_cast<std::size_t>(shape.rank()) + 1, 1);
    ones[0] = count();
    return where(hit, reshape(c.value, Shape(ones)), base(node));
  }
  // A slice is put into its axis, a block into that of the blocks, which is written out for it.
  const bool slice = c.extent == Change::Extent::slice;
  std::vector<Index> whole(shape.begin(), shape.end());
  const Index places = shape[c.axis] / c.width;
  if (!slice) {
    whole[static_cast<std::size_t>(c.axis)] = places;
    whole.insert(whole.begin() + c.axis + 1, c.width);
  }
  std::vector<Index> mask(whole.size() + 1, 1);
  mask[0] = count();
  mask[static_cast<std::size_t>(c.axis) + 1] = places;
  const Var hit = reshape(one_hot(c.at, places), Shape(mask));
  const Var all = where(hit, expand_dims(c.value, c.axis + 1), reshape(base(node), Shape(whole)));
  return reshape(all, behind(count(), shape));
}

}  // namespace dtheta::gradcheck
