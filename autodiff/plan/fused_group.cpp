#include "autodiff/plan/fused_group.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace dtheta::detail {

namespace {

/// Elements of a tile for `count` elements: no more than needed, in whole cache lines.
template <Scalar T>
std::size_t padded_tile(std::size_t count) {
  constexpr std::size_t line = std::max<std::size_t>(storage_alignment / sizeof(T), 1);
  return std::max<std::size_t>((std::min(tile_size, count) + line - 1) / line, 1) * line;
}

}  // namespace

template <Scalar T>
std::size_t FusedGroup<T>::tile_elements(const Program& program, const Step& step,
                                         std::size_t count) {
  std::size_t tiles = 0;  // at most one for each operand and result
  for (std::uint32_t i : step.instructions) tiles += program.instructions[i].inputs.size() + 1;
  return tiles * padded_tile<T>(count);
}

template <Scalar T>
FusedGroup<T>::FusedGroup(const Program& program, const Step& step, T* real, T* tiles,
                          std::size_t first_element, std::size_t last_element)
    : first_(first_element),
      last_(last_element),
      next_tile_(tiles),
      tile_length_(padded_tile<T>(last_element - first_element)) {
  const Instruction& first = program.instructions[step.instructions[0]];
  shape_ = program.values[first.output].type.shape;
  for (std::uint32_t i : step.instructions) bind_member(program, program.instructions[i], real);
  known_.clear();
}

template <Scalar T>
T* FusedGroup<T>::new_tile() {
  return std::exchange(next_tile_, next_tile_ + tile_length_);
}

template <Scalar T>
typename FusedGroup<T>::Place FusedGroup<T>::operand(const Program& program, std::uint32_t v,
                                                     T* real) {
  const Value& value = program.values[v];
  // A result of this group is read where it was put, under whatever shape.
  if (const auto computed = known_.find(value.storage); computed != known_.end()) {
    const bool same_size = value.type.shape.size() == shape_.size();
    if (same_size) return computed->second;
  }
  T* memory = real + program.storage_of(v).offset;
  const BroadcastMap map(value.type.shape, shape_);
  if (map.is_identity()) return {memory, true};
  const auto loaded =
      std::ranges::find_if(loads_, [&](const Load& l) { return l.from == memory && l.map == map; });
  if (loaded != loads_.end()) return {loaded->to, false};
  loads_.push_back({memory, map, new_tile()});
  return {loads_.back().to, false};
}

template <Scalar T>
void FusedGroup<T>::bind_member(const Program& program, const Instruction& ins, T* real) {
  Member m{ins.op->tile.template get<T>(),
           ins.attributes,
           static_cast<std::uint32_t>(places_.size()),
           static_cast<std::uint32_t>(ins.inputs.size()),
           {}};
  for (std::uint32_t in : ins.inputs) places_.push_back(operand(program, in, real));
  const Value& out = program.values[ins.output];
  m.out = out.internal ? Place{new_tile(), false} : Place{real + out.offset, true};
  known_[ins.output] = m.out;
  members_.push_back(m);
}

template <Scalar T>
void FusedGroup<T>::load(const Load& l, std::size_t start, std::size_t count) const {
  if (l.map.is_scalar() && start > first_) return;  // the first tile was the longest
  l.map.load(l.from, static_cast<Index>(start), static_cast<Index>(count), l.to);
}

template <Scalar T>
void FusedGroup<T>::run() const {
  constexpr std::size_t max_arity = 4;
  for (std::size_t start = first_; start < last_; start += tile_size) {
    const std::size_t count = std::min(tile_size, last_ - start);
    for (const Load& l : loads_) load(l, start, count);
    for (const Member& m : members_) {
      std::array<const T*, max_arity> in;
      for (std::uint32_t i = 0; i < m.arity; ++i) in[i] = places_[m.first_place + i].at(start);
      m.tile(m.op, in.data(), m.out.at(start), count);
    }
  }
}

template class FusedGroup<float>;
template class FusedGroup<double>;
template class FusedGroup<long double>;
template class FusedGroup<Quad>;
template class FusedGroup<Complex>;

}  // namespace dtheta::detail
