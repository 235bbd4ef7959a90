#include "autodiff/record/pullback.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "autodiff/dtype.hpp"
#include "autodiff/errors.hpp"
#include "autodiff/tape.hpp"

namespace dtheta::detail {
namespace {

/// The rule, recorded on single numbers that nobody may read: what it records must not depend on
/// them. A Var that stands for no value where it reads them, takes a branch on them, or refuses.
struct Rule {
  Rule(const OpRecord& op, const void* attributes, int operand, DType precision) : tape(precision) {
    std::vector<std::uint32_t> in;
    for (int k = 0; k < op.info.arity; ++k) in.push_back(tape.leaf(Tensor(0.5)).index());
    const Var out = tape.leaf(Tensor(0.5));
    const Var c = tape.leaf(Tensor(1.0));
    tape.forbid_reading();
    try {
      result = op.vjp(attributes, operand, Primal{in, out}, c);
    } catch (const std::logic_error&) {
      usable = false;
    }
    usable = usable && tape.guards().empty();
  }

  Tape tape;
  Var result;
  bool usable = true;
};

/// Attributes that outlive the record that they are of.
std::unique_ptr<std::byte[]> kept(const OpRecord& op, const void* attributes) {
  auto copy = std::make_unique<std::byte[]>(std::max<std::size_t>(op.bytes, 1));
  if (op.bytes > 0) std::memcpy(copy.get(), attributes, op.bytes);
  return copy;
}

}  // namespace

template <Scalar T>
Pullback<T>::Pullback(const OpRecord& op, const void* attributes, int operand) {
  const Rule rule(op, attributes, operand, dtype_of<T>);
  usable_ = rule.usable;
  if (!usable_ || !rule.result.exists()) return;

  std::vector<std::uint8_t> place_of;
  for (int k = 0; k < op.info.arity; ++k) place_of.push_back(static_cast<std::uint8_t>(k));
  place_of.push_back(max_elementwise);
  place_of.push_back(cotangent);
  for (auto i = static_cast<std::uint32_t>(place_of.size()); i < rule.tape.size(); ++i) {
    const Node& node = rule.tape.node(i);
    const bool is_op = node.role == Role::op;
    place_of.push_back(static_cast<std::uint8_t>(is_op ? first_step + steps_.size()
                                                       : first_constant + constants_.size()));
    if (!(is_op ? add_step(node, place_of) : add_constant(node))) {
      usable_ = false;
      return;
    }
  }
  result_ = place_of[rule.result.index()];
  is_one_step_ = steps_.size() == 1 && steps_[0].arithmetic != Arithmetic::none &&
                 result_ == first_step && std::ranges::max(steps_[0].in) <= cotangent;
}

template <Scalar T>
bool Pullback<T>::add_constant(const Node& node) {
  if (node.type->shape.rank() != 0 || node.type->kind != Kind::real ||
      constants_.size() == most_constants) {
    return false;
  }
  constants_.emplace_back().fill(*static_cast<const T*>(node.value));
  return true;
}

template <Scalar T>
bool Pullback<T>::add_step(const Node& node, const std::vector<std::uint8_t>& place_of) {
  if (!node.op->is_elementwise() || node.type->shape.rank() != 0 || steps_.size() == most_steps) {
    return false;
  }
  attributes_.push_back(kept(*node.op, node.attributes));
  Step step{node.op->tile.template get<T>(),
            attributes_.back().get(),
            as_arithmetic(*node.op),
            static_cast<std::uint8_t>(node.input_count),
            {}};
  for (std::size_t k = 0; k < step.inputs; ++k) step.in[k] = place_of[node.inputs[k]];
  steps_.push_back(step);
  return true;
}

template <Scalar T>
T Pullback<T>::run_steps(const Given& given) const {
  Pointers at;
  std::ranges::copy(given.at, at.begin());
  for (std::size_t k = 0; k < constants_.size(); ++k) at[first_constant + k] = &constants_[k][0];
  std::array<T, most_steps> values;
  for (std::size_t k = 0; k < steps_.size(); ++k) {
    const Step& step = steps_[k];
    if (step.arithmetic != Arithmetic::none) {
      values[k] = single(step.arithmetic, at[step.in[0]], at[step.in[1]]);
    } else {
      std::array<const T*, max_elementwise> from{};
      for (std::size_t j = 0; j < step.inputs; ++j) from[j] = at[step.in[j]];
      step.tile(step.attributes, from.data(), &values[k], 1);
    }
    at[first_step + k] = &values[k];
  }
  return *at[result_];
}

template <Scalar T>
void Pullback<T>::run_chunks(const Given& given, T* result, std::size_t n) const {
  Pointers at{};
  for (std::size_t k = 0; k < constants_.size(); ++k) at[first_constant + k] = &constants_[k][0];
  for (std::size_t begin = 0; begin < n; begin += chunk) {
    for (std::size_t k = 0; k < given.at.size(); ++k) {
      at[k] = given.at[k] == nullptr ? nullptr : given.at[k] + begin;
    }
    run_chunk(at, result + begin, std::min(chunk, n - begin));
  }
}

template <Scalar T>
void Pullback<T>::run_chunk(Pointers& at, T* result, std::size_t n) const {
  std::array<std::array<T, chunk>, most_steps> values;
  for (std::size_t k = 0; k < steps_.size(); ++k) {
    const Step& step = steps_[k];
    std::array<const T*, max_elementwise> from{};
    for (std::size_t j = 0; j < step.inputs; ++j) from[j] = at[step.in[j]];
    T* const to = first_step + k == result_ ? result : values[k].data();
    step.tile(step.attributes, from.data(), to, n);
    at[first_step + k] = to;
  }
  if (at[result_] != result) std::copy_n(at[result_], n, result);
}

template <Scalar T>
PullbackTable<T>::OfOp::OfOp(const OpRecord& op, const void* attributes)
    : op_(&op), attributes_(kept(op, attributes)) {
  for (int k = 0; k < op.info.arity; ++k) {
    by_operand_.emplace_back(op, attributes_.get(), k);
    usable_ = usable_ && by_operand_.back().usable();
  }
}

template <Scalar T>
auto PullbackTable<T>::search(const OpRecord& op, const void* attributes) -> const OfOp& {
  const auto [begin, end] = known_.equal_range(&op);
  for (auto it = begin; it != end; ++it) {
    if (it->second.has(attributes)) return remember(op, it->second);
  }
  if (known_.size() == most) {
    known_.clear();
    recent_.fill({});
  }
  return remember(op, known_.emplace(&op, OfOp(op, attributes))->second);
}

template class Pullback<float>;
template class Pullback<double>;
template class PullbackTable<float>;
template class PullbackTable<double>;

}  // namespace dtheta::detail
