#include "autodiff/var.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "autodiff/errors.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {

const Shape& Var::shape() const { return tape_->node(*this).type->shape; }

const ValueType& Var::type() const { return *tape_->node(*this).type; }

bool Var::is_index() const { return tape_->node(*this).type->kind == Kind::index; }

Tensor Var::value() const { return tape_->value(index()); }

double Var::item() const { return value().item(); }

Var::operator bool() const {
  const bool taken = item() != 0;
  tape_->guard(*this, taken);
  return taken;
}

const void* Var::checked_data(DType wanted) const {
  const Node& n = tape_->node(*this);
  const DType held = n.type->kind == Kind::index ? DType::int64 : tape_->precision();
  if (held != wanted) {
    throw TypeError(fmt::format("var {}: holds {}, not {}", to_string(n.type->shape),
                                to_string(held), to_string(wanted)));
  }
  return n.value;
}

void Arg::throw_is_number() const {
  throw StateError(fmt::format("{}:{}: a number ({}) is given where a recorded value is needed",
                               at_.file_name(), at_.line(), number_));
}

namespace {

/// Operand lists up to this length are resolved without touching the heap.
constexpr std::size_t few = 8;

Tape& tape_of(const OpRecord& op, std::span<const Arg> in) {
  for (const Arg& a : in) {
    if (!a.is_number()) return a.var().tape();
  }
  throw StateError(
      fmt::format("{}: at least one operand must be recorded on a tape", op.info.name));
}

/// Where on the tape an operand is; a number becomes a constant.
std::uint32_t place(const OpRecord& op, Tape& tape, const Arg& a) {
  if (a.is_number()) return tape.constant(a.number()).index();
  if (&a.var().tape() != &tape) {
    throw StateError(fmt::format("{}: the operands belong to different tapes", op.info.name));
  }
  return a.var().index();
}

}  // namespace

Var apply(const OpRecord& op, const void* attributes, const Arg& a, const Arg& b) {
  Tape& tape = a.is_number() ? tape_of(op, std::span(&b, 1)) : a.var().tape();
  const std::array in{place(op, tape, a), place(op, tape, b)};
  return tape.record(op, attributes, in, a.at());
}

Var apply(const OpRecord& op, const void* attributes, std::span<const Arg> in) {
  Tape& tape = tape_of(op, in);
  std::array<std::uint32_t, few> short_list;
  std::vector<std::uint32_t> long_list(in.size() > few ? in.size() : 0);
  const std::span places(in.size() > few ? long_list.data() : short_list.data(), in.size());
  std::ranges::transform(in, places.begin(), [&](const Arg& a) { return place(op, tape, a); });
  return tape.record(op, attributes, places, in[0].at());
}

}  // namespace dtheta
