// Matrix products -> the sums that they are a term of. In x + s A B the product needs no memory of
// its own and no pass over it: BLAS adds as it goes, in place if x dies there. A step of gradient
// descent, W - rate * (d^T a), is of this kind, and so is a gradient with several terms.

#include <array>
#include <bit>
#include <optional>

#include "autodiff/ops/forms.hpp"
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
    std::vector<char> dead(p_.instructions.size(), 0);
    for (Instruction& sum : p_.instructions) {
      if (const auto term = term_of(sum)) rewrite(sum, *term, dead);
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i < p_.instructions.size(); ++i) {
      if (!dead[i]) p_.instructions[kept++] = p_.instructions[i];
    }
    p_.instructions.resize(kept);
  }

 private:
  /// One operand of a sum: factor times a product of matrices.
  struct Term {
    MatMulForm form;
    bool subtract;
    std::uint32_t rest;     // the other operand
    std::uint32_t product;  // the instruction
    std::uint32_t scaling;  // the instruction that multiplies it, or no_id
    std::uint32_t factor;   // the value, or no_id for 1
  };

  /// Whether a value exists for one reader alone, so that it need not exist at all.
  [[nodiscard]] bool is_passing(std::uint32_t v) const {
    const Value& value = p_.values[v];
    return producer_[v] != no_id && readers_[v] == 1 && !value.persistent && !value.fixed;
  }

  [[nodiscard]] std::optional<Term> term_of(const Instruction& sum) const {
    const Arithmetic kind = as_arithmetic(*sum.op);
    if (kind != Arithmetic::add && kind != Arithmetic::sub) return {};
    // The second operand first: that is where an update has its gradient.
    for (std::size_t k : {1U, 0U}) {
      if (k == 0 && kind == Arithmetic::sub) break;
      const std::uint32_t rest = p_.inputs_of(sum)[1 - k];
      auto term = product_in(p_.inputs_of(sum)[k]);
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
    const std::uint32_t product = p_.instructions[term.product].output;
    return p_.values[rest].type == type && p_.values[product].type == type;
  }

  /// The value as s A B or A B, if it is one and nobody else reads it.
  [[nodiscard]] std::optional<Term> product_in(std::uint32_t v) const {
    if (!is_passing(v)) return {};
    const Instruction& ins = p_.instructions[producer_[v]];
    if (as_arithmetic(*ins.op) == Arithmetic::mul) {
      for (std::size_t k : {0U, 1U}) {
        const std::uint32_t factor = p_.inputs_of(ins)[k];
        if (p_.size_of(factor) != 1) continue;
        if (auto term = product_in(p_.inputs_of(ins)[1 - k]); term && term->factor == no_id) {
          term->scaling = producer_[v];
          term->factor = factor;
          return term;
        }
      }
      return {};
    }
    const auto form = as_matmul(*ins.op, ins.attributes);
    if (!form || p_.type_of(v).shape.rank() != 2) return {};
    return Term{*form, false, no_id, producer_[v], no_id, no_id};
  }

  void rewrite(Instruction& sum, const Term& term, std::vector<char>& dead) {
    const AddMatMulForm form = add_matmul_form(term.form, term.subtract);
    const auto product = p_.inputs_of(p_.instructions[term.product]);
    const std::uint32_t factor = term.factor != no_id ? term.factor : one();
    const std::uint32_t inputs[] = {term.rest, product[0], product[1], factor};
    sum.op = form.op;
    sum.attributes = form.attributes;
    sum.first_input = static_cast<std::uint32_t>(p_.inputs.size());
    sum.input_count = 4;
    p_.inputs.insert(p_.inputs.end(), std::begin(inputs), std::end(inputs));
    dead[term.product] = 1;
    if (term.scaling != no_id) dead[term.scaling] = 1;
  }

  /// The constant 1.
  std::uint32_t one() {
    if (one_ == no_id) {
      one_ = static_cast<std::uint32_t>(p_.values.size());
      Value value;
      value.type = static_cast<std::uint32_t>(p_.types.size());
      value.role = Role::constant;
      value.storage = one_;
      value.fixed = value.persistent = true;
      p_.types.emplace_back();
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
  std::uint32_t one_ = no_id;
};

}  // namespace

void absorb(Program& program) { Absorber(program).run(); }

}  // namespace dtheta::detail
