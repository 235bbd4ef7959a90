// The reference network: 5-6-3-1, ReLU, ReLU, sigmoid, binary cross-entropy, 4 examples, NumPy seed
// 10; forward and backward written by hand, with L1 and L2 terms that are off in the reference
// itself.
#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "gradcheck/check.hpp"
#include "gradcheck/report/report.hpp"
#include "tests/data/seed_network_expected.hpp"

namespace gc = dtheta::gradcheck;
namespace data = boost::unit_test::data;

namespace {

constexpr std::size_t examples = 4;
using Values = std::vector<double>;

const Values inputs{
    1.331586504129518,    0.7152789743984055,   -1.5454002921112682, -0.008383849928522256,
    0.6213359738904805,   -0.7200855607188968,  0.2655115856921195,  0.10854852571496944,
    0.004291430934033236, -0.17460021059294129, 0.433026189953598,   1.203037373812212,
    -0.9650656705167633,  1.028274077982704,    0.2286301301246597,  0.44513761283034786,
    -1.1366022118310442,  0.1351368784486355,   1.4845370018365822,  -1.079804885785276};
const Values targets{1.0, 1.0, 0.0, 0.0};
// W1, b1, W2, b2, W3, b3
const Values reference_theta{
    -1.977728280657907,   -1.7433722958989073,  0.266070164000551,    2.384967330711097,
    1.1236912534094234,   1.6726222133078277,   0.09914921583524362,  1.3979963770935753,
    -0.2712479879657808,  0.6132041848596391,   -0.26731718867356863, -0.5493090141054789,
    0.1327082957599512,   -0.4761420149273371,  1.3084730808634777,   0.1950132792330928,
    0.4002099882523482,   -0.337632337085531,   1.2564722637551555,   -0.7319695020012079,
    0.6602315512263132,   -0.3508718914398713,  -0.9394333597625512,  -0.4893372168846516,
    -0.8045911422699545,  -0.21269763871051175, -0.3391402460634347,  0.3121699363132221,
    0.5651526696566274,   -0.14742025772701986, -0.02590533681618617, 0.28909420380393497,
    -0.5398790713327012,  0.7081600199266035,   0.8422247383826557,   0.20358079732747866,
    2.3947036648845352,   0.9174589375104293,   -0.11227247119416003, -0.36218044714224007,
    -0.23218225594409092, -0.5017288995948672,  1.1287851531098774,   -0.6978100304717146,
    -0.08112218381694614, -0.5292960809994882,  1.0461828568082643,   -1.4185560292233947,
    -0.3624991831556408,  -0.1219056911618885,  0.319356421091224,    0.4609029016717183,
    -0.21578989233052187, 0.9890724574994391,   0.3147537788117336,   2.467651056434603,
    -1.5083214871632158,  0.6206006630086133,   -1.0451325375144376,  -0.7980088176722442,
    1.9850845914257311};
const Values reference_gradient(dtheta::test::seed_gradient.begin(),
                                dtheta::test::seed_gradient.end());
constexpr double reference_cost = dtheta::test::seed_cost;

gc::ParameterVector reference_parameters() {
  gc::ParameterVector theta;
  std::span<const double> rest(reference_theta);
  const auto add = [&](const char* name, std::size_t layer, std::size_t rows, std::size_t columns) {
    theta.add(name, layer, {rows, columns}, rest.first(rows * columns));
    rest = rest.subspan(rows * columns);
  };
  add("W1", 1, 6, 5);
  add("b1", 1, 6, 1);
  add("W2", 2, 3, 6);
  add("b2", 2, 3, 1);
  add("W3", 3, 1, 3);
  add("b3", 3, 1, 1);
  return theta;
}

struct Regularization {
  double l1 = 0.0;  // J += l1/m sum of |W|
  double l2 = 0.0;  // J += l2/2m sum of W²
};

/// z = W a + b, features by examples.
Values affine(std::span<const double> w, std::span<const double> b, const Values& a) {
  const std::size_t inner = a.size() / examples;
  Values z(b.size() * examples);
  for (std::size_t i = 0; i < b.size(); ++i) {
    for (std::size_t e = 0; e < examples; ++e) {
      double sum = 0.0;
      for (std::size_t k = 0; k < inner; ++k) sum += w[i * inner + k] * a[k * examples + e];
      z[i * examples + e] = sum + b[i];
    }
  }
  return z;
}

struct Forward {
  Values z1, a1, z2, a2, a3;
};

Values relu(Values z) {
  for (double& v : z) v = std::max(v, 0.0);
  return z;
}

Forward forward(std::span<const double> t) {
  Forward f;
  f.z1 = affine(t.subspan(0, 30), t.subspan(30, 6), inputs);
  f.a1 = relu(f.z1);
  f.z2 = affine(t.subspan(36, 18), t.subspan(54, 3), f.a1);
  f.a2 = relu(f.z2);
  f.a3 = affine(t.subspan(57, 3), t.subspan(60, 1), f.a2);
  for (double& v : f.a3) v = 1.0 / (1.0 + std::exp(-v));
  return f;
}

bool is_weight(std::size_t i) { return i < 30 || (i >= 36 && i < 54) || (i >= 57 && i < 60); }

double cost(std::span<const double> theta, Regularization r = {}) {
  const Values p = forward(theta).a3;
  double sum = 0.0;
  for (std::size_t e = 0; e < examples; ++e) {
    sum -= targets[e] * std::log(p[e]) + (1.0 - targets[e]) * std::log(1.0 - p[e]);
  }
  for (std::size_t i = 0; i < theta.size(); ++i) {
    if (is_weight(i)) sum += r.l1 * std::abs(theta[i]) + 0.5 * r.l2 * theta[i] * theta[i];
  }
  return sum / examples;
}

/// dW = dz aᵀ, db = sum of dz over examples, and Wᵀ dz for the layer below.
Values backward_layer(std::span<const double> w, const Values& dz, const Values& a, double* dw,
                      double* db) {
  const std::size_t inner = a.size() / examples;
  Values da(a.size(), 0.0);
  for (std::size_t i = 0; i < dz.size() / examples; ++i) {
    for (std::size_t e = 0; e < examples; ++e) {
      const double d = dz[i * examples + e];
      db[i] += d;
      for (std::size_t k = 0; k < inner; ++k) {
        dw[i * inner + k] += d * a[k * examples + e];
        da[k * examples + e] += d * w[i * inner + k];
      }
    }
  }
  return da;
}

Values gradient(std::span<const double> t, Regularization r = {}) {
  const Forward f = forward(t);
  Values g(t.size(), 0.0);
  Values dz(examples);
  for (std::size_t e = 0; e < examples; ++e) dz[e] = (f.a3[e] - targets[e]) / examples;
  dz = backward_layer(t.subspan(57, 3), dz, f.a2, &g[57], &g[60]);
  for (std::size_t i = 0; i < dz.size(); ++i) dz[i] = f.z2[i] > 0.0 ? dz[i] : 0.0;
  dz = backward_layer(t.subspan(36, 18), dz, f.a1, &g[36], &g[54]);
  for (std::size_t i = 0; i < dz.size(); ++i) dz[i] = f.z1[i] > 0.0 ? dz[i] : 0.0;
  backward_layer(t.subspan(0, 30), dz, inputs, &g[0], &g[30]);
  for (std::size_t i = 0; i < t.size(); ++i) {
    if (is_weight(i)) g[i] += (r.l1 * (t[i] > 0.0 ? 1.0 : -1.0) + r.l2 * t[i]) / examples;
  }
  return g;
}

gc::Result run(const Values& g, gc::Method method, Regularization r = {},
               gc::Options options = {}) {
  options.method = method;
  return gc::check([r](std::span<const double> t) { return cost(t, r); }, g, reference_parameters(),
                   options);
}

const auto methods = data::make({0, 1});
gc::Method method_of(int m) { return m == 0 ? gc::Method::textbook : gc::Method::adaptive; }

/// A bug: what it is called, the block it sits in, and what it does to that block's gradient.
struct Bug {
  std::string name;
  std::string block;
  std::function<void(std::span<double>)> plant;
};
std::ostream& operator<<(std::ostream& out, const Bug& bug) {
  return out << bug.name << " in " << bug.block;
}

void scale(std::span<double> g, double factor) {
  for (double& v : g) v *= factor;
}

std::vector<Bug> bugs() {
  std::vector<Bug> all;
  const auto theta = reference_parameters();
  for (const auto& block : theta.blocks()) {
    const std::size_t rows = block.shape[0];
    const std::size_t columns = block.shape[1];
    all.push_back({"twice", block.name, [](std::span<double> g) { scale(g, 2.0); }});
    all.push_back({"sign", block.name, [](std::span<double> g) { scale(g, -1.0); }});
    all.push_back({"missing 1/m", block.name, [](std::span<double> g) { scale(g, examples); }});
    if (rows > 1 && columns > 1) {
      all.push_back({"transposed", block.name, [=](std::span<double> g) {
                       const Values old(g.begin(), g.end());
                       for (std::size_t i = 0; i < g.size(); ++i) {
                         g[i] = old[(i % rows) * columns + i / rows];
                       }
                     }});
    }
  }
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(reference_network)

// 64 roundings of a sum of size 1 and of terms up to 10: 1e-14 is the figure of the statement.
BOOST_AUTO_TEST_CASE(statement_7_cost_and_gradient) {
  BOOST_TEST(std::abs(cost(reference_theta) - reference_cost) <= 1e-14);
  const Values g = gradient(reference_theta);
  for (std::size_t i = 0; i < g.size(); ++i) {
    BOOST_TEST(std::abs(g[i] - reference_gradient[i]) <= 1e-14);
  }
}

BOOST_AUTO_TEST_CASE(statement_7_textbook_difference_and_sentence) {
  const auto result = run(gradient(reference_theta), gc::Method::textbook);
  BOOST_TEST(result);
  BOOST_TEST(result.difference.value >= 0.5e-9);
  BOOST_TEST(result.difference.value <= 1e-8);
  BOOST_TEST((result.band == gc::Band::excellent));
  BOOST_TEST(gc::textbook_sentence(result).starts_with("Good, the difference is "));
  // J at θ before and after, and two probes for each of the 61 entries.
  BOOST_TEST(result.evaluations == 2U * 61U + 3U);
}

BOOST_AUTO_TEST_CASE(adaptive_passes_and_sees_far_more) {
  const auto result = run(gradient(reference_theta), gc::Method::adaptive);
  BOOST_TEST(result);
  BOOST_TEST(result.difference.value < 1e-10);
}

BOOST_DATA_TEST_CASE(statement_9_one_layer_alone, methods, m) {
  Values g = gradient(reference_theta);
  scale(std::span(g).first(36), 3.0);  // W1 and b1 are wrong, layer 2 is not
  gc::Options options;
  options.layers = {2};
  std::size_t moved = 0;
  const gc::Cost watching = [&](std::span<const double> t) {
    for (std::size_t i = 0; i < t.size(); ++i) {
      if (t[i] != reference_theta[i]) moved += (i >= 36 && i < 57) ? 0U : 1U;
    }
    return cost(t);
  };
  options.method = method_of(m);
  const auto result = gc::check(watching, g, reference_parameters(), options);
  BOOST_TEST(result);
  BOOST_TEST(moved == 0U);
  BOOST_TEST(result.blocks.size() == 2U);
  options.layers = {1};
  BOOST_TEST((run(g, method_of(m), {}, options).verdict == gc::Verdict::fail));
}

BOOST_DATA_TEST_CASE(statement_10_largest_differences_first_with_row_and_column, methods, m) {
  Values g = gradient(reference_theta);
  const auto theta = reference_parameters();
  const std::vector<std::size_t> worst{1, 4};
  const std::vector<std::size_t> second{2, 0};
  g[theta.position("W2", worst)] += 0.5;
  g[theta.position("b1", second)] -= 0.25;
  const auto listed = run(g, method_of(m)).worst();
  BOOST_TEST(to_string(listed[0].key) == "W2[1, 4]");
  BOOST_TEST(listed[0].key.layer == 2U);
  BOOST_TEST(to_string(listed[1].key) == "b1[2, 0]");
}

BOOST_DATA_TEST_CASE(statement_11_regularisation_inside_the_cost, methods, m) {
  for (const Regularization r : {Regularization{0.0, 0.7}, Regularization{0.3, 0.0}}) {
    BOOST_TEST(run(gradient(reference_theta, r), method_of(m), r));
    const auto forgotten = run(gradient(reference_theta), method_of(m), r);
    BOOST_TEST((forgotten.verdict == gc::Verdict::fail));
    for (const auto& block : forgotten.blocks) {
      const bool weight = block.name[0] == 'W';
      BOOST_TEST((block.verdict == gc::Verdict::fail) == weight, block.name);
    }
  }
}

BOOST_DATA_TEST_CASE(statement_15_planted_bug_is_reported_in_its_block, methods* data::make(bugs()),
                     m, bug) {
  auto planted = reference_parameters();
  const Values g = gradient(reference_theta);
  std::ranges::copy(g, planted.values().begin());
  bug.plant(planted.values(bug.block));
  const Values wrong(planted.values().begin(), planted.values().end());
  const auto result = run(wrong, method_of(m));
  BOOST_TEST((result.verdict == gc::Verdict::fail));
  for (const auto& block : result.blocks) {
    BOOST_TEST((block.verdict == gc::Verdict::fail) == (block.name == bug.block), block.name);
  }
}

BOOST_DATA_TEST_CASE(statement_15_missing_sum_over_examples, methods, m) {
  // db2 and db3 taken from the first example alone instead of summed.
  const Forward f = forward(reference_theta);
  Values g = gradient(reference_theta);
  g[60] = (f.a3[0] - targets[0]) / examples;
  const auto result = run(g, method_of(m));
  BOOST_TEST((result.block("b3").verdict == gc::Verdict::fail));
  BOOST_TEST((result.block("W3").verdict != gc::Verdict::fail));
}

BOOST_DATA_TEST_CASE(not_a_number_is_never_a_pass, methods* data::make({0.0, 1.0}), m, numerator) {
  Values g = gradient(reference_theta);
  g[40] = numerator / 0.0;
  const auto result = run(g, method_of(m));
  BOOST_TEST((result.verdict == gc::Verdict::fail));
  BOOST_TEST((result.block("W2").verdict == gc::Verdict::fail));
  BOOST_TEST(to_string(result.worst().front().key) == "W2[0, 4]");
}

BOOST_AUTO_TEST_SUITE_END()
