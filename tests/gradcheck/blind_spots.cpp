// What a check cannot see, and says so: each with a bug planted where it hides.
#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "gradcheck/check.hpp"
#include "tests/gradcheck/models.hpp"

namespace gc = dtheta::gradcheck;
namespace data = boost::unit_test::data;
using Span = std::span<const double>;
using Values = std::vector<double>;

namespace {

bool mentions(const gc::Result& result, const std::string& part) {
  return std::ranges::any_of(
      result.notes, [&](const std::string& note) { return note.find(part) != std::string::npos; });
}

constexpr const char* symmetric = "could not have seen a bug in the order";
constexpr const char* constant = "sum of softmax outputs";
constexpr const char* edge = "no finite derivative";
constexpr const char* corners = "several corners";

/// Σ softmax(W x)ₖ / m over three inputs: 1 whatever W is. W is 3 by 2.
double sum_of_softmax(Span t) {
  double total = 0.0;
  for (const double x : {0.3, -1.2, 0.8}) {
    double e[3];
    double sum = 0.0;
    for (std::size_t k = 0; k < 3; ++k) sum += e[k] = std::exp(t[2 * k] * x + t[2 * k + 1]);
    for (const double v : e) total += v / sum / 3.0;
  }
  return total;
}

gc::ParameterVector two_by_two(const Values& w) {
  gc::ParameterVector theta;
  theta.add("W", 1, {2, 2}, w);
  return theta;
}

/// A quadratic form that is not symmetric in W and Wᵀ, and its gradient.
double form(Span w) {
  return 0.5 * w[0] * w[0] + w[1] * w[2] + 0.25 * w[1] * w[1] + 0.75 * w[2] * w[2] + w[3] * w[3] +
         0.1 * (w[0] + w[1] + w[2] + w[3]);
}
Values form_gradient(Span w) {
  return {w[0] + 0.1, w[2] + 0.5 * w[1] + 0.1, w[1] + 1.5 * w[2] + 0.1, 2.0 * w[3] + 0.1};
}
Values transposed(Values g) {
  std::swap(g[1], g[2]);
  return g;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(blind_spots)

BOOST_AUTO_TEST_CASE(equal_weights_hide_a_transpose) {
  const auto zero = two_by_two({0.0, 0.0, 0.0, 0.0});
  const auto hidden = gc::check(form, transposed(form_gradient(zero.values())), zero);
  BOOST_TEST(hidden, hidden);  // the bug is there, and nothing of J shows it
  BOOST_TEST(mentions(hidden, symmetric), hidden);
  BOOST_TEST(mentions(hidden, "entries of W are equal"), hidden);

  const auto random = two_by_two({0.3, -0.7, 0.2, 0.9});
  const auto seen = gc::check(form, transposed(form_gradient(random.values())), random);
  BOOST_TEST((seen.verdict == gc::Verdict::fail));
  BOOST_TEST(!mentions(seen, symmetric));
}

BOOST_AUTO_TEST_CASE(zero_initialisation_of_a_net_is_named_in_every_weight) {
  gradcheck_test::ModelSpec spec;
  spec.seed = 4;
  auto model = gradcheck_test::make_model(spec);
  std::ranges::fill(model.theta.values(), 0.0);
  model.gradient(model.theta.values(), model.right);
  const auto result = gc::check(model.cost, model.right, model.theta);
  BOOST_TEST(mentions(result, "entries of W1, W2, W3 are equal"), result);
  // Both weights' gradients are zero here, so any multiple of them looks right.
  auto wrong = model.right;
  for (const char* name : {"W1", "W2"}) {
    const auto& block = model.theta.block(name);
    for (std::size_t i = block.offset; i < block.offset + block.size; ++i) wrong[i] *= 3.0;
  }
  BOOST_TEST((gc::check(model.cost, wrong, model.theta).verdict != gc::Verdict::fail));
}

BOOST_AUTO_TEST_CASE(a_sum_of_softmax_outputs_hides_everything) {
  gc::ParameterVector theta;
  theta.add("W", 1, {3, 2}, Values{0.3, -0.7, 0.2, 0.9, -0.4, 0.1});
  const Values rounding{3e-17, -1e-17, 2e-17, 0.0, -3e-17, 1e-17};
  for (const double factor : {1.0, 2.0, 0.0}) {  // right, wrong, forgotten
    Values g = rounding;
    for (double& v : g) v *= factor;
    const auto result = gc::check(sum_of_softmax, g, theta);
    BOOST_TEST((result.verdict == gc::Verdict::inconclusive), result);
    BOOST_TEST(mentions(result, constant), result);
  }
  Values large = rounding;
  large[2] = 1e-3;
  BOOST_TEST((gc::check(sum_of_softmax, large, theta).verdict == gc::Verdict::fail));
}

BOOST_AUTO_TEST_CASE(ordinary_nets_get_no_such_note) {
  using gradcheck_test::Kind;
  for (const Kind kind : {Kind::tanh, Kind::relu, Kind::maxpool, Kind::convolution}) {
    for (unsigned seed = 0; seed < 10; ++seed) {
      gradcheck_test::ModelSpec spec;
      spec.kind = kind;
      if (kind == Kind::convolution) spec.widths = {4, 4, 3};
      if (kind == Kind::maxpool) spec.widths = {4, 6, 4, 3};
      spec.seed = seed;
      spec.zero_bias = seed % 2 == 0;
      const auto model = gradcheck_test::make_model(spec);
      const auto result = gc::check(model.cost, model.right, model.theta);
      for (const char* note : {symmetric, constant, edge, corners}) {
        BOOST_TEST(!mentions(result, note), to_string(kind) << " " << seed << "\n" << result);
      }
    }
  }
}

// A derivative of zero is passed where the gradient says zero, with a note; where the gradient says
// that there is something too small to be seen, it is left open.
BOOST_AUTO_TEST_CASE(a_block_below_the_noise_is_passed_only_as_zero) {
  gc::ParameterVector theta;
  theta.add("seen", 1, {2}, Values{0.5, -0.3});
  theta.add("faint", 2, {2}, Values{0.4, 0.7});
  const auto cost = [](Span t) {
    return std::exp(t[0]) + t[1] * t[1] + 1e-19 * std::sin(t[2]) * std::cos(t[3]);
  };
  const Values seen{std::exp(0.5), -0.6};
  const auto zero = gc::check(cost, Values{seen[0], seen[1], 0.0, 0.0}, theta);
  BOOST_TEST(zero, zero);
  BOOST_TEST(mentions(zero, "depend on faint"));
  BOOST_TEST(!mentions(zero, constant));
  BOOST_TEST(zero.block("faint").detectable <= zero.tolerance);
  for (const double factor : {1.0, 2.0}) {
    const Values g{seen[0], seen[1], factor * 1e-19 * std::cos(0.4) * std::cos(0.7),
                   -factor * 1e-19 * std::sin(0.4) * std::sin(0.7)};
    const auto open = gc::check(cost, g, theta);
    BOOST_TEST((open.block("faint").verdict == gc::Verdict::inconclusive), open);
    BOOST_TEST((open.block("seen").verdict == gc::Verdict::pass));
  }
}

namespace {

struct Edge {
  const char* name;
  double (*cost)(double);
  double x;
};

constexpr double infinite = std::numeric_limits<double>::infinity();

const Edge edges[] = {
    {"acosh at 1", [](double x) { return std::acosh(x); }, 1.0},
    {"sqrt at 0", [](double x) { return std::sqrt(x); }, 0.0},
    {"asin at 1", [](double x) { return std::asin(x); }, 1.0},
    {"cube root at 0", [](double x) { return std::cbrt(x); }, 0.0},
    {"root of |x| at 0", [](double x) { return std::sqrt(std::abs(x)); }, 0.0},
    {"x log x at 0", [](double x) { return x == 0.0 ? 0.0 : x * std::log(x); }, 0.0},
    {"x to the 0.7 at 0", [](double x) { return std::pow(x, 0.7); }, 0.0},
};

}  // namespace

// J has no finite derivative in its first entry: neither infinity nor NaN nor any number is wrong
// there, and none is right.
BOOST_DATA_TEST_CASE(edge_of_the_domain, data::xrange(std::size(edges)), which) {
  const Edge& at = edges[which];
  const auto cost = [which](Span t) { return edges[which].cost(t[0]) + std::sin(t[1]) + 2.0; };
  const Values theta{at.x, 0.5};
  for (const double analytic : {infinite, -infinite, std::nan(""), 0.0, 1.0, 1e8}) {
    const auto result = gc::check(cost, Values{analytic, std::cos(0.5)}, theta);
    BOOST_TEST((result.verdict == gc::Verdict::inconclusive), at.name << " " << analytic << "\n"
                                                                      << result);
    // Between the slopes of a cusp a number is first taken for one at a corner.
    const bool cusp = std::string(at.name) == "root of |x| at 0" && analytic == 1.0;
    BOOST_TEST((cusp || mentions(result, edge)), at.name << " " << analytic << "\n" << result);
    BOOST_TEST(!mentions(result, corners));
  }
  // A bug in the other entry is seen all the same.
  const auto wrong = gc::check(cost, Values{infinite, 1.01 * std::cos(0.5)}, theta);
  BOOST_TEST((wrong.verdict == gc::Verdict::fail), at.name);
}

// Where J has a derivative, at a corner or inside its domain, NaN and infinity are wrong.
BOOST_DATA_TEST_CASE(not_finite_is_wrong_where_j_has_slopes,
                     data::make({infinite, -infinite, std::nan("")}), analytic) {
  const Values theta{0.0, 0.5};
  const auto corner = [](Span t) { return std::abs(t[0]) + t[1]; };
  const auto one_sided = [](Span t) { return t[0] < 0.0 ? std::nan("") : std::exp(t[0]) + t[1]; };
  const auto bent = [](Span t) { return t[0] * t[0] * t[0] + t[1]; };
  const auto power = [](Span t) { return std::pow(std::abs(t[0]), 1.5) + t[1]; };
  const auto near_edge = [](Span t) { return std::sqrt(t[0] + 1e-6) + t[1]; };
  for (const gc::Cost& cost : {gc::Cost(corner), gc::Cost(one_sided), gc::Cost(bent),
                               gc::Cost(power), gc::Cost(near_edge)}) {
    const auto result = gc::check(cost, Values{analytic, 1.0}, theta);
    BOOST_TEST((result.verdict == gc::Verdict::fail), result);
  }
}

namespace {

double relu(double z) { return std::max(z, 0.0); }
double step(double z) { return z > 0.0 ? 1.0 : 0.0; }

/// relu(x) − relu(−x) is x, which backpropagation with relu'(0) = 0 does not know at 0.
double two_units(Span t) {
  return 3.0 * (relu(t[0]) - relu(-t[0])) + t[1] * t[1] + std::sin(t[0]) * t[1];
}
Values backpropagated(Span t, double factor) {
  return {factor * (3.0 * (step(t[0]) + step(-t[0])) + std::cos(t[0]) * t[1]),
          2.0 * t[1] + std::sin(t[0])};
}

}  // namespace

// Whether J has corners is a question to J: this one is straight at 0 in every direction, and what
// treats 0 apart is wrong there, whether it is a rule of corners or code that skips zeros.
BOOST_AUTO_TEST_CASE(a_straight_j_excuses_no_gradient_that_jumps) {
  const Values theta{0.0, 0.5};
  const auto jumps = [](Span t) { return backpropagated(t, 1.0); };
  BOOST_TEST((gc::check(two_units, jumps, theta).verdict == gc::Verdict::fail));
  BOOST_TEST((gc::check(two_units, jumps(theta), theta).verdict == gc::Verdict::fail));
  BOOST_TEST(gc::check(two_units, jumps, Values{0.1, 0.5}));
  const auto bowl = [](Span t) { return (t[0] - 1.0) * (t[0] - 1.0) + t[1] * t[1]; };
  const auto skips = [](Span t) {
    return Values{t[0] == 0.0 ? 0.0 : 2.0 * (t[0] - 1.0), 2.0 * t[1]};
  };
  BOOST_TEST((gc::check(bowl, skips, theta).verdict == gc::Verdict::fail));
  BOOST_TEST(gc::check(bowl, skips, Values{0.1, 0.5}));
}

BOOST_DATA_TEST_CASE(a_bug_at_corners_that_cancel_is_seen, data::make({1.01, 2.0, -1.0, 0.0}),
                     factor) {
  const auto wrong = [factor](Span t) { return backpropagated(t, factor); };
  const auto result = gc::check(two_units, wrong, Values{0.0, 0.5});
  BOOST_TEST((result.verdict == gc::Verdict::fail), factor << "\n" << result);
  BOOST_TEST(!mentions(result, corners));
}

namespace {

/// Twice the slope in an interval around 0 that no difference of J resolves.
double nearly_straight(Span t) { return 3.0 * (t[0] + std::clamp(t[0], -1e-13, 1e-13)) + t[1]; }

}  // namespace

// At the smallest steps J sides with the gradient: it is not accused for what J does further away.
BOOST_AUTO_TEST_CASE(between_two_corners_too_near_for_the_usual_steps) {
  const Values theta{0.0, 0.5};
  const auto right = [](Span t) { return Values{std::abs(t[0]) < 1e-13 ? 6.0 : 3.0, 1.0}; };
  const auto result = gc::check(nearly_straight, right, theta);
  BOOST_TEST((result.verdict == gc::Verdict::inconclusive), result);
  for (const double wrong : {5.0, 3.001, 0.0, -6.0}) {
    const auto accused = gc::check(nearly_straight, Values{wrong, 1.0}, theta);
    BOOST_TEST((accused.verdict == gc::Verdict::fail), wrong << "\n" << accused);
  }
}

// A bug that shows at one point only, but is no jump of the gradient: accused.
BOOST_AUTO_TEST_CASE(a_bug_without_corners_is_never_excused) {
  const auto smooth = [](Span t) { return std::sin(t[0]) + t[0] * t[1]; };
  const auto wrong = [](Span t) { return Values{std::cos(t[0]) + 1.001 * t[1], 0.9 * t[0]}; };
  const auto result = gc::check(smooth, wrong, Values{0.0, 0.5});
  BOOST_TEST((result.verdict == gc::Verdict::fail), result);
}

// The same in a net: zero biases behind a dead layer, the gradient traced by a tape.
BOOST_AUTO_TEST_CASE(zero_biases_behind_a_dead_layer) {
  std::size_t excused = 0;
  for (unsigned seed = 0; seed < 40; ++seed) {
    gradcheck_test::ModelSpec spec;
    spec.kind = gradcheck_test::Kind::relu;
    spec.widths = {3, 3, 4, 4, 3};
    spec.seed = seed;
    spec.zero_bias = true;
    auto model = gradcheck_test::make_model(spec);
    for (double& b : model.theta.values("b1")) b = -50.0;  // every unit of layer 1 is off
    const auto result = gc::check(model.cost, model.gradient, model.theta);
    BOOST_TEST((result.verdict != gc::Verdict::fail), "seed " << seed << "\n" << result);
    excused += mentions(result, corners) ? 1 : 0;
  }
  BOOST_TEST_MESSAGE(excused << " of 40 nets lie on corners that cancel");
}

BOOST_AUTO_TEST_SUITE_END()
