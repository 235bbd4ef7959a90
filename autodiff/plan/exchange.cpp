// max_pool(relu(x)) -> relu(max_pool(x)), and the adjoints likewise: relu keeps the order of numbers, so the largest
// of what it gives is what it gives for the largest, with the same bits, NaN included. Behind the pooling it has a
// fourth of the elements to pass over, or less, and what it gave for all of them is never written.
//
// An element that is not positive receives nothing either way, and among positive ones the largest are the same.

#include <algorithm>
#include <utility>

#include "autodiff/ops/elementwise/activation_form.hpp"
#include "autodiff/ops/spatial/max_pool_form.hpp"
#include "autodiff/plan/program.hpp"

namespace dtheta::detail {
namespace {

class Exchanger {
 public:
  explicit Exchanger(Program& program) : p_(program) {}

  void run() {
    // Most plans pool nothing: they are to pay for no list of values.
    if (std::ranges::none_of(p_.instructions, is_max_pool)) return;
    find_pools();
    if (pools_.empty()) return;
    find_adjoints();
    for (const Pool& pool : pools_) {
      const bool all_known = pool.readers == 1 + 2 * pool.adjoints.size();
      if (all_known && is_worth_it(pool)) exchange(pool);
    }
  }

 private:
  /// max_pool_grad of what relu gave, and relu_grad of that: the instructions.
  struct Adjoint {
    std::uint32_t pool, relu;
  };
  /// A relu, what pools what it gives, and the adjoints of both.
  struct Pool {
    std::uint32_t relu, pool;
    std::size_t readers = 0;  // of what relu gives
    std::vector<Adjoint> adjoints{};
  };

  static bool is_max_pool(const Instruction& ins) {
    return max_pool_window(*ins.op, ins.attributes) != nullptr;
  }
  [[nodiscard]] std::uint32_t operand(std::uint32_t instruction, std::size_t k) const {
    return p_.inputs_of(p_.instructions[instruction])[k];
  }
  /// Whether a value exists for its readers alone.
  [[nodiscard]] bool is_passing(std::uint32_t v) const {
    const Value& value = p_.values[v];
    return value.storage == v && !value.persistent && !value.fixed;
  }

  void find_pools() {
    std::vector<std::uint32_t> relu_of(p_.values.size(), no_id);
    found_.assign(p_.values.size(), no_id);
    for (std::uint32_t i = 0; i < p_.instructions.size(); ++i) {
      const Instruction& ins = p_.instructions[i];
      if (is_relu(*ins.op) && is_passing(ins.output)) relu_of[ins.output] = i;
      if (!is_max_pool(ins)) continue;
      const std::uint32_t v = operand(i, 0);
      if (relu_of[v] == no_id || found_[v] != no_id) continue;
      found_[v] = static_cast<std::uint32_t>(pools_.size());
      pools_.push_back({.relu = relu_of[v], .pool = i});
    }
  }

  /// Who reads what a relu of these gives, and what max_pool_grad gives for it.
  void find_adjoints() {
    std::vector<std::uint32_t> readers(p_.values.size(), 0), pulled_by(p_.values.size(), no_id);
    for (const Instruction& ins : p_.instructions) {
      for (const std::uint32_t v : p_.inputs_of(ins)) ++readers[p_.values[v].storage];
    }
    for (Pool& pool : pools_) pool.readers = readers[p_.instructions[pool.relu].output];
    for (std::uint32_t i = 0; i < p_.instructions.size(); ++i) {
      const Instruction& ins = p_.instructions[i];
      if (is_adjoint(i)) {
        if (is_passing(ins.output) && readers[ins.output] == 1) pulled_by[ins.output] = i;
      } else if (is_relu_grad(*ins.op) && pulled_by[operand(i, 0)] != no_id) {
        const std::uint32_t by = pulled_by[operand(i, 0)], v = operand(i, 1);
        if (operand(by, 1) == v) pools_[found_[v]].adjoints.push_back({by, i});
      }
    }
  }
  /// Whether it is the adjoint of a pool that was found.
  [[nodiscard]] bool is_adjoint(std::uint32_t i) const {
    const Instruction& ins = p_.instructions[i];
    const Window* const window = max_pool_grad_window(*ins.op, ins.attributes);
    if (window == nullptr || found_[operand(i, 1)] == no_id) return false;
    const Instruction& pool = p_.instructions[pools_[found_[operand(i, 1)]].pool];
    return *window == *max_pool_window(*pool.op, pool.attributes);
  }

  /// In one pass with what it is of relu takes no time: then only its adjoint gains.
  [[nodiscard]] bool is_worth_it(const Pool& pool) const {
    if (!pool.adjoints.empty()) return true;
    const std::uint32_t x = operand(pool.relu, 0);
    return std::ranges::none_of(p_.instructions, [&](const Instruction& ins) {
      return ins.output == x && ins.op->is_elementwise();
    });
  }

  void exchange(const Pool& pool) {
    const std::uint32_t x = operand(pool.relu, 0), y = p_.instructions[pool.pool].output;
    const std::uint32_t largest = another_like(y);
    swap_ops(pool.relu, pool.pool);
    p_.instructions[pool.relu].output = largest;
    p_.set_inputs(p_.instructions[pool.pool], {largest});
    for (const Adjoint& a : pool.adjoints) {
      const std::uint32_t cotangent = operand(a.pool, 0), passed = another_like(cotangent);
      swap_ops(a.pool, a.relu);
      p_.set_inputs(p_.instructions[a.pool], {cotangent, y});
      p_.instructions[a.pool].output = passed;
      p_.set_inputs(p_.instructions[a.relu], {passed, x});
    }
  }
  void swap_ops(std::uint32_t i, std::uint32_t k) {
    Instruction &a = p_.instructions[i], &b = p_.instructions[k];
    std::swap(a.op, b.op);
    std::swap(a.attributes, b.attributes);
  }
  std::uint32_t another_like(std::uint32_t v) {
    const auto id = static_cast<std::uint32_t>(p_.values.size());
    p_.values.push_back({.type = p_.values[v].type, .storage = id});
    return id;
  }

  Program& p_;
  std::vector<std::uint32_t> found_;  // by value: its pool, or no_id
  std::vector<Pool> pools_;
};

}  // namespace

void exchange(Program& program) { Exchanger(program).run(); }

}  // namespace dtheta::detail
