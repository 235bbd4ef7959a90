// Failing samples of ops and failing tapes made small.

#include "gradcheck/shrink.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <memory>
#include <vector>

#include "autodiff/elementwise.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/tape.hpp"
#include "gradcheck/bridge/network_check.hpp"
#include "gradcheck/bridge/shrink_op.hpp"

namespace dtheta::gradcheck::test {
namespace {

/// x^2, whose rule is wrong along a last axis of an odd size of at least 3.
struct OddSquare : Unary<OddSquare> {
  static constexpr OpInfo info{.name = "odd_square"};
  static constexpr Domain domain{-1, 1};
  template <class T>
  static T value(T x) {
    return x * x;
  }
  static Var slope(Var x, Var) {
    const Index n = x.rank() > 0 ? x.shape()[x.rank() - 1] : 1;
    return (n >= 3 && n % 2 == 1 ? 2.5 : 2.0) * x;
  }
};

std::vector<std::size_t> values_of(const Shrunk& shrunk) {
  std::vector<std::size_t> values;
  for (const CaseSize& size : shrunk.sizes) values.push_back(size.value);
  return values;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(shrink_on_a_tape)

BOOST_AUTO_TEST_CASE(a_sample_of_an_op) {
  const SampleCase sample{std::make_shared<OddSquare>(), {real({4, 17})}, Smoothness::smooth};
  const Shrunk small = shrink_sample(record_of<OddSquare>, sample);
  BOOST_REQUIRE(small.shown);
  BOOST_TEST(values_of(small) == (std::vector<std::size_t>{1, 3}),
             boost::test_tools::per_element());
  BOOST_TEST(report(small).find("record of odd_square, {attributes, {real({1, 3}, {-1, 1})}}") !=
                 std::string::npos,
             report(small));
  const SampleCase even{std::make_shared<OddSquare>(), {real({4, 16})}, Smoothness::smooth};
  BOOST_TEST(!shrink_sample(record_of<OddSquare>, even).shown);
}

/// A dense layer on a batch: what does not fit the product is no case.
BOOST_AUTO_TEST_CASE(a_tape) {
  const auto made = [](SizeValues sizes, std::uint64_t seed) {
    const auto batch = static_cast<Index>(sizes[0]), width = static_cast<Index>(sizes[1]);
    Tape tape;
    const Var x = tape.leaf(materialize(real({batch, width}), seed));
    const Var w = tape.leaf(materialize(real({width, width}), seed + 1));
    const Var cost = sum(apply<OddSquare>(tanh(matmul(x, w))));
    const std::vector<CheckedLeaf> leaves{{"w", 1, w}};
    NetworkOptions options;
    options.blame_ops = false;
    return check_network(cost, leaves, options);
  };
  const Shrunk small = shrink(made, {{"batch", 6}, {"width", 9}});
  BOOST_REQUIRE(small.shown);
  BOOST_TEST(values_of(small) == (std::vector<std::size_t>{1, 3}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(network_budget)

/// Where not every entry fits, a network is looked at along directions of each block, and one wrong
/// entry is found.
BOOST_AUTO_TEST_CASE(a_network_within_a_budget) {
  Tape tape;
  const Var x = tape.leaf(materialize(real({8, 30}), 1));
  const Var w1 = tape.leaf(materialize(real({30, 40}), 2)),
            w2 = tape.leaf(materialize(real({40, 20}), 3));
  const Var cost = mean(tanh(matmul(tanh(matmul(x, w1)), w2)));
  const std::vector<CheckedLeaf> leaves{{"w1", 1, w1}, {"w2", 2, w2}};
  NetworkOptions options;
  options.budget.emplace().evaluations = 1500;
  const Result right = check_network(cost, leaves, options);
  BOOST_TEST((right.verdict == Verdict::pass), right);
  BOOST_TEST(right.sampled);
  BOOST_TEST(right.evaluations <= 1900U);
  ParameterVector wrong = gradient_of(cost, leaves, parameters_of(leaves));
  wrong.values()[1500] *= 1.001;
  options.gradient = &wrong;
  const Result found = check_network(cost, leaves, options);
  BOOST_TEST((found.verdict == Verdict::fail), found);
  BOOST_REQUIRE(!found.worst().empty());
  BOOST_TEST(found.worst()[0].position == 1500U, found);
  BOOST_TEST((found.block("w1").verdict == Verdict::pass), found);
  // What fits is checked whole, and as ever.
  options.gradient = nullptr;
  options.budget->evaluations = 1'000'000;
  BOOST_TEST(!check_network(cost, leaves, options).sampled);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::gradcheck::test
