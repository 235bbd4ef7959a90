// Parameters that truly have no effect: what rounding leaves of their gradients passes, cheaply,
// and what it cannot leave is found.
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/trigonometric.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/loss/loss.hpp"
#include "autodiff/ops/network/normalization.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/reduction/softmax.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/spatial/convolution.hpp"
#include "autodiff/ops/spatial/pooling.hpp"
#include "networks.hpp"

namespace dtheta::gradcheck::test {
namespace {

namespace data = boost::unit_test::data;

struct Net {
  explicit Net(std::uint32_t number, DType precision = DType::float64)
      : tape(precision), seed(number) {}
  Tape tape;
  std::uint32_t seed, stream = 1;
  std::vector<CheckedLeaf> leaves;

  Var leaf(const std::string& name, const Shape& shape, double size = 0.5) {
    const Var x = tape.leaf(nn::normal(shape, 0, size, {seed, stream}), name);
    leaves.push_back({name, stream++, x});
    return x;
  }
  Var data(const Shape& shape) { return tape.constant(nn::normal(shape, 0, 1, {seed, stream++})); }
};

std::size_t asked(const Result& result) {
  std::size_t evaluations = 0;
  for (const OracleUse& use : result.oracles) evaluations += use.evaluations;
  return evaluations;
}

const std::vector<std::uint32_t> seeds{1, 2, 3, 4, 5};

/// Convolutions with biases, each before a batch norm, a dense layer and a classifier.
Var normalised_cnn(Net& net) {
  Var a = net.data({6, 2, 8, 8});
  for (const std::string l : {"1", "2"}) {
    const Index in = l == "1" ? 2 : 8;
    const Var z = conv2d(a, net.leaf("K" + l, {8, in, 3, 3}, 0.3), net.leaf("b" + l, {8}));
    a = relu(batch_norm(z, net.leaf("w" + l, {8}) + 1.0, net.leaf("c" + l, {8})));
  }
  const Var flat = reshape(max_pool2d(a, 2), {6, 32});
  const Var logits = matmul(flat, net.leaf("W", {32, 3})) + net.leaf("b", {3});
  const Var labels =
      net.tape.constant(Tensor(Shape{6}, std::initializer_list<Index>{0, 1, 2, 2, 1, 0}));
  return mean(cross_entropy_with_logits(logits, labels));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(no_effect)

BOOST_DATA_TEST_CASE(a_bias_before_a_batch_norm_passes, data::make(seeds), seed) {
  for (const DType precision : {DType::float64, DType::float32}) {
    Net net(seed, precision);
    const Var z = matmul(net.data({16, 4}), net.leaf("W1", {4, 6})) + net.leaf("b1", {6});
    const Var a = tanh(batch_norm(z, net.leaf("w", {6}), net.leaf("c", {6})));
    const Var cost = mean(square(matmul(a, net.leaf("W2", {6, 2})) - net.data({16, 2})));
    const Result result = check_network(cost, net.leaves);
    BOOST_TEST((result.verdict == Verdict::pass));
    BOOST_TEST(!result.block("b1").sensitive);
  }
}

BOOST_DATA_TEST_CASE(a_cnn_with_biases_before_batch_norms_passes_cheaply, data::make(seeds), seed) {
  Net net(seed);
  const Var cost = normalised_cnn(net);
  const Result result = check_network(cost, net.leaves);
  BOOST_TEST((result.verdict == Verdict::pass));
  // Sixteen biases: a few slopes of seven evaluations for each at most.
  BOOST_TEST(asked(result) <= 16U * 4U * 7U);
}

BOOST_DATA_TEST_CASE(a_sum_of_softmax_outputs_passes_with_what_rounding_leaves, data::make(seeds),
                     seed) {
  Net net(seed);
  const Var x = net.leaf("x", {5}, 1.0);
  const Result result = check_network(sum(softmax(x)), net.leaves);
  BOOST_TEST((result.verdict == Verdict::pass || result.difference.exercised == false));
  BOOST_TEST((result.verdict != Verdict::fail));
}

BOOST_DATA_TEST_CASE(a_gradient_there_that_is_no_rounding_is_found, data::make(seeds), seed) {
  Net net(seed);
  const Var z = matmul(net.data({16, 4}), net.leaf("W1", {4, 6})) + net.leaf("b1", {6});
  const Var cost = mean(square(tanh(batch_norm(z, net.leaf("w", {6}), net.leaf("c", {6})))));
  ParameterVector wrong = gradient_of(cost, net.leaves, parameters_of(net.leaves));
  // A hundred million times what rounding leaves, and a hundred million times less than the rest.
  wrong.values("b1")[2] += 1e-9;
  NetworkOptions options;
  options.gradient = &wrong;
  BOOST_TEST(accused(check_network(cost, net.leaves, options)) == "b1 ");
}

BOOST_AUTO_TEST_CASE(dead_units_pass) {
  Net net(1);
  const Var z = matmul(net.data({16, 4}), net.leaf("W1", {4, 6})) + net.leaf("b1", {6});
  const Var dead = relu(z - 20.0);
  const Var cost = mean(square(matmul(tanh(z) + dead, net.leaf("W2", {6, 2})))) +
                   sum(matmul(dead, net.leaf("W3", {6, 2})));
  const Result result = check_network(cost, net.leaves);
  BOOST_TEST((result.verdict == Verdict::pass));
  BOOST_TEST(!result.block("W3").sensitive);
}

BOOST_AUTO_TEST_CASE(a_right_rule_that_loses_its_digits_is_neither_accused_nor_passed) {
  // d/dx of (1e9 + x) - 1e9 squared and halved: the gradient is computed from a rounded x.
  Net net(1);
  const Var x = net.leaf("x", {3}, 1.0);
  const Var coarse = (1e12 + x) - 1e12;
  const Result result = check_network(sum(square(coarse)) + sum(sin(x)), net.leaves);
  BOOST_TEST((result.verdict != Verdict::fail));
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace dtheta::gradcheck::test
