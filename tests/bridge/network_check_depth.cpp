// Statement 16: any number of layers and any mix of activations; the cost is that of plain loops.
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <random>

#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "networks.hpp"

namespace dtheta::gradcheck::test {
namespace {

namespace data = boost::unit_test::data;

double plain(nn::Activation f, double z) {
  using enum nn::Activation;
  switch (f) {
    case relu:
      return z > 0 ? z : 0;
    case leaky_relu:
      return z > 0 ? z : 0.01 * z;
    case sigmoid:
      return 1 / (1 + std::exp(-z));
    case log_sigmoid:
      return -std::log(1 + std::exp(-z));
    case tanh:
      return std::tanh(z);
    case softplus:
      return std::log(1 + std::exp(z));
    case softsign:
      return z / (1 + std::abs(z));
    case silu:
      return z / (1 + std::exp(-z));
    case elu:
      return z > 0 ? z : std::exp(z) - 1;
    default:
      return z;
  }
}

/// J by three loops for each layer, from the recorded leaves alone.
double plain_cost(const nn::RecordedCost& r, const std::vector<nn::Activation>& activations) {
  const auto m = static_cast<std::size_t>(r.input.shape()[1]);
  Values a(r.input.data<double>().begin(), r.input.data<double>().end());
  for (std::size_t l = 0; l < activations.size(); ++l) {
    const Var w = r.parameters[2 * l].var, b = r.parameters[2 * l + 1].var;
    const auto out = static_cast<std::size_t>(w.shape()[0]);
    const auto in = static_cast<std::size_t>(w.shape()[1]);
    Values next;
    for (std::size_t i = 0; i < out; ++i) {
      for (std::size_t j = 0; j < m; ++j) {
        double z = b.data<double>()[i];
        for (std::size_t k = 0; k < in; ++k) z += w.data<double>()[i * in + k] * a[k * m + j];
        next.push_back(plain(activations[l], z));
      }
    }
    a = next;
  }
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double d = a[i] - r.target.data<double>()[i];
    sum += d * d;
  }
  return sum / static_cast<double>(m);
}

/// Which activations and sizes: a function of the depth and the number of the mix.
struct Mix {
  std::vector<nn::Activation> activations;
  std::vector<Index> sizes;
  Index m = 1;

  Mix(int depth, int number) {
    using enum nn::Activation;
    const std::vector<nn::Activation> all{identity, relu,     leaky_relu, sigmoid, log_sigmoid,
                                          tanh,     softplus, softsign,   silu,    elu};
    std::mt19937 random(static_cast<unsigned>(1000 * depth + number));
    sizes.push_back(1 + static_cast<Index>(random() % 6));
    for (int l = 0; l < depth; ++l) {
      activations.push_back(all[random() % all.size()]);
      sizes.push_back(1 + static_cast<Index>(random() % 6));
    }
    m = 1 + static_cast<Index>(random() % 5);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(network_check_depth)

BOOST_DATA_TEST_CASE(statement_16_any_depth_and_mix_passes, data::xrange(1, 6) * data::xrange(12),
                     depth, number) {
  const Mix mix(depth, number);
  Tape tape;
  const auto seed = static_cast<std::uint32_t>(100 * depth + number);
  const nn::RecordedCost r =
      random_network(mix.sizes, mix.m, {.activations = mix.activations}, seed).record(tape);
  const Result result = check_network(r);
  BOOST_TEST((result.verdict != Verdict::fail), result);
  BOOST_TEST(result.blocks.size() == 2u * static_cast<std::size_t>(depth));
  // Some ten roundings for each of five layers at most, of values that stay near one.
  const double expected = plain_cost(r, mix.activations);
  BOOST_TEST(std::abs(result.cost - expected) <= 1e-13 * (1 + expected));

  // The same net with a bug in its last weights is not passed.
  ParameterVector wrong = tape_gradient(r);
  const std::span<double> last = wrong.values("W" + std::to_string(depth));
  if (last[0] == 0) return;  // a dead unit: nothing to be wrong
  last[0] *= 1.01;
  BOOST_TEST(accused(check_other(r, wrong)) == "W" + std::to_string(depth) + " ");
}

BOOST_AUTO_TEST_CASE(statement_16_most_mixes_leave_nothing_open) {
  // A unit that is dead in all examples hides its weights; that is said, and it is rare.
  int passed = 0, all = 0;
  for (int depth = 1; depth < 6; ++depth) {
    for (int number = 0; number < 12; ++number, ++all) {
      const Mix mix(depth, number);
      Tape tape;
      const auto seed = static_cast<std::uint32_t>(100 * depth + number);
      passed +=
          check_network(
              random_network(mix.sizes, mix.m, {.activations = mix.activations}, seed).record(tape))
              ? 1
              : 0;
    }
  }
  BOOST_TEST(passed >= all - 3);
}

BOOST_AUTO_TEST_CASE(statement_16_classes_with_softmax) {
  for (const bool logits : {true, false}) {
    std::vector<nn::NamedTensor> arrays = nn::dense_parameters(std::vector<Index>{4, 5, 3}, {9, 0});
    arrays.push_back({"X", nn::normal({4, 6}, 0, 1, {9, 50})});
    arrays.push_back({"Y", Tensor(Shape{6}, std::initializer_list<Index>{0, 2, 1, 1, 0, 2})});
    using enum nn::Activation;
    const nn::DenseOptions options{
        .activations = {tanh, logits ? identity : softmax},
        .loss = logits ? nn::Loss::cross_entropy_with_logits : nn::Loss::cross_entropy};
    Tape tape;
    const nn::RecordedCost r = nn::DenseNetwork(arrays, options).record(tape);
    BOOST_TEST(check_network(r));
    ParameterVector wrong = tape_gradient(r);
    for (double& g : wrong.values("b2")) g += 0.01;  // sums to zero over classes no more
    BOOST_TEST(accused(check_other(r, wrong)) == "b2 ");
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::gradcheck::test
