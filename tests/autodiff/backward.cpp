// Gradients in numbers, of which nothing is recorded: they have the bits of those that are.

#include "autodiff/grad.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "autodiff/checkpoint.hpp"
#include "autodiff/elementwise.hpp"
#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/comparison.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/elementwise/stop_gradient.hpp"
#include "autodiff/ops/elementwise/trigonometric.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/registry.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/tape.hpp"

namespace data = boost::unit_test::data;

namespace dtheta {
namespace {

bool same_bits(const Tensor& a, const Tensor& b) {
  const auto bytes = static_cast<std::size_t>(a.size()) * size_of(a.dtype());
  return a.shape() == b.shape() && a.dtype() == b.dtype() &&
         (bytes == 0 || std::memcmp(a.bytes(), b.bytes(), bytes) == 0);
}

/// Nothing is recorded, and the numbers are those of derivatives that are.
void require_like_grad(Var y, const std::vector<Var>& xs) {
  const std::uint32_t before = y.tape().size();
  const std::vector<Tensor> numbers = backward(y, xs);
  BOOST_TEST(y.tape().size() == before);
  const std::vector<Var> recorded = grad(y, xs);
  BOOST_REQUIRE(numbers.size() == recorded.size());
  for (std::size_t k = 0; k < xs.size(); ++k) {
    BOOST_TEST(same_bits(numbers[k], recorded[k].value()), "by value " << k);
  }
}

/// All elements of a result, each with a weight of its own.
Var weighted_sum(Var y) {
  Tensor weights(y.shape());
  double w = 0.25;
  for (double& v : weights.data<double>()) v = (w += 0.125);
  return sum(y * y.tape().constant(weights));
}

std::vector<std::string> op_names() {
  std::vector<std::string> names;
  for (const OpRecord* op : all_ops()) names.emplace_back(op->info.name);
  return names;
}

/// A program of single numbers, or of vectors, drawn at random.
struct Drawn {
  Drawn(Tape& tape, std::uint64_t seed, const Shape& shape) : random(seed) {
    for (int k = 0; k < 4; ++k) leaves.push_back(tape.leaf(values(shape)));
    std::vector<Var> all = leaves;
    all.push_back(tape.constant(values(shape)));
    const auto any = [&] { return all[random() % all.size()]; };
    for (int k = 0; k < 60; ++k) all.push_back(step(any(), any()));
    cost = sum(all.back());
    for (std::size_t k = 0; k < all.size(); k += 7) cost = cost + sum(sin(all[k]));
  }

  Tensor values(const Shape& shape) {
    Tensor result(shape);
    for (double& v : result.data<double>()) v = static_cast<double>(random() >> 11U) * 0x1p-52 - 1;
    return result;
  }
  Var step(Var a, Var b) {
    switch (random() % 12) {
      case 0:
        return a + b;
      case 1:
        return a - b;
      case 2:
        return a * b;
      case 3:
        return a / (2 + square(b));
      case 4:
        return -a;
      case 5:
        return tanh(a) * a;
      case 6:
        return exp(-square(a));
      case 7:
        return where(a > b, a, 0.5 * b);
      case 8:
        return relu(a) + abs(b);
      case 9:
        return clamp(a, -0.5, 0.75) * stop_gradient(b);
      case 10:
        return pow(2 + square(a), 0.5 * tanh(b));
      default:
        return checkpoint([](Var x) { return sigmoid(x) * sin(2 * x); }, a);
    }
  }

  std::mt19937_64 random;
  std::vector<Var> leaves;
  Var cost;
};

/// An op whose rule reads values, and so must not be learnt once for all.
struct Peeking : Unary<Peeking> {
  static constexpr OpInfo info{.name = "peeking"};
  static constexpr Domain domain{-1, 1};
  template <class T>
  static T value(T x) {
    return x * x;
  }
  static Var select(Var c, Var x, Var) { return x.item() > 2 ? c * 2 * x : c * (x + x); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(backward_suite)

BOOST_DATA_TEST_CASE(every_op_has_the_bits_of_its_recorded_derivative, data::make(op_names()),
                     name) {
  const OpRecord& op = find_op(name);
  if (!op.info.differentiable) return;
  for (const DType precision : {DType::float64, DType::float32}) {
    for (const SampleCase& sample : op.samples()) {
      Tape tape(precision);
      std::vector<Arg> in;
      std::vector<Var> xs;
      for (std::size_t k = 0; k < sample.inputs.size(); ++k) {
        const Var x = tape.leaf(materialize(sample.inputs[k], 11 + k));
        in.emplace_back(x);
        if (sample.inputs[k].differentiable) xs.push_back(x);
      }
      const Var y = apply(op, sample.op.get(), in);
      if (y.is_index() || xs.empty()) continue;
      require_like_grad(weighted_sum(y), xs);
    }
  }
}

BOOST_DATA_TEST_CASE(programs_of_single_numbers_and_of_vectors, data::xrange(40), seed) {
  for (const Shape& shape : {Shape{}, Shape{1}, Shape{3}, Shape{2, 150}, Shape{0}}) {
    for (const DType precision : {DType::float64, DType::float32}) {
      Tape tape(precision);
      const Drawn drawn(tape, static_cast<std::uint64_t>(seed), shape);
      require_like_grad(drawn.cost, drawn.leaves);
      // Again, with the rules that are known by now, and on a tape that was cleared.
      require_like_grad(drawn.cost, drawn.leaves);
      tape.clear();
      const Drawn other(tape, static_cast<std::uint64_t>(seed) + 1000, shape);
      require_like_grad(other.cost, other.leaves);
    }
  }
}

BOOST_AUTO_TEST_CASE(what_is_asked_for_anywhere_in_the_graph) {
  Tape tape;
  const Var a = tape.leaf(Tensor(Shape{2, 3}, {1, 2, 3, 4, 5, 6}));
  const Var b = tape.leaf(Tensor(Shape{3}, {0.5, -1, 2}));
  const Var unused = tape.leaf(Tensor(Shape{2}, {1, 2}));
  const Var h = tanh(a * b);
  const Var y = sum(matmul(h, reshape(b, {3, 1})));
  require_like_grad(y, {a, b, h, unused, y});
  require_like_grad(y, {h});
  BOOST_TEST((backward(y, unused) == Tensor(Shape{2})));
  BOOST_TEST(backward(y, y).item() == 1.0);
  BOOST_TEST(backward(y, std::span<const Var>{}).empty());
}

BOOST_AUTO_TEST_CASE(constants_of_rules_are_forgotten_and_recorded_again) {
  Tape tape;
  const Var x = tape.leaf(Tensor(Shape{2, 1}, {0.5, 2}));
  const Var y = sum(square(x) + cube(broadcast_to(x, {2, 3})) * x);
  require_like_grad(y, {x});
  const Var two = tape.constant(2.0), three = tape.constant(3.0);
  BOOST_TEST(two.item() == 2.0);
  BOOST_TEST(three.item() == 3.0);
  require_like_grad(y * two - three, {x});
}

BOOST_AUTO_TEST_CASE(a_branch_is_taken_where_its_values_say) {
  Tape tape;
  for (const double at : {0.5, 3.0}) {
    tape.clear();
    const Var x = tape.leaf(Tensor(at));
    Var y = x;
    while (y < 10) y = y * x + 6;
    require_like_grad(y, {x});
  }
}

BOOST_AUTO_TEST_CASE(a_rule_that_reads_values_is_recorded_each_time) {
  Tape tape;
  for (const double at : {0.5, 3.0}) {
    const Var x = tape.leaf(Tensor(at));
    const Var y = apply<Peeking>(x) * x;
    BOOST_TEST(backward(y, x).item() == 3 * at * at);  // 0.75 and 27: no rounding
    require_like_grad(y, {x});
  }
}

BOOST_AUTO_TEST_CASE(attributes_that_differ_from_record_to_record) {
  Tape tape;
  const Var x = tape.leaf(Tensor(0.75));
  Var y = x;
  for (int k = 0; k < 3000; ++k) y = clamp(y * 1.0001, -1, 0.8 + 1e-3 * k);
  require_like_grad(y, {x});
}

BOOST_AUTO_TEST_CASE(where_the_rule_of_an_op_looks_at_what_its_operand_was) {
  // cube's rule squares its operand, and of a hypotenuse that is a sum of squares in a recorded
  // derivative: the two agree to a few roundings, 9 of 1.1e-16.
  Tape tape;
  const Var a = tape.leaf(Tensor(0.3)), b = tape.leaf(Tensor(0.4));
  const Var y = cube(hypot(a, b));
  BOOST_TEST(backward(y, a).item() == grad(y, a).item(), boost::test_tools::tolerance(1e-15));
}

BOOST_AUTO_TEST_CASE(refusals_name_the_function) {
  Tape tape, other;
  const Var x = tape.leaf(Tensor(Shape{2}, {1, 2})),
            labels = tape.leaf(Tensor(Shape{1}, {Index{1}}));
  const auto message = [](auto&& call) -> std::string {
    try {
      static_cast<void>(call());
    } catch (const std::exception& e) {
      return e.what();
    }
    return "";
  };
  BOOST_TEST(message([&] { return backward(x, x); }).starts_with("backward: y has shape (2)"));
  BOOST_TEST(message([&] { return backward(sum(x), labels); }).starts_with("backward: value 0"));
  BOOST_TEST(message([&] {
               return backward(sum(x), other.leaf(Tensor(1.0)));
             }).starts_with("backward: all values must be recorded on one tape"));
  BOOST_CHECK_THROW(static_cast<void>(backward(Var{}, x)), StateError);
  BOOST_CHECK_THROW(static_cast<void>(backward(sum(x), Var{})), StateError);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
