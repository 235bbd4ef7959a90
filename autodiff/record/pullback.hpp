#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "autodiff/op.hpp"
#include "autodiff/ops/elementwise/arithmetic_form.hpp"

namespace dtheta::detail {

/// c times the slope of an elementwise op by one operand, in numbers and without a record: the op's
/// own rule is recorded once, on single numbers of another tape, and from then on what it recorded
/// there is run as it stands. So a derivative has one source, and the same bits either way.
template <Scalar T>
class Pullback {
 public:
  Pullback(const OpRecord& op, const void* attributes, int operand);

  /// False where the rule records more than a few elementwise ops: then it has to be recorded anew
  /// each time.
  [[nodiscard]] bool usable() const { return usable_; }
  /// The derivative is zero everywhere.
  [[nodiscard]] bool is_zero() const { return result_ == none; }
  /// The derivative is c itself.
  [[nodiscard]] bool is_same() const { return result_ == cotangent; }

  /// What a rule reads: where the elements of the op's operands are, of its result and of c.
  struct Given {
    std::array<const T*, max_elementwise + 2> at;
    [[nodiscard]] const T*& operand(std::size_t k) { return at[k]; }
    [[nodiscard]] const T*& result() { return at[max_elementwise]; }
    [[nodiscard]] const T*& cotangent() { return at[max_elementwise + 1]; }
  };

  /// The n elements of the derivative.
  void run(const Given& given, T* result, std::size_t n) const {
    if (n == 1)
      *result = one(given);
    else
      run_chunks(given, result, n);
  }
  /// The derivative of a single number.
  [[nodiscard]] T one(const Given& given) const {
    if (!is_one_step_) return run_steps(given);
    return single(steps_[0].arithmetic, given.at[steps_[0].in[0]], given.at[steps_[0].in[1]]);
  }

 private:
  static constexpr std::size_t most_steps = 16, most_constants = 8;
  static constexpr std::size_t chunk = 128;  // elements at a time: all steps' stay in the cache
  // A step finds its operands at a place: what is given, then constants, then earlier steps.
  static constexpr std::uint8_t cotangent = max_elementwise + 1, first_constant = cotangent + 1,
                                first_step = first_constant + most_constants, none = 255;
  using Pointers = std::array<const T*, first_step + most_steps>;
  struct Step {
    Tile<T> tile;
    const void* attributes;
    Arithmetic arithmetic;  // single numbers take a shorter way
    std::uint8_t inputs;
    std::array<std::uint8_t, max_elementwise> in;
  };

  [[nodiscard]] bool add_constant(const Node& node);
  [[nodiscard]] bool add_step(const Node& node, const std::vector<std::uint8_t>& place_of);
  [[nodiscard]] T run_steps(const Given& given) const;
  void run_chunks(const Given& given, T* result, std::size_t n) const;
  void run_chunk(Pointers& at, T* result, std::size_t n) const;

  std::vector<Step> steps_;
  std::vector<std::unique_ptr<std::byte[]>> attributes_;  // of the steps
  std::vector<std::array<T, chunk>> constants_;
  std::uint8_t result_ = none;
  bool is_one_step_ = false;  // of arithmetic, on what is given
  bool usable_ = true;
};

/// The pullbacks of the ops that a tape has met, each made when it is first asked for.
template <Scalar T>
class PullbackTable {
 public:
  /// Of one op, by operand.
  class OfOp {
   public:
    OfOp(const OpRecord& op, const void* attributes);
    /// Whether all of them are.
    [[nodiscard]] bool usable() const { return usable_; }
    [[nodiscard]] const Pullback<T>& by(std::uint32_t operand) const {
      return by_operand_[operand];
    }
    [[nodiscard]] bool has(const void* attributes) const {
      return op_->bytes == 0 || op_->equal(attributes_.get(), attributes);
    }

   private:
    const OpRecord* op_;
    std::unique_ptr<std::byte[]> attributes_;  // a copy
    std::vector<Pullback<T>> by_operand_;
    bool usable_ = true;
  };

  /// Valid until the next one is asked for.
  [[nodiscard]] const OfOp& of(const OpRecord& op, const void* attributes) {
    const Recent& last = recent_[place(op)];
    return last.op == &op ? *last.known : search(op, attributes);
  }

 private:
  /// Ops whose attributes differ from record to record are forgotten when there are too many.
  static constexpr std::size_t most = 1024, recent = 64;
  [[nodiscard]] const OfOp& search(const OpRecord& op, const void* attributes);
  const OfOp& remember(const OpRecord& op, const OfOp& known) {
    if (op.bytes == 0) recent_[place(op)] = {&op, &known};
    return known;
  }
  [[nodiscard]] static std::size_t place(const OpRecord& op) {
    return reinterpret_cast<std::uintptr_t>(&op) / alignof(OpRecord) / 16 % recent;
  }

  std::unordered_multimap<const OpRecord*, OfOp> known_;  // elements stay where they are
  /// Ops without attributes, by some bits of their address: most are found here.
  struct Recent {
    const OpRecord* op = nullptr;
    const OfOp* known = nullptr;
  };
  std::array<Recent, recent> recent_{};
};

/// Those of both precisions that a tape may have.
struct Pullbacks {
  PullbackTable<float> f32;
  PullbackTable<double> f64;

  template <Scalar T>
  [[nodiscard]] PullbackTable<T>& get() {
    if constexpr (std::same_as<T, float>)
      return f32;
    else
      return f64;
  }
};

extern template class Pullback<float>;
extern template class Pullback<double>;
extern template class PullbackTable<float>;
extern template class PullbackTable<double>;

}  // namespace dtheta::detail
