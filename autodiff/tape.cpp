#include "autodiff/tape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
#include <utility>

#include "autodiff/errors.hpp"
#include "autodiff/record/pullback.hpp"

namespace dtheta {
namespace {

/// Operand lists up to this length are resolved without touching the heap.
constexpr std::size_t few = 8;

/// What stands for the object of an op without attributes: its functions are called on it.
constexpr std::byte no_attributes{};

void require_arity(const OpRecord& op, std::size_t given) {
  const bool fits =
      op.info.arity == variadic ? given > 0 : given == static_cast<std::size_t>(op.info.arity);
  if (fits) return;
  throw StateError(fmt::format(
      "{}: takes {} operands, {} given", op.info.name,
      op.info.arity == variadic ? "one or more" : std::to_string(op.info.arity), given));
}

/// The type of an op's result. A shape that cannot be, of too many axes, say, knows no op: it is
/// named here.
ValueType inferred(const OpRecord& op, const void* attributes, Types in) {
  try {
    return op.infer(attributes, in);
  } catch (const ShapeError& e) {
    const std::string_view what = e.what();
    if (!what.starts_with("shape (")) throw;
    throw ShapeError(fmt::format("{}: {}", op.info.name, what));
  }
}

}  // namespace

Tape::Tape(DType precision) : precision_(precision) {
  if (precision == DType::int64) {
    throw TypeError("tape: the precision must be float32 or float64, not int64");
  }
  slot_ = &detail::take_slot(*this);
  base_ = slot_->base_now();
}

Tape::~Tape() { detail::leave_slot(*slot_); }

detail::Pullbacks& Tape::pullbacks() {
  if (!pullbacks_) pullbacks_ = std::make_unique<detail::Pullbacks>();
  return *pullbacks_;
}

void Tape::throw_unreadable() {
  throw StateError("tape: a derivative rule reads a value, which it must not depend on");
}

void Tape::throw_too_long() { throw StateError("tape: more than 2^32 - 1 records"); }

void Tape::throw_no_record(std::uint32_t i) const {
  throw StateError(fmt::format("tape: there is no record {} of {}", i, size()));
}

void Tape::throw_not_here(Var v) const {
  if (&of(v) != this) throw StateError("tape: a value is given that is recorded on another tape");
  throw StateError(
      "var: its record has been forgotten since, with the scratch that it was part of");
}

Var Tape::append(const Node& node) {
  next_node() = node;
  nodes_.push();
  return made(size() - 1);
}

Var Tape::store(const Tensor& value, Role role, SourceLocation where) {
  Node node{};
  node.where = where;
  node.origin = origin_;
  node.role = role;
  node.type = type({value.shape(), value.dtype() == DType::int64 ? Kind::index : Kind::real});
  const std::size_t bytes = value_bytes(*node.type);
  node.value = arena_.allocate(bytes);
  if (node.type->kind == Kind::real && value.dtype() != precision_) {
    const Tensor converted = value.to(precision_);
    if (bytes > 0) std::memcpy(node.value, converted.bytes(), bytes);
  } else if (bytes > 0) {
    std::memcpy(node.value, value.bytes(), bytes);
  }
  return append(node);
}

Var Tape::leaf(const Tensor& value, std::string_view name, SourceLocation where) {
  const Var v = store(value, Role::leaf, where);
  if (!name.empty()) names_.emplace(v.index(), name);
  return v;
}

Var Tape::constant(const Tensor& value, SourceLocation where) {
  return store(value, Role::constant, where);
}

Var Tape::constant(double value) {
  // By bits: 0 and -0 are different constants, and NaN finds itself.
  const auto key = std::bit_cast<std::uint64_t>(value);
  if (const std::uint32_t known = scalars_.find(key); known != ScalarIndex::none) {
    return var(known);
  }
  Node node{};
  node.where = SourceLocation::current();
  node.origin = origin_;
  node.role = Role::constant;
  node.type = type({});
  // Kept as given beside the value: a replay in a wider scalar must not inherit the rounding of
  // this tape.
  node.attributes = new (arena_.allocate(sizeof(double))) double(value);
  if (precision_ == DType::float32) {
    node.value = new (arena_.allocate(sizeof(float))) float(static_cast<float>(value));
  } else {
    node.value = new (arena_.allocate(sizeof(double))) double(value);
  }
  const Var v = append(node);
  scalars_.insert(key, v.index());
  return v;
}

Var Tape::step() {
  if (step_ == Node::none) {
    step_ = leaf(Tensor(Shape{}, std::initializer_list<Index>{0}), "step").index();
  }
  return var(step_);
}

std::span<Operand> Tape::operands_of(std::span<const std::uint32_t> in,
                                     std::span<Operand> short_list) {
  std::span<Operand> result = short_list.first(std::min(in.size(), short_list.size()));
  if (in.size() > short_list.size()) {
    operands_.resize(in.size());
    result = operands_;
  }
  for (std::size_t k = 0; k < in.size(); ++k) {
    const Node& n = nodes_[in[k]];
    result[k] = {n.value, n.type};
  }
  return result;
}

inline const ValueType* Tape::common_type(std::span<const std::uint32_t> in) const {
  const ValueType* const first = nodes_[in[0]].type;
  const bool same = first->kind == Kind::real && std::ranges::all_of(in, [&](std::uint32_t i) {
                      return nodes_[i].type == first;
                    });
  return same ? first : nullptr;
}

inline void Tape::describe(Node& node, const OpRecord& op, const void* attributes,
                           std::span<const std::uint32_t> in, const SourceLocation& where) {
  node.op = &op;
  node.origin = origin_;
  node.where = origin_ == Node::none ? where : nodes_[origin_].where;
  node.role = Role::op;
  node.input_count = static_cast<std::uint32_t>(in.size());
  auto* const inputs = static_cast<std::uint32_t*>(arena_.allocate(in.size_bytes()));
  std::ranges::copy(in, inputs);
  node.inputs = inputs;
  node.attributes =
      op.bytes == 0 ? &no_attributes : std::memcpy(arena_.allocate(op.bytes), attributes, op.bytes);
}

inline void Tape::evaluate_tile(Node& node, std::span<const std::uint32_t> in) {
  const auto n = static_cast<std::size_t>(node.type->shape.size());
  const auto run = [&]<class T>(Tile<T> tile) {
    std::array<const T*, max_elementwise> from;
    for (std::size_t k = 0; k < in.size(); ++k) {
      from[k] = static_cast<const T*>(nodes_[in[k]].value);
    }
    auto* const to = static_cast<T*>(arena_.allocate(n * sizeof(T)));
    node.value = to;
    tile(node.attributes, from.data(), to, n);
  };
  if (precision_ == DType::float32)
    run(node.op->tile.f32);
  else
    run(node.op->tile.f64);
}

Var Tape::record(const OpRecord& op, const void* attributes, std::span<const std::uint32_t> in,
                 const SourceLocation& where) {
  require_arity(op, in.size());
  // Elementwise on values of one type: no shape rule, no broadcasting. Most small ops are.
  if (const ValueType* const same = op.is_elementwise() ? common_type(in) : nullptr) {
    Node& node = next_node();
    describe(node, op, attributes, in, where);
    node.type = same;
    evaluate_tile(node, in);
  } else {
    std::array<Operand, few> short_list;
    const std::span<const Operand> operands = operands_of(in, short_list);
    const ValueType* const result = type(inferred(op, attributes, operands));
    Node& node = next_node();
    describe(node, op, attributes, in, where);
    node.type = result;
    evaluate(node, operands);
  }
  // Written in place, and part of the tape only when all went well.
  nodes_.push();
  return made(size() - 1);
}

void Tape::evaluate(Node& node, std::span<const Operand> in) {
  if (node.op->info.view) {
    node.value = nodes_[node.inputs[0]].value;
    return;
  }
  node.value = arena_.allocate(value_bytes(*node.type));
  if (precision_ == DType::float32)
    evaluate_as<float>(node, in);
  else
    evaluate_as<double>(node, in);
}

template <Scalar T>
void Tape::evaluate_as(const Node& node, std::span<const Operand> in) {
  const std::size_t scratch = node.op->scratch_for(node.attributes, in) * sizeof(T);
  if (scratch > kernel_scratch_bytes_) {
    kernel_scratch_ = allocate_aligned(scratch);
    kernel_scratch_bytes_ = scratch;
  }
  node.op->kernel.get<T>()(node.attributes,
                           Call<T>{in, node.value, node.type, kernel_scratch_.get()});
}

Tape::Scratch::Scratch(Tape& tape)
    : tape_(tape),
      arena_(tape.arena_.position()),
      nodes_(tape.nodes_.size()),
      guards_(tape.guards_.size()) {}

Tape::Scratch::~Scratch() {
  const auto first = static_cast<std::uint32_t>(nodes_);
  tape_.nodes_.truncate(nodes_);
  tape_.guards_.resize(guards_);
  tape_.arena_.rewind(arena_);
  tape_.scalars_.forget_from(first);
  tape_.names_.erase(tape_.names_.lower_bound(first), tape_.names_.end());
  if (tape_.step_ != Node::none && tape_.step_ >= first) tape_.step_ = Node::none;
}

void Tape::clear() {
  if (!slot_->renew()) {
    detail::TapeSlot& fresh = detail::take_slot(*this);
    detail::leave_slot(*std::exchange(slot_, &fresh));
  }
  base_ = slot_->base_now();
  nodes_.clear();
  guards_.clear();
  scalars_.clear();
  names_.clear();
  arena_.clear();
  step_ = Node::none;
}

std::string_view Tape::name(std::uint32_t i) const {
  const auto known = names_.find(i);
  return known == names_.end() ? std::string_view{} : known->second;
}

Tensor Tape::value(std::uint32_t i) const {
  const Node& n = nodes_[i];
  Tensor result(n.type->shape, n.type->kind == Kind::index ? DType::int64 : precision_);
  if (result.size() > 0) std::memcpy(result.bytes(), n.value, value_bytes(*n.type));
  return result;
}

std::size_t Tape::memory() const { return arena_.capacity() + nodes_.capacity() * sizeof(Node); }

}  // namespace dtheta
