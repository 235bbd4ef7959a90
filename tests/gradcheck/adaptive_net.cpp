// The adaptive method on a hand-written network: dense tanh or ReLU layers, softmax cross-entropy,
// L2. Forward and backward are plain loops here, so that nothing but the checker is under test.
#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "gradcheck/check.hpp"

namespace gc = dtheta::gradcheck;
namespace data = boost::unit_test::data;

namespace {

struct Net {
  std::vector<std::size_t> widths;
  std::size_t examples = 0;
  bool relu = false;
  double lambda = 0.0;              // J = cross-entropy + lambda/2 sum of W²
  std::vector<double> inputs;       // examples x widths[0]
  std::vector<std::size_t> labels;  // examples
  gc::ParameterVector theta;

  double activate(double z) const { return relu ? std::max(z, 0.0) : std::tanh(z); }
  double slope(double z, double a) const { return relu ? (z > 0.0 ? 1.0 : 0.0) : 1.0 - a * a; }
  std::size_t layers() const { return widths.size() - 1; }
};

/// Activations of one example, layer by layer; the last one holds probabilities.
struct Trace {
  std::vector<std::vector<double>> z, a;
  double loss = 0.0;
};

Trace forward(const Net& net, std::span<const double> theta, std::size_t example) {
  Trace t;
  t.a.emplace_back(net.inputs.begin() + static_cast<long>(example * net.widths[0]),
                   net.inputs.begin() + static_cast<long>((example + 1) * net.widths[0]));
  for (std::size_t l = 0; l < net.layers(); ++l) {
    const auto w = theta.subspan(net.theta.blocks()[2 * l].offset);
    const auto b = theta.subspan(net.theta.blocks()[2 * l + 1].offset);
    std::vector<double> z(net.widths[l + 1]);
    for (std::size_t i = 0; i < z.size(); ++i) {
      z[i] = b[i];
      for (std::size_t j = 0; j < net.widths[l]; ++j) z[i] += w[i * net.widths[l] + j] * t.a[l][j];
    }
    std::vector<double> a(z.size());
    for (std::size_t i = 0; i < z.size(); ++i) a[i] = net.activate(z[i]);
    t.z.push_back(std::move(z));
    t.a.push_back(std::move(a));
  }
  const auto& z = t.z.back();
  const double top = *std::max_element(z.begin(), z.end());
  double sum = 0.0;
  for (const double v : z) sum += std::exp(v - top);
  for (std::size_t i = 0; i < z.size(); ++i) t.a.back()[i] = std::exp(z[i] - top) / sum;
  t.loss = top + std::log(sum) - z[net.labels[example]];
  return t;
}

double cost(const Net& net, std::span<const double> theta) {
  double total = 0.0;
  for (std::size_t e = 0; e < net.examples; ++e) total += forward(net, theta, e).loss;
  total /= static_cast<double>(net.examples);
  for (std::size_t l = 0; l < net.layers(); ++l) {
    const auto& block = net.theta.blocks()[2 * l];
    for (const double w : theta.subspan(block.offset, block.size)) {
      total += 0.5 * net.lambda * w * w;
    }
  }
  return total;
}

std::vector<double> gradient(const Net& net) {
  const auto theta = net.theta.values();
  std::vector<double> g(theta.size(), 0.0);
  for (std::size_t e = 0; e < net.examples; ++e) {
    const Trace t = forward(net, theta, e);
    std::vector<double> dz = t.a.back();
    dz[net.labels[e]] -= 1.0;
    for (double& d : dz) d /= static_cast<double>(net.examples);
    for (std::size_t l = net.layers(); l-- > 0;) {
      const std::size_t width = net.widths[l];
      const std::size_t w = net.theta.blocks()[2 * l].offset;
      const std::size_t b = net.theta.blocks()[2 * l + 1].offset;
      std::vector<double> da(width, 0.0);
      for (std::size_t i = 0; i < dz.size(); ++i) {
        g[b + i] += dz[i];
        for (std::size_t j = 0; j < width; ++j) {
          g[w + i * width + j] += dz[i] * t.a[l][j];
          da[j] += dz[i] * theta[w + i * width + j];
        }
      }
      if (l == 0) break;
      for (std::size_t j = 0; j < width; ++j) da[j] *= net.slope(t.z[l - 1][j], t.a[l][j]);
      dz = std::move(da);
    }
  }
  for (std::size_t l = 0; l < net.layers(); ++l) {
    const auto& block = net.theta.blocks()[2 * l];
    for (std::size_t i = 0; i < block.size; ++i) {
      g[block.offset + i] += net.lambda * theta[block.offset + i];
    }
  }
  return g;
}

Net make_net(std::vector<std::size_t> widths, std::size_t examples, bool relu, double lambda,
             unsigned seed, double scale = 1.0, bool zero_bias = false) {
  Net net{std::move(widths), examples, relu, lambda, {}, {}, {}};
  std::mt19937_64 bits(seed);
  std::normal_distribution<double> normal;
  for (std::size_t i = 0; i < examples * net.widths[0]; ++i) net.inputs.push_back(normal(bits));
  for (std::size_t e = 0; e < examples; ++e) net.labels.push_back(bits() % net.widths.back());
  for (std::size_t l = 0; l < net.layers(); ++l) {
    const std::string number = std::to_string(l + 1);
    std::vector<double> w(net.widths[l] * net.widths[l + 1]);
    std::vector<double> b(net.widths[l + 1]);
    const double spread = scale / std::sqrt(static_cast<double>(net.widths[l]));
    for (double& v : w) v = spread * normal(bits);
    for (double& v : b) v = zero_bias ? 0.0 : 0.1 * scale * normal(bits);
    net.theta.add("W" + number, l + 1, {net.widths[l + 1], net.widths[l]}, w);
    net.theta.add("b" + number, l + 1, {net.widths[l + 1], 1}, b);
  }
  return net;
}

gc::Result run(const Net& net, const std::vector<double>& g, const gc::Options& options = {}) {
  return gc::check([&](std::span<const double> t) { return cost(net, t); }, g, net.theta, options);
}

Net small_net(bool relu, unsigned seed, double scale = 1.0) {
  return make_net({8, 7, 6, 4}, 10, relu, 1e-3, seed, scale, seed % 3 == 0);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(adaptive_net)

// Every seed is another net. No right gradient may fail; at unit scale none may be left open
// either.
BOOST_DATA_TEST_CASE(right_gradient_passes, data::make({false, true}) ^ data::make({60, 60}), relu,
                     seeds) {
  for (unsigned seed = 0; seed < static_cast<unsigned>(seeds); ++seed) {
    const Net net = small_net(relu, seed);
    BOOST_TEST(run(net, gradient(net)), "seed " << seed);
  }
}

BOOST_DATA_TEST_CASE(right_gradient_never_fails_at_any_scale, data::make({1e-3, 0.05, 5.0, 30.0}),
                     scale) {
  for (unsigned seed = 0; seed < 40; ++seed) {
    const Net net = small_net(seed % 2 == 0, seed, scale);
    const auto result = run(net, gradient(net));
    BOOST_TEST((result.verdict != gc::Verdict::fail), "seed " << seed << "\n" << result);
  }
}

// The tolerance is 1e-7, so a block that is wrong by 1e-6 of itself must be seen, in that block
// alone.
BOOST_DATA_TEST_CASE(scaled_weight_gradient_is_caught,
                     data::make({1e-2, 1e-3, 1e-4, 1e-5, 1e-6}) * data::make({false, true}), excess,
                     relu) {
  for (unsigned seed = 0; seed < 10; ++seed) {
    const Net net = small_net(relu, seed);
    auto g = gradient(net);
    const auto& w1 = net.theta.block("W1");
    for (std::size_t i = 0; i < w1.size; ++i) g[w1.offset + i] *= 1.0 + excess;
    const auto result = run(net, g);
    BOOST_TEST((result.verdict == gc::Verdict::fail));
    for (const auto& block : result.blocks) {
      BOOST_TEST((block.verdict == gc::Verdict::fail) == (block.name == "W1"));
    }
  }
}

BOOST_AUTO_TEST_CASE(missing_l2_term_of_1e_4_is_caught_in_every_weight_and_no_bias) {
  for (unsigned seed = 0; seed < 10; ++seed) {
    Net net = small_net(false, seed);
    net.lambda = 1e-4;
    auto g = gradient(net);
    for (const auto& block : net.theta.blocks()) {
      if (block.name[0] != 'W') continue;
      for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
        g[i] -= net.lambda * net.theta.values()[i];
      }
    }
    for (const auto& block : run(net, g).blocks) {
      BOOST_TEST((block.verdict == gc::Verdict::fail) == (block.name[0] == 'W'));
    }
  }
}

BOOST_AUTO_TEST_CASE(one_wrong_entry_is_named) {
  const Net net = small_net(false, 3);
  auto g = gradient(net);
  const std::vector<std::size_t> at{4, 2};
  g[net.theta.position("W2", at)] += 1e-6;
  const auto result = run(net, g);
  BOOST_TEST(result.block("W2").failed == 1U);
  BOOST_TEST(to_string(result.worst().front().key) == "W2[4, 2]");
}

// Four evaluations per entry, and a little for noise, pilots and doubt.
BOOST_DATA_TEST_CASE(evaluations_stay_below_six_per_parameter, data::make({false, true}), relu) {
  std::size_t evaluations = 0;
  std::size_t parameters = 0;
  for (unsigned seed = 0; seed < 20; ++seed) {
    const Net net = small_net(relu, seed);
    evaluations += run(net, gradient(net)).evaluations;
    parameters += net.theta.size();
  }
  BOOST_TEST(evaluations < 6 * parameters);
}

// Layer widths shrink the first layer's gradient to about 1e-8 of the last one's. The global
// difference cannot see an error of 42 % there; the block's own can.
BOOST_AUTO_TEST_CASE(vanishing_first_layer_does_not_hide_its_error) {
  Net net = make_net({6, 5, 5, 3}, 8, false, 0.0, 5, 1.0);
  for (double& w : net.theta.values("W2")) w *= 1e-7;
  auto g = gradient(net);
  BOOST_TEST((run(net, g).verdict != gc::Verdict::fail));
  const auto& w1 = net.theta.block("W1");
  for (std::size_t i = 0; i < w1.size; ++i) g[w1.offset + i] *= 1.42;
  const auto result = run(net, g);
  BOOST_TEST((result.block("W1").verdict == gc::Verdict::fail));
  BOOST_TEST(result.difference.value < 1e-6);
}

BOOST_AUTO_TEST_CASE(float_gradient_passes_when_its_precision_is_told) {
  const Net net = small_net(false, 8);
  auto g = gradient(net);
  for (double& v : g) v = static_cast<double>(static_cast<float>(v));
  gc::Options options;
  options.gradient_roundoff = 0x1p-24;
  options.tolerance = 1e-4;
  BOOST_TEST(run(net, g, options));
}

BOOST_AUTO_TEST_CASE(threads_give_the_same_answer_to_the_bit) {
  const Net net = small_net(true, 11);
  const auto g = gradient(net);
  gc::Options two;
  two.threads = 2;
  const auto one = run(net, g);
  const auto other = run(net, g, two);
  BOOST_TEST(one.numeric == other.numeric, boost::test_tools::per_element());
  BOOST_TEST(one.evaluations == other.evaluations);
}

BOOST_AUTO_TEST_SUITE_END()
