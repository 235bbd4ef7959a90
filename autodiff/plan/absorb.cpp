// Matrix products and sums over rows -> the one op that reads them. In x + s A B the product needs
// no memory of its own and no pass over it: it is added as it is computed, in place if x dies
// there. A step of gradient descent, W - rate * (d^T a) and b - rate * sum(d), is of this kind, and
// so is a gradient with several terms. Likewise relu behind a dense layer, and its adjoint behind
// that of the next, take the elements of a product while they are at hand.

#include <array>
#include <bit>
#include <optional>

#include "autodiff/ops/elementwise/activation_form.hpp"
#include "autodiff/ops/elementwise/arithmetic_form.hpp"
#include "autodiff/ops/linalg/add_matmul_form.hpp"
#include "autodiff/ops/linalg/matmul_form.hpp"
#include "autodiff/ops/linalg/merged_form.hpp"
#include "autodiff/ops/plan_form.hpp"
#include "autodiff/ops/reduction/reduction_form.hpp"
#include "autodiff/plan/program.hpp"

namespace dtheta::detail {
namespace {

class Absorber {
 public:
  explicit Absorber(Program& program)
      : p_(program), readers_(program.values.size(), 0), producer_(program.values.size(), no_id) {
    for (std::uint32_t i = 0; i < p_.instructions.size(); ++i) {
      producer_[p_.instructions[i].output] = i;
      for (std::uint32_t in : p_.inputs_of(p_.instructions[i])) ++readers_[p_.values[in].storage];
    }
  }

  void run() {
    dead_.assign(p_.instructions.size(), 0);
    for (Instruction& ins : p_.instructions) {
      if (const auto term = term_of(ins))
        rewrite(ins, *term);
      else if (is_relu(*ins.op))
        rectify(ins);
      else if (is_relu_grad(*ins.op))
        gate(ins);
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i < p_.instructions.size(); ++i) {
      if (!dead_[i]) p_.instructions[kept++] = p_.instructions[i];
    }
    p_.instructions.resize(kept);
  }

 private:
  /// One operand of a sum: factor times a product of matrices or a sum over rows.
  struct Term {
    std::optional<MatMulForm> product;  // else a sum
    std::uint32_t source;               // the instruction that computes it
    std::uint32_t scaling = no_id;      // the instruction that multiplies it
    std::uint32_t factor = no_id;       // the value, or no_id for 1
    std::uint32_t rest = no_id;         // the other operand
    bool subtract = false;
  };

  /// The instruction that computes a value, or the one that it is a view of, if it exists for one
  /// reader alone, so that it need not exist at all; else null.
  [[nodiscard]] const Instruction* passing(std::uint32_t v) const {
    const std::uint32_t storage = p_.values[v].storage;
    const Value& value = p_.values[storage];
    const bool passes =
        producer_[storage] != no_id && readers_[storage] == 1 && !value.persistent && !value.fixed;
    return passes ? &p_.instructions[producer_[storage]] : nullptr;
  }
  [[nodiscard]] bool is_passing(std::uint32_t v) const {
    return p_.values[v].storage == v && passing(v) != nullptr;
  }

  [[nodiscard]] std::optional<Term> term_of(const Instruction& sum) const {
    const Arithmetic kind = as_arithmetic(*sum.op);
    if (kind != Arithmetic::add && kind != Arithmetic::sub) return {};
    // The second operand first: that is where an update has its gradient.
    for (std::size_t k : {1U, 0U}) {
      if (k == 0 && kind == Arithmetic::sub) break;
      const std::uint32_t rest = p_.inputs_of(sum)[1 - k];
      auto term = scaled_term(p_.inputs_of(sum)[k]);
      if (!term || !nothing_broadcasts(sum, *term, rest)) continue;
      term->rest = rest;
      term->subtract = kind == Arithmetic::sub;
      return term;
    }
    return {};
  }

  [[nodiscard]] bool nothing_broadcasts(const Instruction& sum, const Term& term,
                                        std::uint32_t rest) const {
    const std::uint32_t type = p_.values[sum.output].type;
    const std::uint32_t source = p_.instructions[term.source].output;
    return p_.values[rest].type == type && p_.values[source].type == type;
  }

  /// The value as a term, if it is one and nobody else reads it.
  [[nodiscard]] std::optional<Term> scaled_term(std::uint32_t v) const {
    if (!is_passing(v)) return {};
    const Instruction& ins = p_.instructions[producer_[v]];
    if (as_arithmetic(*ins.op) != Arithmetic::mul) return plain_term(v);
    for (std::size_t k : {0U, 1U}) {
      const std::uint32_t factor = p_.inputs_of(ins)[k];
      if (p_.size_of(factor) != 1) continue;
      if (auto term = plain_term(p_.inputs_of(ins)[1 - k])) {
        term->scaling = producer_[v];
        term->factor = factor;
        return term;
      }
    }
    return {};
  }

  [[nodiscard]] std::optional<Term> plain_term(std::uint32_t v) const {
    if (!is_passing(v)) return {};
    const Instruction& ins = p_.instructions[producer_[v]];
    if (const auto form = as_matmul(*ins.op, ins.attributes)) {
      if (p_.type_of(v).shape.rank() != 2) return {};
      return Term{form, producer_[v]};
    }
    const auto form = as_sum(*ins.op, ins.attributes);
    if (!form || form->first != 0 || form->keepdims) return {};
    return Term{{}, producer_[v]};
  }

  void rewrite(Instruction& sum, const Term& term) {
    const auto of = p_.inputs_of(p_.instructions[term.source]);
    const std::uint32_t a = of[0], b = of.back();
    const std::uint32_t factor = term.factor != no_id ? term.factor : one();
    if (term.product)
      replace(sum, add_matmul_form(*term.product, term.subtract), {term.rest, a, b, factor},
              term.source);
    else
      replace(sum, add_sum_form(term.subtract), {term.rest, a, factor}, term.source);
    if (term.scaling != no_id) dead_[term.scaling] = 1;
  }

  /// relu of a dense layer.
  void rectify(Instruction& relu) {
    const std::uint32_t v = p_.inputs_of(relu)[0];
    if (!is_passing(v)) return;
    const Instruction& affine = p_.instructions[producer_[v]];
    if (!is_affine(*affine.op)) return;
    const auto in = p_.inputs_of(affine);
    replace(relu, affine_relu_form(), {in[0], in[1], in[2]}, producer_[v]);
  }

  /// The adjoint of relu at a product, maybe under another shape with the same rows.
  void gate(Instruction& relu_grad) {
    const Instruction* product = passing(p_.inputs_of(relu_grad)[0]);
    if (product == nullptr) return;
    const auto form = as_matmul(*product->op, product->attributes);
    const std::uint32_t gate = p_.inputs_of(relu_grad)[1];
    const Shape &rows = p_.type_of(product->output).shape,
                &shape = p_.type_of(relu_grad.output).shape;
    if (!form || rows.rank() != 2 || rows.size() != shape.size() || shape.rank() == 0 ||
        rows[1] != shape[shape.rank() - 1] ||
        p_.values[gate].type != p_.values[relu_grad.output].type) {
      return;
    }
    const auto in = p_.inputs_of(*product);
    replace(relu_grad, gated_matmul_form(*form), {in[0], in[1], gate}, producer_[product->output]);
  }

  /// Makes `ins` compute what `absorbed` did on the way.
  void replace(Instruction& ins, const MergedForm& form,
               std::initializer_list<std::uint32_t> inputs, std::uint32_t absorbed) {
    ins.op = form.op;
    ins.attributes = form.attributes;
    p_.set_inputs(ins, inputs);
    dead_[absorbed] = 1;
  }

  /// The constant 1.
  std::uint32_t one() {
    if (one_ == no_id) {
      one_ = static_cast<std::uint32_t>(p_.values.size());
      Value value;
      value.type = p_.types.find_or_add({});
      value.role = Role::constant;
      value.storage = one_;
      value.fixed = value.persistent = true;
      p_.values.push_back(value);
      const auto bytes = std::bit_cast<std::array<std::byte, sizeof(double)>>(1.0);
      p_.initial.push_back({one_, DType::float64, p_.initial_bytes.size()});
      p_.initial_bytes.insert(p_.initial_bytes.end(), bytes.begin(), bytes.end());
    }
    return one_;
  }

  Program& p_;
  std::vector<std::uint32_t> readers_;   // by storage
  std::vector<std::uint32_t> producer_;  // by value: the instruction, or no_id
  std::vector<char> dead_;               // by instruction
  std::uint32_t one_ = no_id;
};

}  // namespace

void absorb(Program& program) { Absorber(program).run(); }

}  // namespace dtheta::detail
