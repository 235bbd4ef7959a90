#include <boost/test/unit_test.hpp>

#include <algorithm>

#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "check.hpp"
#include "generators.hpp"
#include "programs.hpp"

namespace dtheta::properties {
namespace {

/// A random program, and values of it to differentiate.
struct Drawn {
  Program program = *programs();
  std::uint64_t seed = *rc::gen::inRange<std::uint64_t>(0, 1 << 20);
  Tape tape;
  Recorded recorded = record(tape, program, initial_leaves(seed));
  Var y = recorded.values.back();

  [[nodiscard]] Var cotangent(std::uint64_t number) {
    return tape.leaf(values(y.shape(), seed + 1000 + number));
  }
  [[nodiscard]] std::vector<Var> pulled_back(Var c) {
    return vjp(std::span(&y, 1), std::span(&c, 1), recorded.leaves);
  }
};

/// How far two sums of the same terms in another order may be apart: each record errs by at most as
/// many roundings as it has terms (400 at most) of values of size M, and what is downstream
/// multiplies that by no more than the largest derivative on the tape, M again.
double rounding(const Tape& tape) {
  double m = 1;
  for (std::uint32_t i = 0; i < tape.size(); ++i) {
    if (tape.node(i).type->kind == Kind::real) m = std::max(m, largest(tape.value(i)));
  }
  return 400 * 0x1p-53 * static_cast<double>(tape.size()) * m * m;
}

void expect_near(Var a, Var b, double bound) {
  RC_ASSERT(a.shape() == b.shape());
  const auto x = a.data<double>(), y = b.data<double>();
  for (std::size_t i = 0; i < x.size(); ++i) RC_ASSERT(std::abs(x[i] - y[i]) <= bound);
}

double dot(Var a, Var b) {
  const auto x = a.data<double>(), y = b.data<double>();
  double total = 0;
  for (std::size_t i = 0; i < x.size(); ++i) total += x[i] * y[i];
  return total;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(calculus_properties)

BOOST_AUTO_TEST_CASE(vjp_is_additive_in_the_cotangent) {
  BOOST_TEST(holds("vjp(c + d) = vjp(c) + vjp(d)", [] {
    Drawn p;
    const Var c = p.cotangent(0), d = p.cotangent(1);
    const auto both = p.pulled_back(c + d), one = p.pulled_back(c), other = p.pulled_back(d);
    const double bound = rounding(p.tape);
    for (std::size_t k = 0; k < both.size(); ++k) expect_near(both[k], one[k] + other[k], bound);
  }));
}

/// Powers of two do not round.
BOOST_AUTO_TEST_CASE(vjp_of_a_doubled_cotangent_is_doubled_to_the_bit) {
  BOOST_TEST(holds("vjp(2^k c) = 2^k vjp(c)", [] {
    Drawn p;
    const double factor = std::ldexp(*rc::gen::element(1.0, -1.0), *rc::gen::inRange(-20, 20));
    const Var c = p.cotangent(0);
    const auto plain = p.pulled_back(c), scaled = p.pulled_back(c * factor);
    for (std::size_t k = 0; k < plain.size(); ++k) {
      const Var expected = plain[k] * factor;
      RC_ASSERT((scaled[k].value() == expected.value()));
    }
  }));
}

BOOST_AUTO_TEST_CASE(the_gradient_of_a_sum_is_the_sum_of_gradients) {
  BOOST_TEST(holds("grad(f + g) = grad(f) + grad(g)", [] {
    Drawn p;
    const Var f = cost_of(p.recorded, p.seed + 1), g = sum(square(p.y));
    const auto both = grad(f + g, p.recorded.leaves);
    const auto of_f = grad(f, p.recorded.leaves), of_g = grad(g, p.recorded.leaves);
    const double bound = rounding(p.tape);
    for (std::size_t k = 0; k < both.size(); ++k) expect_near(both[k], of_f[k] + of_g[k], bound);
  }));
}

BOOST_AUTO_TEST_CASE(forward_and_reverse_mode_are_adjoint) {
  BOOST_TEST(holds("c . jvp(v) = vjp(c) . v", [] {
    Drawn p;
    const Var c = p.cotangent(0);
    std::vector<Var> v;
    for (Var leaf : p.recorded.leaves)
      v.push_back(p.tape.leaf(values(leaf.shape(), p.seed + v.size())));
    const Var pushed = jvp(std::span(&p.y, 1), p.recorded.leaves, v).front();
    const auto pulled = p.pulled_back(c);
    double reverse = 0;
    for (std::size_t k = 0; k < v.size(); ++k) reverse += dot(pulled[k], v[k]);
    // The dot products have up to 400 terms of size M more.
    RC_ASSERT(std::abs(dot(c, pushed) - reverse) <= 400 * rounding(p.tape));
  }));
}

BOOST_AUTO_TEST_CASE(second_derivatives_are_symmetric) {
  BOOST_TEST(holds("u . H v = v . H u", [] {
    Drawn p;
    const Var f = cost_of(p.recorded, p.seed + 1);
    const auto direction = [&](std::uint64_t number) {
      std::vector<Var> v;
      for (Var x : p.recorded.leaves) {
        v.push_back(p.tape.leaf(values(x.shape(), p.seed + 100 * number + v.size())));
      }
      return v;
    };
    const std::vector<Var> u = direction(1), v = direction(2);
    const auto hu = hvp(f, p.recorded.leaves, u), hv = hvp(f, p.recorded.leaves, v);
    double one = 0, other = 0;
    for (std::size_t k = 0; k < u.size(); ++k) {
      one += dot(u[k], hv[k]);
      other += dot(v[k], hu[k]);
    }
    RC_ASSERT(std::abs(one - other) <= 400 * rounding(p.tape));
  }));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::properties
