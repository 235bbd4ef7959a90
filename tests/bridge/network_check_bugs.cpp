// Statement 15: bugs planted in one block of dθ are reported there and nowhere else; a wrong op
// inside a network is reported in the blocks below it.
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <ostream>

#include "autodiff/elementwise.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "networks.hpp"

namespace dtheta::gradcheck::test {
namespace {

namespace data = boost::unit_test::data;

constexpr Index examples = 5;
/// Layers 1 and 3 are square, so that a transposed gradient has the right shape; layer 2 is not.
const std::vector<Index> sizes{4, 4, 3, 3};
constexpr std::uint32_t seed = 11;

nn::DenseOptions options_of(double lambda) {
  using enum nn::Activation;
  nn::DenseOptions options{.activations = {tanh, softplus, sigmoid}};
  options.regularizers = {{nn::Penalty::l2, lambda, nn::Convention::lambda_over_2m}};
  return options;
}

/// The gradient of the data's part of J: all examples, or the first alone without its 1/1.
ParameterVector data_gradient(Index count = examples) {
  Tape tape;
  std::vector<nn::NamedTensor> arrays = nn::dense_parameters(sizes, {seed, 0});
  std::uint32_t stream = 100;
  for (nn::NamedTensor& a : arrays) {
    if (a.name[0] == 'b') a.value = nn::normal(a.value.shape(), 0, 0.5, {seed, stream++});
  }
  const auto columns = [&](Index rows) {
    const Tensor all = nn::normal({rows, examples}, 0, 1, {seed, stream++});
    Tensor part(Shape{rows, count});
    for (Index i = 0; i < rows; ++i) {
      for (Index j = 0; j < count; ++j) {
        part.data<double>()[static_cast<std::size_t>(i * count + j)] =
            all.data<double>()[static_cast<std::size_t>(i * examples + j)];
      }
    }
    return part;
  };
  arrays.push_back({"X", columns(sizes.front())});
  arrays.push_back({"Y", columns(sizes.back())});
  nn::DenseOptions options = options_of(0);
  options.loss = nn::Loss::mse;
  return tape_gradient(nn::DenseNetwork(arrays, options).record(tape));
}

enum class Bug {
  twice,
  slightly_off,
  sign,
  transposed,
  first_example_only,
  not_divided_by_m,
  no_regularisation,
  zero,
  one_entry,
};
const std::vector<std::string> names{
    "twice",       "slightly off",           "sign", "transposed", "sum over examples missing",
    "1/m missing", "regularisation missing", "zero", "one entry"};

struct Planted {
  Bug bug;
  int layer;
  char symbol;
  [[nodiscard]] std::string block() const { return symbol + std::to_string(layer); }
};
std::ostream& operator<<(std::ostream& out, const Planted& p) {
  return out << names[static_cast<std::size_t>(p.bug)] << " in d" << p.block();
}

std::vector<Planted> all_bugs() {
  std::vector<Planted> all;
  for (int layer = 1; layer <= 3; ++layer) {
    for (const char symbol : {'W', 'b'}) {
      for (std::size_t b = 0; b < names.size(); ++b) {
        const Bug bug{static_cast<int>(b)};
        const bool weights_only = bug == Bug::transposed || bug == Bug::no_regularisation;
        if (weights_only && symbol == 'b') continue;
        if (bug == Bug::transposed && layer == 2) continue;  // has another shape
        all.push_back({bug, layer, symbol});
      }
    }
  }
  return all;
}

/// Everything a bug is made from.
struct Gradients {
  ParameterVector whole;    // with the penalty
  ParameterVector data;     // without
  ParameterVector example;  // of the first example alone
};

void plant(const Planted& p, const Gradients& right, std::span<double> g) {
  const std::string name = p.block();
  const std::span<const double> whole = right.whole.values(name), data = right.data.values(name),
                                example = right.example.values(name);
  const auto m = static_cast<double>(examples);
  const std::size_t n = right.whole.block(name).shape[1];
  for (std::size_t i = 0; i < g.size(); ++i) {
    const double penalty = whole[i] - data[i];
    switch (p.bug) {
      case Bug::twice:
        g[i] = 2 * whole[i];
        break;
      case Bug::slightly_off:
        g[i] = (1 + 1e-3) * whole[i];
        break;
      case Bug::sign:
        g[i] = -whole[i];
        break;
      case Bug::transposed:
        g[i] = whole[(i % n) * n + i / n];
        break;
      case Bug::first_example_only:
        g[i] = example[i] / m + penalty;
        break;
      case Bug::not_divided_by_m:
        g[i] = m * data[i] + penalty;
        break;
      case Bug::no_regularisation:
        g[i] = data[i];
        break;
      case Bug::zero:
        g[i] = 0;
        break;
      case Bug::one_entry:
        g[i] = whole[i] + (i + 1 == g.size() ? 0.01 : 0);
        break;
    }
  }
}

/// tanh whose derivative forgets the square: d tanh(x) = (1 - y) dx.
struct WrongTanh : Unary<WrongTanh> {
  static constexpr OpInfo info{.name = "wrong_tanh"};
  static constexpr Domain domain{-2, 2};
  template <class T>
  static T value(T x) {
    using std::tanh;
    return tanh(x);
  }
  static Var slope(Var, Var y) { return 1 - y; }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(network_check_bugs)

BOOST_DATA_TEST_CASE(statement_15_each_bug_is_reported_in_its_block,
                     data::make({0, 1}) * data::make(all_bugs()), m, planted) {
  const Method method = m == 0 ? Method::textbook : Method::adaptive;
  Tape tape;
  const nn::RecordedCost r = random_network(sizes, examples, options_of(0.8), seed).record(tape);
  const Gradients right{tape_gradient(r), data_gradient(), data_gradient(1)};
  // The pieces are what they are called: the penalty is λ/m W, and nothing in the biases.
  const ParameterVector theta = parameters_of(checked_leaves(r.parameters));
  for (std::size_t i = 0; i < theta.size(); ++i) {
    const double penalty = theta.key(i).name[0] == 'W' ? 0.8 / examples * theta.values()[i] : 0.0;
    BOOST_REQUIRE(std::abs(right.whole.values()[i] - right.data.values()[i] - penalty) <= 1e-14);
  }
  BOOST_TEST(accused(check_other(r, right.whole, with_method(method))) == "");

  ParameterVector wrong = right.whole;
  plant(planted, right, wrong.values(planted.block()));
  const Result result = check_other(r, wrong, with_method(method));
  BOOST_TEST((result.verdict == Verdict::fail) == (accused(result) != ""));
  BOOST_TEST(accused(result) == planted.block() + " ");
  BOOST_TEST(result.worst().front().key.name == planted.block());
}

BOOST_DATA_TEST_CASE(a_wrong_op_spoils_the_layers_below_it, data::make({1, 2, 3}), layer) {
  Tape tape;
  const Var x = tape.constant(nn::normal({3, 4}, 0, 1, {5, 0}));
  std::vector<CheckedLeaf> leaves;
  std::string below;
  Var a = x;
  for (int l = 1; l <= 3; ++l) {
    const auto stream = static_cast<std::uint32_t>(l);
    const auto at = static_cast<std::size_t>(l);
    const Var w = tape.leaf(nn::normal({3, 3}, 0, 0.5, {5, stream}));
    const Var b = tape.leaf(nn::normal({3, 1}, 0, 0.5, {5, 10 + stream}));
    leaves.push_back({"W" + std::to_string(l), at, w});
    leaves.push_back({"b" + std::to_string(l), at, b});
    if (l <= layer) below += "W" + std::to_string(l) + " b" + std::to_string(l) + " ";
    const Var z = matmul(w, a) + b;
    a = l == layer ? apply<WrongTanh>(z) : tanh(z);
  }
  BOOST_TEST(accused(check_network(sum(square(a)), leaves)) == below);
  BOOST_TEST(accused(check_network(sum(square(a)), leaves, with_method(Method::textbook))) ==
             below);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::gradcheck::test
