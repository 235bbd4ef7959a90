#include "autodiff/var.hpp"

#include <fmt/format.h>

#include "autodiff/errors.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {

const Shape& Var::shape() const { return tape_->node(index_).type.shape; }

bool Var::is_index() const { return tape_->node(index_).type.kind == Kind::index; }

Tensor Var::value() const { return tape_->value(index_); }

double Var::item() const { return value().item(); }

Var::operator bool() const {
  const bool taken = item() != 0;
  tape_->guard(*this, taken);
  return taken;
}

const void* Var::checked_data(DType wanted) const {
  const Node& n = tape_->node(index_);
  const DType held = n.type.kind == Kind::index ? DType::int64 : tape_->precision();
  if (held != wanted) {
    throw TypeError(fmt::format("var {}: holds {}, not {}", to_string(n.type.shape),
                                to_string(held), to_string(wanted)));
  }
  return n.value;
}

void Arg::throw_is_number() const {
  throw StateError(fmt::format("{}:{}: a number ({}) is given where a recorded value is needed",
                               at_.file_name(), at_.line(), number_));
}

Var apply(const OpRecord& record, const void* op, std::span<const Arg> in) {
  for (const Arg& a : in) {
    if (!a.is_number()) return a.var().tape().record(record, op, in);
  }
  throw StateError(
      fmt::format("{}: at least one operand must be recorded on a tape", record.info.name));
}

}  // namespace dtheta
