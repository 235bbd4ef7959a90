#include "autodiff/var.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "autodiff/errors.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {

Var::Var(Tape& tape, std::uint32_t index) : Var(tape.var(index)) {}

Tape& Var::tape() const { return Tape::of(*this); }

const Shape& Var::shape() const { return Tape::node_of(*this).type->shape; }

const ValueType& Var::type() const { return *Tape::node_of(*this).type; }

bool Var::is_index() const { return Tape::node_of(*this).type->kind == Kind::index; }

Tensor Var::value() const {
  const Tape& on = tape();
  on.require_readable();
  return on.value(on.place_of(*this));
}

double Var::item() const { return value().item(); }

Var::operator bool() const {
  const bool taken = item() != 0;
  tape().guard(*this, taken);
  return taken;
}

const void* Var::checked_data(DType wanted) const {
  const Node& n = Tape::node_of(*this);
  tape().require_readable();
  const DType held = n.type->kind == Kind::index ? DType::int64 : tape().precision();
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

[[noreturn, gnu::cold]] void throw_no_value(const OpRecord& op) {
  throw StateError(
      fmt::format("{}: an operand is a Var that stands for no value (it is default-constructed)",
                  op.info.name));
}

/// What is wrong with an operand that is not on the tape of the first.
[[noreturn, gnu::cold]] void throw_not_there(const OpRecord& op, const Tape& tape, Var v) {
  if (!v.exists()) throw_no_value(op);
  if (&Tape::of(v) == &tape) tape.require(v);
  throw StateError(fmt::format("{}: the operands belong to different tapes", op.info.name));
}

/// The first operand that is recorded.
Var first_of(const OpRecord& op, std::span<const Arg> in) {
  for (const Arg& a : in) {
    if (!a.is_number()) return a.var();
  }
  throw StateError(
      fmt::format("{}: at least one operand must be recorded on a tape", op.info.name));
}

[[noreturn, gnu::cold]] void throw_gone(const OpRecord& op, Var first) {
  if (!first.exists()) throw_no_value(op);
  detail::throw_no_tape(first.slot());
}

/// Asks once: recording a small op takes no longer than a few such questions.
inline Tape& tape_of(const OpRecord& op, Var first) {
  if (!first.slot()->has(first.place())) throw_gone(op, first);
  return first.slot()->here();
}

/// Whether both are on the tape that x has the stamp of: y if it has the same, and neither is
/// forgotten. The tape itself need not be asked for its stamp.
inline bool are_there(const Tape& tape, Var x, Var y) {
  const std::uint64_t stamp = x.place() >> 32 << 32;
  return y.slot() == x.slot() && y.place() - stamp < tape.size() && x.index() < tape.size();
}

/// Where on the tape an operand is; of a number, nowhere yet.
inline std::uint32_t place(const OpRecord& op, const Tape& tape, const Arg& a) {
  if (a.is_number()) return Node::none;
  const Var v = a.var();
  if (!tape.has(v)) throw_not_there(op, tape, v);
  return v.index();
}

/// A number becomes a constant once all operands are known to be there: it might take the place of
/// one that has been forgotten.
inline void place_number(Tape& tape, const Arg& a, std::uint32_t& place) {
  if (a.is_number()) place = tape.constant(a.number()).index();
}

}  // namespace

Var apply(const OpRecord& op, const void* attributes, const Arg& a, const Arg& b) {
  if (!a.is_number() && !b.is_number()) {  // most often, and the short way
    const Var x = a.var(), y = b.var();
    Tape& tape = tape_of(op, x);
    if (!are_there(tape, x, y)) throw_not_there(op, tape, tape.has(x) ? y : x);
    const std::array in{x.index(), y.index()};
    return tape.record(op, attributes, in, a.at());
  }
  const Var first = a.is_number() ? first_of(op, std::span(&b, 1)) : a.var();
  Tape& tape = tape_of(op, first);
  std::array in{place(op, tape, a), place(op, tape, b)};
  place_number(tape, a, in[0]);
  place_number(tape, b, in[1]);
  return tape.record(op, attributes, in, a.at());
}

Var apply(const OpRecord& op, const void* attributes, std::span<const Arg> in) {
  const Var first = first_of(op, in);
  Tape& tape = tape_of(op, first);
  std::array<std::uint32_t, few> short_list;
  std::vector<std::uint32_t> long_list(in.size() > few ? in.size() : 0);
  const std::span places(in.size() > few ? long_list.data() : short_list.data(), in.size());
  std::ranges::transform(in, places.begin(), [&](const Arg& a) { return place(op, tape, a); });
  for (std::size_t k = 0; k < in.size(); ++k) place_number(tape, in[k], places[k]);
  return tape.record(op, attributes, places, in[0].at());
}

}  // namespace dtheta
