#include "autodiff/tape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "autodiff/errors.hpp"

namespace dtheta {
namespace {

/// Operand lists up to this length are resolved without touching the heap.
constexpr std::size_t few = 8;

void require_one_tape(const OpRecord& op, const Tape& tape, std::span<const Arg> in) {
  for (const Arg& a : in) {
    if (!a.is_number() && &a.var().tape() != &tape) {
      throw StateError(fmt::format("{}: the operands belong to different tapes", op.info.name));
    }
  }
}

}  // namespace

Tape::Tape(DType precision) : precision_(precision) {
  if (precision == DType::int64) {
    throw TypeError("tape: the precision must be float32 or float64, not int64");
  }
}

std::size_t Tape::value_bytes(const ValueType& type) const {
  const std::size_t width = type.kind == Kind::index ? sizeof(Index) : size_of(precision_);
  return static_cast<std::size_t>(type.shape.size()) * width;
}

std::uint32_t Tape::append(const Node& node) {
  if (nodes_.size() >= Node::none) throw StateError("tape: more than 2^32 - 1 records");
  nodes_.push_back(node);
  return static_cast<std::uint32_t>(nodes_.size() - 1);
}

Var Tape::store(const Tensor& value, Role role, std::source_location where) {
  Node node{};
  node.where = where;
  node.origin = origin_;
  node.role = role;
  node.type = {value.shape(), value.dtype() == DType::int64 ? Kind::index : Kind::real};
  const std::size_t bytes = value_bytes(node.type);
  node.value = arena_.allocate(bytes);
  if (bytes > 0) {
    const bool as_is = node.type.kind == Kind::index || value.dtype() == precision_;
    std::memcpy(node.value, as_is ? value.bytes() : value.to(precision_).bytes(), bytes);
  }
  return Var(*this, append(node));
}

Var Tape::leaf(const Tensor& value, std::string_view name, std::source_location where) {
  const Var v = store(value, Role::leaf, where);
  if (!name.empty()) names_.emplace(v.index(), name);
  return v;
}

Var Tape::constant(const Tensor& value, std::source_location where) {
  return store(value, Role::constant, where);
}

Var Tape::constant(double value) {
  // By bits: 0 and -0 are different constants, and NaN finds itself.
  const auto key = std::bit_cast<std::uint64_t>(value);
  if (const std::uint32_t known = scalars_.find(key); known != ScalarIndex::none) {
    return Var(*this, known);
  }
  Node node{};
  node.where = std::source_location::current();
  node.origin = origin_;
  node.role = Role::constant;
  // Kept as given beside the value: a replay in a wider scalar must not inherit the rounding of
  // this tape.
  node.attributes = new (arena_.allocate(sizeof(double))) double(value);
  if (precision_ == DType::float32) {
    node.value = new (arena_.allocate(sizeof(float))) float(static_cast<float>(value));
  } else {
    node.value = new (arena_.allocate(sizeof(double))) double(value);
  }
  const std::uint32_t index = append(node);
  scalars_.insert(key, index);
  return Var(*this, index);
}

Var Tape::step() {
  if (step_ == Node::none) {
    step_ = leaf(Tensor(Shape{}, std::initializer_list<Index>{0}), "step").index();
  }
  return Var(*this, step_);
}

std::span<const ValueType> Tape::collect_types(std::span<const std::uint32_t> in) {
  types_.clear();
  for (std::uint32_t i : in) types_.push_back(nodes_[i].type);
  return types_;
}

Var Tape::record(const OpRecord& op, const void* attributes, std::span<const Arg> in) {
  const bool fits = op.info.arity == variadic
                        ? !in.empty()
                        : in.size() == static_cast<std::size_t>(op.info.arity);
  if (!fits) {
    throw StateError(fmt::format(
        "{}: takes {} operands, {} given", op.info.name,
        op.info.arity == variadic ? "one or more" : std::to_string(op.info.arity), in.size()));
  }
  require_one_tape(op, *this, in);
  std::array<std::uint32_t, few> short_list;
  std::vector<std::uint32_t> long_list(in.size() > few ? in.size() : 0);
  const std::span<std::uint32_t> from(in.size() > few ? long_list.data() : short_list.data(),
                                      in.size());
  std::ranges::transform(in, from.begin(), [&](const Arg& a) {
    return (a.is_number() ? constant(a.number()) : a.var()).index();
  });

  Node node{};
  node.op = &op;
  node.type = op.infer(attributes, collect_types(from));
  node.origin = origin_;
  node.where = origin_ == Node::none ? in[0].at() : nodes_[origin_].where;
  node.role = Role::op;
  node.input_count = static_cast<std::uint32_t>(from.size());
  if (op.bytes > 0) {
    void* copy = arena_.allocate(op.bytes);
    std::memcpy(copy, attributes, op.bytes);
    node.attributes = copy;
  }
  if (op.info.view) {
    node.value = nodes_[from[0]].value;
  } else {
    node.value = arena_.allocate(value_bytes(node.type));
    evaluate(node, from);
  }
  node.first_input = static_cast<std::uint32_t>(inputs_.size());
  inputs_.insert(inputs_.end(), from.begin(), from.end());
  return Var(*this, append(node));
}

void Tape::evaluate(Node& node, std::span<const std::uint32_t> in) {
  if (precision_ == DType::float32)
    evaluate_as<float>(node, in);
  else
    evaluate_as<double>(node, in);
}

template <Scalar T>
void Tape::evaluate_as(Node& node, std::span<const std::uint32_t> in) {
  operands_.clear();
  for (std::uint32_t i : in) operands_.push_back({nodes_[i].value, &nodes_[i].type});
  const std::size_t scratch = node.op->scratch(node.attributes, types_) * sizeof(T);
  if (scratch > kernel_scratch_bytes_) {
    kernel_scratch_ = allocate_aligned(scratch);
    kernel_scratch_bytes_ = scratch;
  }
  node.op->kernel.get<T>()(node.attributes,
                           Call<T>{operands_, node.value, &node.type, kernel_scratch_.get()});
}

Tape::Scratch::Scratch(Tape& tape)
    : tape_(tape),
      arena_(tape.arena_.position()),
      nodes_(tape.nodes_.size()),
      inputs_(tape.inputs_.size()),
      guards_(tape.guards_.size()) {}

Tape::Scratch::~Scratch() {
  const auto first = static_cast<std::uint32_t>(nodes_);
  tape_.nodes_.truncate(nodes_);
  tape_.inputs_.resize(inputs_);
  tape_.guards_.resize(guards_);
  tape_.arena_.rewind(arena_);
  tape_.scalars_.forget_from(first);
  std::erase_if(tape_.names_, [&](const auto& named) { return named.first >= first; });
  if (tape_.step_ != Node::none && tape_.step_ >= first) tape_.step_ = Node::none;
}

void Tape::clear() {
  nodes_.clear();
  inputs_.clear();
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
  Tensor result(n.type.shape, n.type.kind == Kind::index ? DType::int64 : precision_);
  if (result.size() > 0) std::memcpy(result.bytes(), n.value, value_bytes(n.type));
  return result;
}

std::size_t Tape::memory() const {
  return arena_.capacity() + nodes_.capacity() * sizeof(Node) +
         inputs_.capacity() * sizeof(std::uint32_t);
}

}  // namespace dtheta
