#include <boost/test/unit_test.hpp>

#include "autodiff/grad.hpp"
#include "autodiff/ops/broadcast.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/repeat.hpp"
#include "check.hpp"
#include "generators.hpp"

namespace dtheta::properties {
namespace {

/// Dimensions that broadcast to `to`: some axes in front left out, some others of size 1.
std::vector<Index> narrower(std::vector<Index> to) {
  const auto left_out = *rc::gen::inRange<std::size_t>(0, to.size() + 1);
  to.erase(to.begin(), to.begin() + static_cast<std::ptrdiff_t>(left_out));
  for (Index& d : to) {
    if (*rc::gen::arbitrary<bool>()) d = 1;
  }
  return to;
}

/// The element of x that stands at place `at` of the shape it is broadcast to: the definition.
double element(Var x, const Shape& to, Index at) {
  const int missing = to.rank() - x.rank();
  Index place = 0, stride = 1;
  for (int axis = to.rank() - 1; axis >= missing; --axis) {
    const Index d = x.shape()[axis - missing], i = at % to[axis];
    at /= to[axis];
    if (d != 1) place += i * stride;
    stride *= d;
  }
  return x.data<double>()[static_cast<std::size_t>(place)];
}

/// x repeated by tile, which knows nothing of broadcasting.
Var expanded(Var x, const Shape& to) {
  std::vector<Index> repeats(to.begin(), to.end());
  const auto missing = static_cast<std::size_t>(to.rank() - x.rank());
  for (std::size_t i = missing; i < repeats.size(); ++i) {
    if (x.shape()[static_cast<int>(i - missing)] != 1) repeats[i] = 1;
  }
  return tile(x, std::span<const Index>(repeats));
}

using BinaryOp = Var (*)(Arg, Arg);
constexpr BinaryOp binary_ops[]{add, sub, mul, div, maximum, minimum, hypot, less};

double dot(Var a, Var b) { return sum(a * b).item(); }

}  // namespace

BOOST_AUTO_TEST_SUITE(broadcasting_properties)

BOOST_AUTO_TEST_CASE(broadcast_to_is_its_definition) {
  BOOST_TEST(holds("broadcast_to is its definition", [] {
    const Shape to = shape(*dims(0, 4, 0));
    Tape tape;
    const Var x = tape.leaf(values(shape(narrower({to.begin(), to.end()})), 1));
    const Var y = broadcast_to(x, to);
    RC_ASSERT(y.shape() == to);
    for (Index i = 0; i < to.size(); ++i) {
      RC_ASSERT(y.data<double>()[static_cast<std::size_t>(i)] == element(x, to, i));
    }
  }));
}

BOOST_AUTO_TEST_CASE(broadcasting_is_explicit_expansion) {
  BOOST_TEST(holds("op(a, b) = op(expanded a, expanded b), and so the gradients", [] {
    const auto to = *dims(0, 4, 0);
    const auto keep_a = narrower(to), keep_b = narrower(to);
    const BinaryOp op = binary_ops[*rc::gen::inRange<std::size_t>(0, std::size(binary_ops))];
    Tape tape;
    // Whole numbers: sums of derivatives in another order have the same bits, but for those of div
    // and hypot, where sums of up to 256 quotients round.
    const Var a = tape.leaf(whole_values(shape(keep_a), 1));
    Tensor divisor = whole_values(shape(keep_b), 2);
    for (double& v : divisor.data<double>()) v = v == 0 ? 1 : v;
    const Var b = tape.leaf(divisor);
    const Var y = op(a, b), z = op(expanded(a, y.shape()), expanded(b, y.shape()));
    RC_ASSERT(same_bits(y.value(), z.value()));
    const Var c = tape.leaf(whole_values(y.shape(), 3));
    const auto gy = grad(sum(c * y), {a, b}), gz = grad(sum(c * z), {a, b});
    for (std::size_t k = 0; k < 2; ++k) {
      const auto p = gy[k].data<double>(), q = gz[k].data<double>();
      for (std::size_t i = 0; i < p.size(); ++i) {
        RC_ASSERT(std::abs(p[i] - q[i]) <= 256 * 0x1p-53 * 256 * 64);
      }
    }
  }));
}

BOOST_AUTO_TEST_CASE(sum_to_is_the_adjoint_of_broadcast_to) {
  BOOST_TEST(holds("y . broadcast_to(x) = sum_to(y) . x", [] {
    const Shape to = shape(*dims(0, 4, 0));
    const Shape from = shape(narrower({to.begin(), to.end()}));
    Tape tape;
    // Of whole numbers both sides are exact.
    const Var x = tape.leaf(whole_values(from, 1)), y = tape.leaf(whole_values(to, 2));
    RC_ASSERT(dot(y, broadcast_to(x, to)) == dot(sum_to(y, from), x));
    const Var pulled =
        vjp(std::vector<Var>{broadcast_to(x, to)}, std::vector<Var>{y}, std::vector<Var>{x})[0];
    RC_ASSERT((pulled.value() == sum_to(y, from).value()));
  }));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::properties
