// Random nets of many kinds: probes by what they move answer as plain replay does.

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>
#include <vector>

#include "autodiff/autodiff.hpp"
#include "autodiff/ops.hpp"
#include "gradcheck/bridge/probes/stacked_probes.hpp"

namespace dtheta::gradcheck {
namespace {

/// Draws a net onto a tape of its own.
class RandomNet {
 public:
  explicit RandomNet(unsigned seed) : bits_(seed) {
    constexpr std::array kinds{&RandomNet::planes,    &RandomNet::encoder, &RandomNet::recurrent,
                               &RandomNet::branching, &RandomNet::shared,  &RandomNet::words};
    const Var y = (this->*kinds[seed % kinds.size()])();
    cost = chance(0.5) ? sum(square(y)) : sum(exp(y * 0.3)) + mean(y);
    if (chance(0.3)) cost = cost + 0.1 * sum(square(leaves[0]));
  }

  Var cost;
  std::vector<Var> leaves;

 private:
  Index among(Index low, Index high) {
    return low + static_cast<Index>(bits_() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool chance(double p) { return static_cast<double>(bits_() >> 11) * 0x1p-53 < p; }
  Var data(const Shape& shape) { return tape_.leaf(materialize(real(shape, {-1, 1}), bits_())); }
  Var leaf(const Shape& shape) { return leaves.emplace_back(data(shape)); }
  Var dense(Var x, Index out) {
    return affine(x, leaf({out, x.shape()[x.rank() - 1]}), leaf({out}));
  }

  Var layer_of_planes(Var x) {
    const Shape s = x.shape();
    ConvOptions o;
    o.padding = PerAxis{among(0, 1), among(0, 1)};
    o.stride = PerAxis{among(1, 2), among(1, 2)};
    if (chance(0.3)) o.padding_end = PerAxis{among(0, 2), among(0, 1)};
    if (chance(0.2) && s[1] % 2 == 0) o.groups = 2;
    if (chance(0.2)) o.groups = s[1];
    if (chance(0.2)) return transposed(x);
    const Index out = o.groups * among(1, 3);
    const Index h = among(1, std::min<Index>(3, s[2])), w = among(1, std::min<Index>(3, s[3]));
    const Var filters = leaf({out, s[1] / o.groups, h, w});
    Var y = chance(0.5) ? conv2d(x, filters, leaf({out}), o) : conv2d(x, filters, o);
    if (chance(0.3) && y.size() > y.shape()[1]) {
      y = batch_norm(y, leaf({out}), leaf({out}));
    } else if (chance(0.2)) {
      y = add_channels(scale_channels(y, leaf({out})), leaf({out}));
    }
    if (chance(0.7)) y = chance(0.5) ? relu(y) : tanh(y);
    if (chance(0.2)) y = y * sigmoid(y);
    if (chance(0.2)) y = y + data(y.shape());
    const bool large = y.shape()[2] > 1 && y.shape()[3] > 1;
    if (chance(0.3) && large) y = chance(0.5) ? max_pool2d(y, 2) : avg_pool2d(y, 2);
    if (chance(0.1)) y = permute(y, {0, 1, 3, 2});
    return y;
  }

  Var transposed(Var x) {
    const Index channels = x.shape()[1];
    ConvTransposeOptions o;
    o.stride = PerAxis{among(1, 2), among(1, 2)};
    o.groups = chance(0.3) ? channels : chance(0.3) && channels % 2 == 0 ? 2 : 1;
    const Index out = among(1, 3), h = among(1, 3), w = among(1, 3);
    if (h > 1 && w > 1 && x.shape()[2] > 1 && x.shape()[3] > 1)
      o.padding = PerAxis{among(0, 1), among(0, 1)};
    const Var filters = leaf({channels, out, h, w});
    const Var y = chance(0.5) ? conv_transpose2d(x, filters, leaf({o.groups * out}), o)
                              : conv_transpose2d(x, filters, o);
    return chance(0.5) ? tanh(y) : y;
  }

  /// What is filtered, beside what it was filtered from.
  Var branching() {
    const Index samples = among(1, 3), size = among(3, 6);
    Var x = data({samples, among(1, 3), size, size});
    const ConvOptions same{.padding = 1};
    const auto filtered = [&](Var v, Index out) {
      return conv2d(v, leaf({out, v.shape()[1], 3, 3}), leaf({out}), same);
    };
    x = filtered(x, among(1, 4));
    for (Index blocks = among(1, 2); blocks > 0; --blocks) {
      const Var y = tanh(filtered(x, among(1, 3)));
      x = chance(0.5) ? concat({x, y}, 1) : concat({y, x, x}, 1);
      if (chance(0.3)) x = concat({x, x * 0.5, data(x.shape())}, chance(0.5) ? 0 : 2);
      if (chance(0.5)) x = tanh(x);
      if (chance(0.3)) x = filtered(x, 4), x = group_norm(x, 2, leaf({4}), leaf({4}));
    }
    return dense(mean(x, {2, 3}), among(1, 4));
  }

  /// Weights that stand in more than one place.
  Var shared() {
    const Index n = among(1, 4), width = among(1, 4), inner = among(1, 4);
    Var x = data({n, width});
    const Var w = leaf({inner, width}), bias = leaf({inner});
    Var h = tanh(affine(x, w, bias));
    if (chance(0.5)) h = relu(affine(matmul(h, w), w, bias));
    if (chance(0.3)) h = h - tanh(affine(data({n, width}), w, bias));
    if (chance(0.3)) return matmul(w, h, true, true);
    const Var y = matmul(h, w);
    if (chance(0.3)) return matmul(w, transpose(y));
    return chance(0.3) ? matmul(w, y, false, true) : y;
  }

  Var words() {
    const Index words = among(2, 5), width = among(1, 4), count = among(2, 6);
    Tensor ids(chance(0.5) ? Shape{count} : Shape{2, count}, DType::int64);
    for (Index& id : ids.data<Index>()) id = among(-words, words - 1);
    const Var table = leaf({words, width});
    Var x = embedding(table, tape_.constant(ids));
    if (chance(0.5)) x = tanh(x) * data({width});
    if (chance(0.3)) x = concat({x, dense(x, 2), data(x.shape())}, x.rank() - 1);
    if (chance(0.3)) return matmul(dense(tanh(x), width), table, false, true);
    return dense(x, among(1, 3));
  }

  Var planes() {
    Var x = data({among(1, 3), among(1, 3), among(3, 7), among(3, 7)});
    for (Index layers = among(1, 3); layers > 0; --layers) x = layer_of_planes(x);
    Var flat = chance(0.5) ? flatten(x, 1) : reshape(x, {x.shape()[0], -1});
    if (chance(0.3)) flat = flat * 0.5;
    if (chance(0.3)) flat = dropout(flat, 0.7, {1, 1});
    const Index out = among(1, 4);
    return chance(0.7) ? dense(flat, out) : matmul(flat, leaf({flat.shape()[1], out}));
  }

  Var encoder() {
    const Index heads = among(1, 3), width = heads * among(1, 3);
    Var x = data({among(1, 3), among(1, 5), width});
    if (chance(0.5)) x = dense(x, width);
    AttentionOptions o;
    o.causal = chance(0.4);
    AttentionWeights w{leaf({3 * width, width}), leaf({width, width})};
    if (chance(0.5)) w = {w.w_in, w.w_out, leaf({3 * width}), leaf({width})};
    const Var attended = multi_head_attention(x, x, x, w, heads, o);
    x = chance(0.7) ? x + attended : attended;
    if (chance(0.6)) x = layer_norm(x, leaf({width}), leaf({width}));
    if (chance(0.3)) x = rms_norm(x, leaf({width}));
    x = x + dense(relu(dense(x, among(1, 6))), width);
    if (chance(0.5)) x = mean(x, 1);
    if (chance(0.3)) x = softmax(x, -1);
    return chance(0.3) ? slice(x, x.rank() - 1, {0, among(1, width)}) : x;
  }

  Var recurrent() {
    const Index samples = among(1, 3), units = among(1, 3), width = among(1, 3);
    const Var zeros = tape_.constant(Tensor(Shape{samples, units}));
    const auto state = [&] { return chance(0.5) ? leaf({samples, units}) : zeros; };
    const Index kind = among(0, 3), gates = kind == 0 ? 4 : kind == 1 ? 3 : 1;
    const auto layer = [&](Var x) -> RecurrentResult {
      const RecurrentWeights w{leaf({gates * units, x.shape()[2]}), leaf({gates * units, units}),
                               leaf({gates * units}), leaf({gates * units})};
      const bool reverse = chance(0.3);
      if (kind == 0) return lstm(x, {state(), state()}, w, reverse);
      if (kind == 1) return gru(x, state(), w, chance(0.8), reverse);
      const auto activation = kind == 2 ? RecurrentActivation::tanh : RecurrentActivation::relu;
      return rnn(x, state(), w, activation, reverse);
    };
    const RecurrentResult first = layer(data({among(1, 4), samples, width}));
    if (chance(0.3)) return first.last.h;
    if (chance(0.4)) return first.outputs;
    const RecurrentResult second = layer(first.outputs);
    return dense(chance(0.5) ? second.outputs : second.last.h, among(1, 3));
  }

  std::mt19937_64 bits_;
  Tape tape_;
};

std::vector<double> theta_of(const RandomNet& net) {
  std::vector<double> theta;
  for (const Var x : net.leaves) {
    const auto values = x.data<double>();
    theta.insert(theta.end(), values.begin(), values.end());
  }
  return theta;
}

std::vector<double> answers(auto& evaluator, std::span<const double> theta) {
  std::vector<Probe> probes;
  for (std::size_t i = 0; i < theta.size(); ++i) {
    for (const double move : {1e-3, -0.5, 0.0}) probes.push_back({i, theta[i] + move});
  }
  std::vector<double> all(probes.size());
  evaluator.move_to(theta);
  evaluator(probes, all);
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(random_probes)

BOOST_DATA_TEST_CASE(answers_are_those_of_plain_replay, boost::unit_test::data::xrange(600U),
                     seed) {
  RandomNet net(seed);
  std::vector<double> theta = theta_of(net);
  ReplayProbes plain(net.cost, net.leaves);
  StackedProbes stacked(net.cost, net.leaves, {}, 1, StackedProbes::Programs::wherever_possible);
  BOOST_TEST(stacked.stacked_leaves() == net.leaves.size());
  for (int turn = 0; turn < 2; ++turn) {
    const auto wanted = answers(plain, theta), found = answers(stacked, theta);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      // Sums of a few hundred terms, in another order, through some ten layers.
      BOOST_TEST(std::abs(found[i] - wanted[i]) <= 0x1p-41 * (1 + std::abs(wanted[i])));
    }
    for (double& v : theta) v = 0.8 * v + 0.05;
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::gradcheck
