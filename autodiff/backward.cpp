#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "autodiff/grad.hpp"
#include "autodiff/record/arena.hpp"
#include "autodiff/record/pullback.hpp"
#include "autodiff/record/sweep.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {
namespace {

/// One way back through a tape, in numbers. Records are left as they are.
template <Scalar T>
class Backward {
 public:
  Backward(Tape& tape, Var y, std::span<const Var> xs)
      : tape_(tape),
        pullbacks_(tape.pullbacks().template get<T>()),
        first_(detail::smallest(xs)),
        last_(std::max(y.index(), detail::largest(xs))),
        depends_(detail::dependents(tape, xs, last_)),
        sums_(first_, last_) {
    // What does not depend on any of xs has no sum.
    if (wanted(y.index())) *begin_sum(sums_[y.index()], 1) = T(1);
  }

  void run() {
    for (std::uint32_t i = last_ + 1; i-- > first_;) {
      if (sums_[i].at == nullptr) continue;
      const Node& node = tape_.node(i);
      if (node.role == Role::op && !pull_in_numbers(node, sums_[i].at)) pull_recorded(i);
    }
  }

  /// dy/dx. Zeros where y does not depend on x.
  [[nodiscard]] Tensor of(Var x) {
    Tensor result(x.shape(), dtype_of<T>);
    const Sum& sum = sums_[x.index()];
    if (sum.at != nullptr) copy(sum.at, result.data<T>().data(), result.data<T>().size());
    return result;
  }

 private:
  /// The cotangent of a record so far: a single number stands here, others in the arena.
  struct Sum {
    const T* at = nullptr;
    T one{};
    bool own = false;  // of this record alone: it may be added to in place
  };
  using Pullback = detail::Pullback<T>;

  static void copy(const T* from, T* to, std::size_t n) { std::copy_n(from, n, to); }
  [[nodiscard]] T* numbers(std::size_t n) {
    return static_cast<T*>(arena_.allocate(n * sizeof(T)));
  }
  T* begin_sum(Sum& sum, std::size_t n) {
    T* const place = n == 1 ? &sum.one : numbers(n);
    sum.at = place;
    sum.own = true;
    return place;
  }
  void add_to(Sum& sum, const T* part, std::size_t n) {
    const T* const before = sum.at;
    T* const to = sum.own ? const_cast<T*>(before) : begin_sum(sum, n);
    for (std::size_t k = 0; k < n; ++k) to[k] = before[k] + part[k];
  }
  [[nodiscard]] bool wanted(std::uint32_t record) {
    return sums_.covers(record) && depends_[record];
  }

  /// An elementwise op of operands of one type needs no record: see Pullback.
  [[nodiscard]] bool pull_in_numbers(const Node& node, const T* c) {
    if (!node.op->is_elementwise()) return false;
    const auto& pullbacks = pullbacks_.of(*node.op, node.attributes);
    if (!pullbacks.usable()) return false;
    typename Pullback::Given given{};
    for (std::uint32_t k = 0; k < node.input_count; ++k) {
      const Node& operand = tape_.node(node.inputs[k]);
      if (operand.type != node.type) return false;
      given.operand(k) = static_cast<const T*>(operand.value);
    }
    given.result() = static_cast<const T*>(node.value);
    given.cotangent() = c;
    const auto n = static_cast<std::size_t>(node.type->shape.size());
    for (std::uint32_t k = 0; k < node.input_count; ++k) {
      if (!wanted(node.inputs[k]) || pullbacks.by(k).is_zero()) continue;
      pull(pullbacks.by(k), given, sums_[node.inputs[k]], n);
    }
    return true;
  }
  void pull(const Pullback& pullback, typename Pullback::Given& given, Sum& sum, std::size_t n) {
    if (pullback.is_same()) {
      if (sum.at == nullptr)
        sum.at = given.cotangent();
      else
        add_to(sum, given.cotangent(), n);
    } else if (sum.at == nullptr) {
      pullback.run(given, begin_sum(sum, n), n);
    } else if (n == 1) {
      const T part = pullback.one(given);
      add_to(sum, &part, 1);
    } else {
      const Arena::Position before = arena_.position();
      T* const part = numbers(n);
      pullback.run(given, part, n);
      if (sum.own) {
        add_to(sum, part, n);
        arena_.rewind(before);
      } else {
        for (std::size_t k = 0; k < n; ++k) part[k] = sum.at[k] + part[k];
        sum.at = part;
        sum.own = true;
      }
    }
  }

  /// Any other op: its rule is recorded, its numbers are taken and the records forgotten.
  void pull_recorded(std::uint32_t i) {
    const Tape::Scratch scratch(tape_);
    const Tape::DerivativeOf scope(tape_, i);
    const Node& node = tape_.node(i);
    const Var cotangent = tape_.constant(
        Tensor(node.type->shape,
               std::span(sums_[i].at, static_cast<std::size_t>(node.type->shape.size()))));
    const Primal primal{tape_.inputs(i), tape_.var(i)};
    for (std::uint32_t k = 0; k < node.input_count; ++k) {
      if (!wanted(node.inputs[k])) continue;
      const Var v = node.op->vjp(node.attributes, static_cast<int>(k), primal, cotangent);
      if (!v.exists()) continue;
      const std::span<const T> part = v.data<T>();
      Sum& sum = sums_[node.inputs[k]];
      if (sum.at == nullptr)
        copy(part.data(), begin_sum(sum, part.size()), part.size());
      else
        add_to(sum, part.data(), part.size());
    }
  }

  Tape& tape_;
  detail::PullbackTable<T>& pullbacks_;
  std::uint32_t first_, last_;
  detail::OverRange<char> depends_;
  detail::OverRange<Sum> sums_;
  Arena arena_;
};

template <Scalar T>
std::vector<Tensor> derivatives(Tape& tape, Var y, std::span<const Var> xs) {
  Backward<T> back(tape, y, xs);
  back.run();
  std::vector<Tensor> result;
  result.reserve(xs.size());
  for (const Var x : xs) result.push_back(back.of(x));
  return result;
}

}  // namespace

std::vector<Tensor> backward(Var y, std::span<const Var> xs) {
  Tape& tape = y.tape();
  detail::require_same_tape("backward", tape, std::span(&y, 1));
  detail::require_single("backward", y);
  if (xs.empty()) return {};
  detail::require_same_tape("backward", tape, xs);
  detail::require_real_values("backward", xs);
  return tape.precision() == DType::float32 ? derivatives<float>(tape, y, xs)
                                            : derivatives<double>(tape, y, xs);
}

std::vector<Tensor> backward(Var y, std::initializer_list<Var> xs) {
  return backward(y, std::span(xs.begin(), xs.size()));
}

Tensor backward(Var y, Var x) { return std::move(backward(y, {x}).front()); }

}  // namespace dtheta
