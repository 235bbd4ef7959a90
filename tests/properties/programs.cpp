#include "programs.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <ostream>

#include "autodiff/ops/broadcast.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/elementwise/noise.hpp"
#include "autodiff/ops/elementwise/trigonometric.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/network/activation_units.hpp"
#include "autodiff/ops/reduction/norm.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/reduction/scan.hpp"
#include "autodiff/ops/reduction/softmax.hpp"
#include "autodiff/ops/shape/concat.hpp"
#include "autodiff/ops/shape/indexing.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/repeat.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "autodiff/ops/shape/sort.hpp"

namespace dtheta::properties {
namespace {

/// Operands and setting of a step.
struct Operands {
  Var a;
  Var b;  // broadcasts to a's shape
  unsigned setting;

  [[nodiscard]] int axis() const {
    return static_cast<int>(setting % static_cast<unsigned>(a.rank()));
  }
  [[nodiscard]] Index axis_size() const { return a.shape()[axis()]; }
};

Var pairwise(const Operands& o) {
  switch (o.setting % 8) {
    case 0:
      return 0.5 * (o.a + o.b);
    case 1:
      return 0.5 * (o.b - o.a);
    case 2:
      return o.a * o.b;
    case 3:
      return o.a / (2 + o.b);
    case 4:
      return maximum(o.a, o.b);
    case 5:
      return minimum(o.b, o.a);
    case 6:
      return where(less(o.a, o.b), o.a, 0.25 * o.b);
    default:
      return 0.5 * fma(o.a, o.b, o.a);
  }
}

Var single(const Operands& o) {
  switch (o.setting % 12) {
    case 0:
      return tanh(o.a);
    case 1:
      return sin(o.a);
    case 2:
      return 0.3 * exp(o.a);
    case 3:
      return sigmoid(o.a);
    case 4:
      return relu(o.a);
    case 5:
      return -abs(o.a);
    case 6:
      return 0.5 * square(o.a);
    case 7:
      return 0.6 * sqrt(1.5 + o.a);
    case 8:
      return log1p(0.5 * o.a);
    case 9:
      return clamp(o.a, -0.4, 0.7);
    case 10:
      return leaky_relu(o.a, 0.1);
    default:
      return gelu(o.a);
  }
}

/// Constants, numbers and records that stand alone.
Var with_number(const Operands& o) {
  const double number = static_cast<double>(o.setting % 5) / 4 - 0.5;
  switch (o.setting / 5 % 4) {
    case 0:
      return 0.5 * (o.a + number);
    case 1:
      return o.a * number;
    case 2:
      return number * (1 - abs(o.a));
    default:
      return o.a * o.a.tape().constant(materialize(real(o.a.shape(), {-1, 1}), o.setting));
  }
}

Var reduce(const Operands& o) {
  if (o.a.rank() == 0) return o.a;
  const bool keep = o.setting / 8 % 2 == 0;
  const int axis = o.axis();
  switch (o.setting / 16 % 6) {
    case 0:
      return mean(o.a, axis, keep);
    case 1:
      return max(o.a, axis, keep);
    case 2:
      return min(o.a, axis, keep);
    case 3:
      return 0.3 * logsumexp(o.a, axis, keep);
    case 4:
      return sum(o.a, axis, keep) / static_cast<double>(o.axis_size());
    default:
      return norm(o.a, 2, axis, keep) / static_cast<double>(o.axis_size());
  }
}

Var along_axis(const Operands& o) {
  if (o.a.rank() == 0) return o.a;
  switch (o.setting / 8 % 4) {
    case 0:
      return softmax(o.a, o.axis());
    case 1:
      return cumsum(o.a, o.axis()) / static_cast<double>(o.axis_size());
    case 2:
      return sort(o.a, o.axis());
    default:
      return 0.2 * log_softmax(o.a, o.axis());
  }
}

Var rearrange(const Operands& o) {
  if (o.a.rank() == 0) return reshape(o.a, {1, 1});
  const int axis = o.axis();
  switch (o.setting / 8 % 8) {
    case 0:
      return reshape(o.a, {-1});
    case 1:
      return transpose(o.a);
    case 2:
      return slice(o.a, axis, {0, (o.axis_size() + 1) / 2});
    case 3:
      return slice(o.a, axis, {Range::unset, Range::unset, -1});
    case 4:
      return roll(o.a, 1, axis);
    case 5:
      return select(o.a, axis, o.axis_size() - 1);
    case 6:
      return o.a.rank() < 4 ? expand_dims(o.a, axis) : squeeze(o.a);
    default:
      return flip(o.a, axis);
  }
}

Var join(const Operands& o) {
  if (o.a.rank() == 0) return stack({o.a, 0.5 * o.a}, 0);
  const Var same = broadcast_to(o.b, o.a.shape());
  switch (o.setting / 8 % 3) {
    case 0:
      return concat({o.a, same}, o.axis());
    case 1:
      return concat({same, o.a, same}, o.axis());
    default:
      return o.a.rank() < 4 ? stack({same, o.a}, o.axis()) : o.a;
  }
}

Var multiply(const Operands& o) {
  if (o.a.rank() < 2)
    return inner(reshape(o.a, {-1}), reshape(o.a, {-1})) / static_cast<double>(o.a.size());
  const double inner_size = static_cast<double>(o.a.shape()[o.a.rank() - 1]);
  const Var same = broadcast_to(o.b, o.a.shape());
  return matmul(o.a, same, false, true) / inner_size;
}

Var choose(const Operands& o) {
  if (o.a.rank() == 0) return o.a;
  const Index n = o.axis_size();
  const Var at = o.a.tape().constant(
      Tensor(Shape{3}, std::initializer_list<Index>{0, n - 1, static_cast<Index>(o.setting) % n}));
  if (o.setting / 8 % 2 == 0) return take(o.a, at, o.axis());
  return scatter_add(take(o.a, at, o.axis()), at, o.axis(), n) / 3;
}

Var drop(const Operands& o) { return 0.5 * dropout(o.a, 0.5, {o.setting, 1}); }

using Make = Var (*)(const Operands&);
// Elementwise ops stand twice: runs of them are what is fused.
constexpr std::array<Make, 13> makers{pairwise, single,   with_number, reduce, along_axis,
                                      pairwise, single,   rearrange,   join,   multiply,
                                      choose,   pairwise, drop};

}  // namespace

std::ostream& operator<<(std::ostream& out, const Step& s) {
  return out << '{' << s.op << ", " << s.a << ", " << s.b << ", " << s.setting << '}';
}

rc::Gen<Program> programs(std::size_t most) {
  const auto number = rc::gen::inRange<unsigned>(0, 1000);
  const auto step =
      rc::gen::build<Step>(rc::gen::set(&Step::op, number), rc::gen::set(&Step::a, number),
                           rc::gen::set(&Step::b, number), rc::gen::set(&Step::setting, number));
  return rc::gen::mapcat(rc::gen::inRange<std::size_t>(1, most + 1), [step](std::size_t count) {
    return rc::gen::container<Program>(count, step);
  });
}

std::vector<Tensor> initial_leaves(std::uint64_t seed, Index scale) {
  const Index rows = 3 * scale, columns = 4 * scale;
  std::vector<Tensor> leaves;
  for (const Shape& shape :
       {Shape{rows, columns}, Shape{columns}, Shape{rows, columns}, Shape{2, rows, 1}, Shape{}}) {
    leaves.push_back(materialize(real(shape, {-1, 1}), seed + leaves.size()));
  }
  return leaves;
}

Recorded record(Tape& tape, const Program& program, std::span<const Tensor> leaves) {
  const Index largest = std::max<Index>(400, 3 * leaves[0].size());
  Recorded r;
  for (const Tensor& leaf : leaves) r.leaves.push_back(tape.leaf(leaf));
  r.values = r.leaves;
  for (const Step& step : program) {
    // Recent values are likelier, so that programs become deep.
    const auto recent = [&](unsigned k) {
      return r.values[r.values.size() - 1 - k % std::min<std::size_t>(r.values.size(), 7)];
    };
    Var a = recent(step.a), b = recent(step.b);
    if (a.size() > largest) a = mean(a);
    if (!broadcasts_to(b.shape(), a.shape())) b = mean(b);
    r.values.push_back(makers[step.op % makers.size()]({a, b, step.setting}));
  }
  return r;
}

Var cost_of(const Recorded& r, std::uint64_t seed) {
  Var cost;
  for (std::size_t i = r.values.size() - 1, k = 0; k < 3 && i > 0; i /= 2, ++k) {
    const Var y = r.values[i];
    const Var c = y.tape().constant(materialize(real(y.shape(), {-1, 1}), seed + k));
    const Var term = sum(c * y);
    cost = cost.exists() ? cost + term : term;
  }
  return cost;
}

}  // namespace dtheta::properties
