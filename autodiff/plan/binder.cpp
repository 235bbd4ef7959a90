// Steps -> calls. A run does nothing but call: whatever can be decided before is decided here.
//
// A group of elementwise ops over no more than a tile needs no loop over tiles: its members are
// calls one after the other, and what broadcasts is expanded by a call, or when settled if it
// never changes.

#include "autodiff/plan/binder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>
#include <utility>

#include "autodiff/errors.hpp"

namespace dtheta::detail {
namespace {

/// The entry of an op for T.
template <Scalar T, template <class> class Entry>
Entry<T> require(const PerScalar<Entry>& entry, const OpRecord& op) {
  if (entry.template get<T>() == nullptr) {
    throw TypeError(
        fmt::format("{}: not analytic, so it cannot run on complex numbers", op.info.name));
  }
  return entry.template get<T>();
}

template <Scalar T>
void load_tile(const void* map, const T* const* in, T* out, std::size_t n) {
  static_cast<const BroadcastMap*>(map)->load(in[0], 0, static_cast<Index>(n), out);
}

template <Scalar T>
void run_group(const void* group, const Call<T>& call) {
  static_cast<const FusedGroup<T>*>(group)->run(call.parallel);
}

template <Scalar T>
void run_line(const void* line, const Call<T>&) {
  static_cast<const ScalarLine<T>*>(line)->run();
}

}  // namespace

template <Scalar T>
Binder<T>::Binder(Binding<T>& binding) : b_(binding), p_(binding.program) {
  std::size_t calls = 0, settling = 0, operands = 0, scalars = 0;
  for (const Step& step : p_.steps) {
    std::size_t& count = step.fixed ? settling : calls;
    count += step.count;
    for (const Instruction& ins : p_.instructions_of(step)) {
      if (!step.elementwise) {
        operands += ins.input_count;
        continue;
      }
      if (p_.elements_of(step) == 1) ++scalars;
      for (std::uint32_t in : p_.inputs_of(ins)) {
        const bool loads = step.fixed || !p_.values[in].fixed;
        if (loads && p_.size_of(in) != p_.size_of(ins.output)) ++count;
      }
    }
  }
  group_.members.reserve(16);
  group_.places.reserve(48);
  results_.reserve(16);
  b_.calls.reserve(calls);
  b_.settling.reserve(settling);
  b_.operands.reserve(operands);  // calls keep spans into them: they must not move
  b_.scalars.reserve(scalars);    // and lines keep pointers to theirs
}

template <Scalar T>
void Binder<T>::bind(const Step& step) {
  auto* const calls = step.fixed ? &b_.settling : &b_.calls;
  if (calls != calls_ || !p_.steps_from_leaf.empty()) line_ = nullptr;
  calls_ = calls;
  if (step.elementwise)
    bind_elementwise(step);
  else
    bind_kernel(p_.instructions[step.first]);
}

template <Scalar T>
void Binder<T>::bind_kernel(const Instruction& ins) {
  const std::size_t first = b_.operands.size();
  for (std::uint32_t in : p_.inputs_of(ins)) b_.operands.push_back({b_.at(in), &p_.type_of(in)});
  const Call<T> call{std::span(b_.operands).subspan(first), b_.at(ins.output),
                     &p_.type_of(ins.output), b_.scratch.get(), b_.parallel.get()};
  calls_->emplace_back(KernelCall<T>{require<T>(ins.op->kernel, *ins.op), ins.attributes, call});
}

template <Scalar T>
void Binder<T>::bind_elementwise(const Step& step) {
  constexpr std::size_t worth_a_thread = std::size_t{1} << 14;
  group_.members.clear();
  group_.places.clear();
  group_.loads.clear();
  group_.elements = static_cast<std::size_t>(p_.elements_of(step));
  result_type_ = p_.values[p_.instructions[step.first].output].type;
  results_.clear();
  next_tile_ = reinterpret_cast<T*>(b_.tiles.get());
  for (const Instruction& ins : p_.instructions_of(step)) add_member(ins, step);

  const std::size_t parts =
      std::clamp<std::size_t>(group_.elements / worth_a_thread, 1, b_.threads());
  const bool one_run = group_.members.size() == 1 && group_.loads.empty() && parts == 1;
  if (group_.elements <= tile_size || one_run)
    emit_calls();
  else
    emit_group(parts);
}

template <Scalar T>
T* Binder<T>::new_tile() {
  return std::exchange(next_tile_, next_tile_ + tile_length(group_.elements));
}

template <Scalar T>
void Binder<T>::add_member(const Instruction& ins, const Step& step) {
  GroupMember<T> m{require<T>(ins.op->tile, *ins.op),
                   ins.attributes,
                   static_cast<std::uint32_t>(group_.places.size()),
                   ins.input_count,
                   {},
                   as_arithmetic(*ins.op)};
  for (std::uint32_t in : p_.inputs_of(ins)) group_.places.push_back(operand(in, step));
  const bool internal = p_.values[ins.output].internal;
  m.out = internal ? Place<T>{new_tile(), false} : Place<T>{b_.real_at(ins.output), true};
  results_.push_back(ins.output);
  group_.members.push_back(m);
}

template <Scalar T>
Place<T> Binder<T>::operand(std::uint32_t v, const Step& step) {
  const bool same_size = static_cast<std::size_t>(p_.size_of(v)) == group_.elements;
  if (same_size) {
    // A result of this group is read where it was put, under whatever shape.
    const auto computed = std::ranges::find(results_, p_.values[v].storage);
    if (computed == results_.end()) return {b_.real_at(v), true};
    return group_.members[static_cast<std::size_t>(computed - results_.begin())].out;
  }
  const T* memory = b_.real_at(v);
  const BroadcastMap map(p_.type_of(v).shape, p_.types[result_type_].shape);
  const bool once = p_.values[v].fixed && !step.fixed && group_.elements <= tile_size;
  if (once) return {expanded(v, map), true};
  const auto loaded = std::ranges::find_if(
      group_.loads, [&](const GroupLoad<T>& l) { return l.from == memory && l.map == map; });
  if (loaded != group_.loads.end()) return {loaded->to, false};
  group_.loads.push_back({memory, map, new_tile()});
  return {group_.loads.back().to, false};
}

template <Scalar T>
T* Binder<T>::expanded(std::uint32_t v, const BroadcastMap& map) {
  T*& known = expanded_[(std::uint64_t{v} << 32) | result_type_];
  if (known == nullptr) {
    const bool is_short = static_cast<Index>(group_.elements) < line_grain;
    known =
        b_.template own<T>(group_.elements, is_short ? short_grain * sizeof(T) : storage_alignment);
    b_.settling.emplace_back(load(b_.real_at(v), map, known));
  }
  return known;
}

template <Scalar T>
TileCall<T> Binder<T>::load(const T* from, const BroadcastMap& map, T* to) {
  static_assert(std::is_trivially_destructible_v<BroadcastMap>);
  const auto* kept = new (b_.template own<BroadcastMap>(1)) BroadcastMap(map);
  return {&load_tile<T>, kept, {from}, to, group_.elements};
}

template <Scalar T>
void Binder<T>::emit_calls() {
  for (const GroupLoad<T>& l : group_.loads) calls_->emplace_back(load(l.from, l.map, l.to));
  for (const GroupMember<T>& m : group_.members) {
    if (group_.elements == 1 && emit_scalar(m)) continue;
    TileCall<T> call{m.tile, m.op, {}, m.out.base, group_.elements};
    for (std::uint32_t i = 0; i < m.arity; ++i) call.in[i] = group_.places[m.first_place + i].base;
    calls_->emplace_back(call);
  }
}

template <Scalar T>
bool Binder<T>::emit_scalar(const GroupMember<T>& m) {
  if (m.arithmetic == Arithmetic::none) return false;
  if (line_ == nullptr || calls_with_line_ != calls_->size()) {
    static_assert(std::is_trivially_destructible_v<ScalarLine<T>>);
    line_ = new (b_.template own<ScalarLine<T>>(1))
        ScalarLine<T>{b_.scalars.data() + b_.scalars.size(), 0};
    calls_->emplace_back(KernelCall<T>{&run_line<T>, line_, Call<T>{}});
    calls_with_line_ = calls_->size();
  }
  const Place<T>* in = group_.places.data() + m.first_place;
  b_.scalars.push_back({in[0].base, m.arity > 1 ? in[1].base : nullptr, m.out.base, m.arithmetic});
  ++line_->count;
  return true;
}

template <Scalar T>
void Binder<T>::emit_group(std::size_t parts) {
  group_.parts = parts;
  group_.tile_buffers = p_.tile_elements;
  b_.groups.push_back(std::make_unique<const FusedGroup<T>>(group_));
  Call<T> call{};
  call.parallel = b_.parallel.get();
  calls_->emplace_back(KernelCall<T>{&run_group<T>, b_.groups.back().get(), call});
}

template class Binder<float>;
template class Binder<double>;
template class Binder<long double>;
template class Binder<Quad>;
template class Binder<Complex>;

}  // namespace dtheta::detail
