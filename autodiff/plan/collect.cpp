// Sums of many small products -> fewer large ones. The weights of a recurrent network receive a
// product from each step, W + s G_1^T H_1 + s G_2^T H_2 + ..., of a few rows each. With the rows of
// the steps side by side it is one product, which passes over W once and fills the machine.

#include <algorithm>

#include "autodiff/ops/linalg/add_matmul_form.hpp"
#include "autodiff/ops/plan_form.hpp"
#include "autodiff/ops/shape/concat_form.hpp"
#include "autodiff/plan/program.hpp"

namespace dtheta::detail {
namespace {

class Collector {
 public:
  explicit Collector(Program& program)
      : p_(program),
        added_(add_matmul_form({.transpose_a = true, .transpose_b = false}, false)),
        readers_(program.values.size(), 0),
        sum_of_(program.values.size(), no_id) {
    for (const Instruction& ins : p_.instructions) {
      for (std::uint32_t in : p_.inputs_of(ins)) ++readers_[p_.values[in].storage];
    }
  }

  void run() {
    for (std::uint32_t i = 0; i < p_.instructions.size(); ++i) {
      if (is_term(p_.instructions[i])) add(i);
    }
    std::erase_if(sums_, [](const Sum& s) { return s.terms.size() < worth_it; });
    if (!sums_.empty()) rewrite();
  }

 private:
  /// A product of more rows is large enough alone, and so many together are large enough.
  static constexpr Index few_rows = 64, enough_rows = 256;
  static constexpr std::size_t worth_it = 4;

  struct Sum {
    std::vector<std::uint32_t> terms;  // instructions, each added to the one before
    Index rows = 0;
  };

  /// x + s A^T B with few rows.
  [[nodiscard]] bool is_term(const Instruction& ins) const {
    return ins.op == added_.op && ins.op->equal(ins.attributes, added_.attributes) &&
           !p_.values[ins.output].fixed && rows(ins) <= few_rows;
  }
  [[nodiscard]] Index rows(const Instruction& term) const {
    return p_.type_of(p_.inputs_of(term)[1]).shape[0];
  }

  void add(std::uint32_t i) {
    const Instruction& term = p_.instructions[i];
    std::uint32_t& sum = sum_of_[term.output];
    sum = continued_by(term);
    if (sum == no_id) {
      sum = static_cast<std::uint32_t>(sums_.size());
      sums_.emplace_back();
    }
    sums_[sum].terms.push_back(i);
    sums_[sum].rows += rows(term);
  }

  /// The sum to which a term is added, if nobody else reads it and it may grow; else no_id.
  [[nodiscard]] std::uint32_t continued_by(const Instruction& term) const {
    const auto in = p_.inputs_of(term);
    const std::uint32_t so_far = in[0];
    const Value& value = p_.values[so_far];
    const std::uint32_t sum = sum_of_[so_far];
    if (sum == no_id || readers_[so_far] != 1 || value.persistent) return no_id;
    const Sum& s = sums_[sum];
    const bool same_factor = p_.inputs_of(p_.instructions[s.terms.back()])[3] == in[3];
    return same_factor && s.rows + rows(term) <= enough_rows ? sum : no_id;
  }

  /// In the place of the last term of each sum: its operands, stacked, and one product.
  void rewrite() {
    std::vector<std::uint32_t> ends_at(p_.instructions.size(), no_id);
    std::vector<char> dead(p_.instructions.size(), 0);
    for (std::uint32_t s = 0; s < sums_.size(); ++s) {
      for (std::uint32_t i : sums_[s].terms) dead[i] = 1;
      ends_at[sums_[s].terms.back()] = s;
    }
    std::vector<Instruction> result;
    result.reserve(p_.instructions.size());
    for (std::uint32_t i = 0; i < p_.instructions.size(); ++i) {
      if (!dead[i]) result.push_back(p_.instructions[i]);
      if (ends_at[i] != no_id) emit(sums_[ends_at[i]], result);
    }
    p_.instructions = std::move(result);
  }

  void emit(const Sum& sum, std::vector<Instruction>& to) {
    const std::uint32_t rest = p_.inputs_of(p_.instructions[sum.terms.front()])[0];
    const std::uint32_t factor = p_.inputs_of(p_.instructions[sum.terms.front()])[3];
    const std::uint32_t a = stacked(sum, 1, to), b = stacked(sum, 2, to);
    Instruction product = p_.instructions[sum.terms.back()];
    product.first_input = static_cast<std::uint32_t>(p_.inputs.size());
    p_.inputs.insert(p_.inputs.end(), {rest, a, b, factor});
    to.push_back(product);
  }

  /// Operand k of all terms, one below the other.
  std::uint32_t stacked(const Sum& sum, std::size_t k, std::vector<Instruction>& to) {
    const MergedForm form = stack_rows_form();
    const Index columns = p_.type_of(p_.inputs_of(p_.instructions[sum.terms[0]])[k]).shape[1];
    const auto id = static_cast<std::uint32_t>(p_.values.size());
    p_.values.push_back(
        {.type = p_.types.find_or_add({Shape{sum.rows, columns}, Kind::real}), .storage = id});
    const auto first = static_cast<std::uint32_t>(p_.inputs.size());
    for (std::uint32_t i : sum.terms) {
      const std::uint32_t operand = p_.inputs_of(p_.instructions[i])[k];
      p_.inputs.push_back(operand);
    }
    to.push_back(
        {form.op, form.attributes, first, static_cast<std::uint32_t>(sum.terms.size()), id});
    return id;
  }

  Program& p_;
  const MergedForm added_;
  std::vector<std::uint32_t> readers_;  // by storage
  std::vector<std::uint32_t> sum_of_;   // by value: the sum whose last term it is, or no_id
  std::vector<Sum> sums_;
};

}  // namespace

void collect(Program& program) { Collector(program).run(); }

}  // namespace dtheta::detail
