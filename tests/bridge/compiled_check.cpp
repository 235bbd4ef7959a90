// A check that is compiled once says at every θ what one that is compiled for it says.
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>

#include "autodiff/elementwise.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/tape.hpp"
#include "gradcheck/bridge/network_check.hpp"
#include "networks.hpp"

namespace dtheta::gradcheck::test {
namespace {

namespace data = boost::unit_test::data;
const auto methods = data::make({0, 1});
Method method_of(int m) { return m == 0 ? Method::textbook : Method::adaptive; }

ParameterVector scaled(ParameterVector theta, double factor) {
  for (double& v : theta.values()) v *= factor;
  return theta;
}

/// Another value with each call, as of unseeded noise.
struct Drifting : Unary<Drifting> {
  static constexpr OpInfo info{.name = "drifting"};
  static constexpr Domain domain{-2, 2};
  template <class T>
  static T value(T x) {
    static int calls = 0;
    return x * T(1 + 1e-9 * ++calls);
  }
  static Var slope(Var x, Var) { return 0 * x + 1; }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(compiled_check)

BOOST_DATA_TEST_CASE(agrees_with_a_check_of_its_own_at_every_theta, methods, m) {
  Tape tape;
  const nn::RecordedCost r = seed_network().record(tape);
  const std::vector<CheckedLeaf> leaves = checked_leaves(r.parameters);
  NetworkOptions options = with_method(method_of(m));
  NetworkCheck check(r, options);
  for (const double factor : {1.0, 0.5, -1.25}) {
    const ParameterVector theta = scaled(parameters_of(leaves), factor);
    options.theta = &theta;
    const Result once = check_network(r, options), compiled = check(theta);
    BOOST_TEST((compiled.verdict == once.verdict));
    BOOST_TEST(compiled.deterministic);
    BOOST_TEST(compiled.evaluations > 0);
    BOOST_TEST(same_bits(compiled.analytic, once.analytic));
    for (std::size_t i = 0; i < theta.size(); ++i) {
      // Two evaluations of J each, in other orders of its sums: some 16 roundings of J apart.
      const double noise = m == 0 ? 16 * 0x1p-53 * std::abs(once.cost) / options.epsilon : 0;
      BOOST_TEST(std::abs(compiled.numeric[i] - once.numeric[i]) <=
                 noise + compiled.bar[i] + once.bar[i]);
    }
  }
}

BOOST_DATA_TEST_CASE(comes_back_with_the_same_bits, methods, m) {
  Tape tape;
  const nn::RecordedCost r = seed_network().record(tape);
  const ParameterVector here = parameters_of(checked_leaves(r.parameters));
  NetworkCheck check(r, with_method(method_of(m)));
  const Result first = check(), elsewhere = check(scaled(here, 0.5)), again = check();
  BOOST_TEST(!same_bits(first.numeric, elsewhere.numeric));
  BOOST_TEST(same_bits(first.numeric, again.numeric));
  BOOST_TEST(same_bits(first.analytic, again.analytic));
  BOOST_TEST(first.cost == again.cost);
}

BOOST_DATA_TEST_CASE(reads_a_gradient_anew_and_sees_when_it_goes_bad, methods, m) {
  Tape tape;
  const nn::RecordedCost r = seed_network().record(tape);
  ParameterVector gradient = tape_gradient(r);
  NetworkOptions options = with_method(method_of(m));
  options.gradient = &gradient;
  NetworkCheck check(r, options);
  BOOST_TEST((check().verdict == Verdict::pass));
  gradient.values("W2")[7] *= 1.01;
  const Result bad = check();
  BOOST_TEST((bad.verdict == Verdict::fail));
  BOOST_TEST(accused(bad) == "W2 ");
  BOOST_TEST(bad.worst().front().position == 36u + 7u);
  // At another θ the gradient of this one is wrong nearly everywhere.
  const ParameterVector theta = scaled(parameters_of(checked_leaves(r.parameters)), 0.5);
  gradient.values("W2")[7] /= 1.01;
  BOOST_TEST((check(theta).verdict == Verdict::fail));
  BOOST_TEST((check().verdict == Verdict::pass));
}

BOOST_AUTO_TEST_CASE(holds_float_to_what_float_allows) {
  Tape tape(DType::float32);
  const nn::RecordedCost r = seed_network().record(tape);
  NetworkCheck check(r);
  const ParameterVector theta = scaled(parameters_of(checked_leaves(r.parameters)), 0.75);
  for (int k = 0; k < 2; ++k) {
    const Result result = check(theta);
    BOOST_TEST((result.verdict == Verdict::pass));
    BOOST_TEST(result.tolerance == default_tolerance(0x1p-24));
  }
}

BOOST_DATA_TEST_CASE(says_of_which_blocks_the_cost_is_not_deterministic, methods, m) {
  Tape tape;
  const auto leaf = [&](const Shape& shape, std::uint64_t seed) {
    return tape.leaf(materialize(real(shape, {-1, 1}), seed));
  };
  const Var x = leaf({16, 4}, 1), w = leaf({8, 4}, 2), b = leaf({8}, 3), v = leaf({1, 8}, 4),
            c = leaf({1}, 5);
  const Var h = apply<Drifting>(affine(x, w, b));
  const Var cost = mean(square(affine(h, v, c)));
  const std::vector<CheckedLeaf> leaves{{"W1", 1, w}, {"b1", 1, b}, {"W2", 2, v}, {"b2", 2, c}};
  NetworkOptions options = with_method(method_of(m));
  NetworkCheck check(cost, leaves, options);
  for (int k = 0; k < 2; ++k) {
    const Result result = check();
    BOOST_TEST(!result.deterministic);
    BOOST_TEST((result.verdict != Verdict::pass));
    BOOST_TEST(std::ranges::any_of(result.notes, [](const std::string& note) {
      return note.find("computed again from W1, b1, it has other bits") != std::string::npos;
    }));
  }
  options.layers = {2};  // does not move what drifts
  BOOST_TEST(NetworkCheck(cost, leaves, options)().deterministic);
}

BOOST_AUTO_TEST_CASE(refuses_what_check_network_refuses) {
  Tape tape;
  const nn::RecordedCost r = seed_network().record(tape);
  const std::vector<CheckedLeaf> leaves = checked_leaves(r.parameters);
  BOOST_CHECK_THROW(NetworkCheck(r.output, leaves), std::invalid_argument);  // several numbers
  NetworkCheck check(r);
  ParameterVector short_theta;
  short_theta.add("W1", 1, {1}, Values{0.5});
  BOOST_CHECK_THROW(static_cast<void>(check(short_theta)), std::invalid_argument);
  BOOST_TEST((check().verdict == Verdict::pass));  // as if nothing had been
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::gradcheck::test
