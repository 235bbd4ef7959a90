// Blame needs evidence: beside masks of -infinity and -1e30 and at scales from 1e-8 to 1e8 no
// innocent op is named, and the op with the planted bug is. A gradient that is not a number is
// traced to the op where it begins.
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "autodiff/elementwise.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/comparison.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/linalg/linalg.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/reduction/norm.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/reduction/softmax.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "gradcheck/bridge/blame/not_finite.hpp"
#include "gradcheck/bridge/wrong_op.hpp"
#include "networks.hpp"
#include "nn/initialize.hpp"
#include "nn/layers/linear.hpp"
#include "nn/layers/sequential.hpp"
#include "nn/train/step/batch_cost.hpp"

namespace dtheta::gradcheck::test {
namespace {

namespace data = boost::unit_test::data;

/// tanh with 1.01 times its derivative.
struct OffTanh : Unary<OffTanh> {
  static constexpr OpInfo info{.name = "off_tanh"};
  static constexpr Domain domain{-1, 1};
  template <class T>
  static T value(T x) {
    using std::tanh;
    return tanh(x);
  }
  static Var slope(Var, Var y) { return 1.01 * (1 - square(y)); }
};

const std::vector<double> masks{0.0, -1e30, -std::numeric_limits<double>::infinity()};
const std::vector<double> scales{1e-8, 1e-4, 1.0, 1e4, 1e8};

/// Causal attention over leaves of some scale, a slice of it, a logarithm and sums, with tanh or
/// what is planted for it.
struct Masked {
  Tape tape;
  std::vector<CheckedLeaf> leaves;
  Var cost;
  std::uint32_t stream = 1;

  Masked(double mask, double scale, bool wrong) {
    const Index n = 4, d = 3;
    Tensor m(Shape{n, n});
    for (Index i = 0; i < n; ++i) {
      for (Index j = i + 1; j < n; ++j)
        m.data<double>()[static_cast<std::size_t>(i * n + j)] = mask;
    }
    const Var x = tape.constant(nn::normal({n, d}, 0, 1, {5, 0}));
    const Var q = matmul(x, leaf({d, d}, scale)) * (1 / scale), k = matmul(x, leaf({d, d}, 1.0)),
              v = matmul(x, leaf({d, d}, scale));
    const Var scores = matmul(q, transpose(k)) + tape.constant(m);
    const Var mixed = matmul(softmax(scores), v) * (1 / scale) + leaf({d}, 1.0);
    const Var y = wrong ? apply<OffTanh>(mixed) : tanh(mixed);
    cost = sum(log(2.0 + slice(y, 1, {0, 2}))) + mean(square(y));
  }
  Var leaf(const Shape& shape, double size) {
    const std::string name = "p" + std::to_string(stream);
    const Var p = tape.leaf(nn::normal(shape, 0, size, {7, stream}), name);
    leaves.push_back({name, stream++, p});
    return p;
  }
  [[nodiscard]] std::vector<WrongOp> wrong_ops() const {
    return find_wrong_ops(cost, vars_of(leaves), parameters_of(leaves).values());
  }
};

std::vector<std::string> names_of(const std::vector<WrongOp>& found) {
  std::vector<std::string> names;
  for (const WrongOp& wrong : found) names.push_back(wrong.op);
  return names;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(blame)

BOOST_DATA_TEST_CASE(the_planted_op_alone_is_blamed_at_every_mask_and_scale,
                     data::make(masks) * data::make(scales), mask, scale) {
  const Masked right(mask, scale, false), wrong(mask, scale, true);
  BOOST_TEST(names_of(right.wrong_ops()) == std::vector<std::string>{},
             boost::test_tools::per_element());
  BOOST_TEST(names_of(wrong.wrong_ops()) == std::vector<std::string>{"off_tanh"},
             boost::test_tools::per_element());
  const Result result = check_network(wrong.cost, wrong.leaves);
  BOOST_TEST((result.verdict == Verdict::fail));
  BOOST_REQUIRE(!result.causes.empty());
  BOOST_TEST(result.causes.front().sentence.find("the rule of off_tanh") == 0U,
             result.causes.front().sentence);
}

BOOST_DATA_TEST_CASE(a_bug_in_a_small_element_is_seen_beside_large_ones, data::make(scales),
                     scale) {
  // The planted op acts on one element of size one; its neighbour is of any size.
  Tape tape;
  const Var x = tape.leaf(Tensor(Shape{2}, {scale, 0.5}), "x");
  const Var cost = sum(square(slice(x, 0, {0, 1}))) + sum(apply<OffTanh>(slice(x, 0, {1, 2})));
  const auto found = find_wrong_ops(cost, std::span(&x, 1), Values{scale, 0.5});
  BOOST_TEST(names_of(found) == std::vector<std::string>{"off_tanh"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_difference_in_the_sentence_has_a_bar_far_below_the_error) {
  const Masked wrong(0.0, 1.0, true);
  const auto found = wrong.wrong_ops();
  BOOST_REQUIRE(found.size() == 1U);
  BOOST_TEST(found[0].bar > 0.0);
  BOOST_TEST(found[0].bar < 1e-12 * std::abs(found[0].analytic - found[0].numeric));
  BOOST_TEST(found[0].sentence().find(" +- ") != std::string::npos);
}

// An adjoint of zero makes any slope count for nothing: the side not taken harms nobody.
BOOST_AUTO_TEST_CASE(where_the_result_is_not_used_its_nan_counts_for_nothing) {
  for (const DType precision : {DType::float64, DType::float32}) {
    Tape tape(precision);
    const Var x = tape.leaf(Tensor(Shape{1}, {-1.0}), "x");
    const Var cost = sum(where(greater(x, 0.0), sqrt(x), x));
    const Result result = check_network(cost, std::vector<CheckedLeaf>{{"x", 1, x}});
    BOOST_TEST((result.verdict == Verdict::pass), result);
    BOOST_TEST(result.block("x").sensitive);
  }
}

BOOST_AUTO_TEST_CASE(the_op_nearest_to_the_cost_at_which_it_begins_comes_first) {
  Tape tape;
  const Var x = tape.leaf(Tensor(Shape{2}, {0.0, 0.25}), "x");
  // The root's rule divides by zero; what comes before it hands its infinity down.
  const Var cost = sum(sqrt(2.0 * x));
  const auto found = find_not_finite(cost, std::span(&x, 1), Values{0.0, 0.25});
  BOOST_REQUIRE(found.size() == 1U);
  BOOST_TEST(found[0].op == "sqrt");
  BOOST_TEST(found[0].at == std::vector<Index>{0}, boost::test_tools::per_element());
  BOOST_TEST(find_not_finite(sum(square(x)), std::span(&x, 1), Values{0.0, 0.25}).empty());
}

// log of a negative number is NaN, its slope 1 / x is finite: the gradient shows nothing.
BOOST_AUTO_TEST_CASE(a_cost_that_is_nan_is_told_with_the_first_op_its_operands_and_line) {
  for (const DType precision : {DType::float64, DType::float32}) {
    Tape tape(precision);
    const Var x = tape.leaf(Tensor(Shape{3}, {0.5, -2.0, 4.0}), "x");
    const Var cost = sum(log(2.0 * x));
    const auto line = std::to_string(__LINE__ - 1);
    const Result result = check_network(cost, std::vector<CheckedLeaf>{{"x", 1, x}});
    BOOST_TEST((result.verdict == Verdict::fail), result);
    BOOST_REQUIRE(!result.causes.empty());
    const std::string& said = result.causes.front().sentence;
    BOOST_TEST(said.find("J is nan: first log (record") == 0U, said);
    BOOST_TEST(said.find("blame.cpp:" + line) != std::string::npos, said);
    BOOST_TEST(said.find("1 of 3 elements of (3) is not finite, the first [1] is nan") !=
                   std::string::npos,
               said);
    BOOST_TEST(said.find("; of mul (3) in [-4, 8]") != std::string::npos, said);
    for (const std::string& note : result.notes) {
      BOOST_TEST(note.find("the rule of every op agrees") == std::string::npos, note);
    }
  }
}

struct Exponential {
  [[nodiscard]] Var forward(nn::Recording&, Var x) const { return exp(x); }
};

BOOST_AUTO_TEST_CASE(a_nan_that_comes_of_infinities_is_told_with_where_they_arose_and_the_layer) {
  nn::Sequential model{nn::Linear(1, 1, {.bias = false}), Exponential{}};
  nn::initialize(model, 1);
  nn::parameters_of(model).front()->value.data<double>()[0] = 1000;
  Tape tape;
  const nn::Table rows{{"input", Tensor(Shape{2, 1}, {1.0, 2.0})}};
  const nn::BatchCost cost = [&](nn::Recording& r, const nn::RecordedBatch& batch) {
    const Var huge = r(model, batch["input"]);
    return sum(huge - huge);
  };
  const Result result = check_network(nn::record_cost(tape, model, rows, cost));
  BOOST_REQUIRE(result.causes.size() >= 2U);
  BOOST_TEST(result.causes[0].sentence.find("J is nan: first exp (record") == 0U,
             result.causes[0].sentence);
  BOOST_TEST(result.causes[0].sentence.find("in layer 1 (Exponential)") != std::string::npos,
             result.causes[0].sentence);
  BOOST_TEST(result.causes[1].sentence.find("then sub (record") == 0U, result.causes[1].sentence);
}

BOOST_AUTO_TEST_CASE(an_op_without_a_derivative_at_its_values_is_passed_over) {
  // Singular vectors at equal singular values: what cannot be measured accuses nobody.
  Tape tape;
  const Var a = tape.leaf(Tensor(Shape{2, 2}, {1.0, 0.0, 0.0, 1.0}), "a");
  const Var x = tape.leaf(Tensor(Shape{2}, {0.5, -0.25}), "x");
  const Var cost = sum(svd(a).s) + sum(apply<OffTanh>(x));
  const std::vector<Var> leaves{a, x};
  const auto found = find_wrong_ops(cost, leaves, Values{1.0, 0.0, 0.0, 1.0, 0.5, -0.25});
  BOOST_TEST(names_of(found) == std::vector<std::string>{"off_tanh"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace dtheta::gradcheck::test
