// Corners: which op makes one, where it was recorded, and that neither a corner is taken for a bug
// nor a bug for a corner.
#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <functional>
#include <ostream>

#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/activation_piecewise.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "gradcheck/bridge/branches.hpp"
#include "networks.hpp"

namespace dtheta::gradcheck::test {
namespace {

namespace data = boost::unit_test::data;

/// A function of a vector with a corner where its first element is at `corner`.
struct Cornered {
  std::string op;
  double corner;
  Values rest;  // the other elements
  std::function<Var(Var)> record;
  std::uint_least32_t line;  // that records the op
};
std::ostream& operator<<(std::ostream& out, const Cornered& k) { return out << k.op; }

std::uint_least32_t here(SourceLocation at = SourceLocation::current()) { return at.line(); }

std::vector<Cornered> cornered() {
  std::vector<Cornered> all;
  all.push_back({"relu", 0.0, {0.7}, [](Var x) { return sum(relu(x)); }, here()});
  all.push_back({"abs", 0.0, {0.7}, [](Var x) { return sum(abs(x)); }, here()});
  all.push_back({"max", 0.7, {0.7, -1.0}, [](Var x) { return max(x); }, here()});
  all.push_back({"clamp", 1.0, {0.2}, [](Var x) { return sum(clamp(x, -1, 1)); }, here()});
  all.push_back({"leaky_relu", 0.0, {0.7}, [](Var x) { return sum(leaky_relu(x)); }, here()});
  all.push_back({"relu6", 6.0, {0.7}, [](Var x) { return sum(relu6(x)); }, here()});
  // The hinge loss of one margin.
  all.push_back({"relu", 1.0, {0.3}, [](Var x) { return sum(relu(1 - x)); }, here()});
  all.push_back({"maximum", 0.4, {}, [](Var x) { return sum(maximum(x, 0.4)); }, here()});
  all.push_back(
      {"less", 0.4, {}, [](Var x) { return sum(where(x < 0.4, x, 3 * x - 0.8)); }, here()});
  return all;
}

/// The cost with something smooth beside it, and its leaf at a distance from the corner.
struct Case {
  Tape tape;
  Var x, cost;
  std::vector<CheckedLeaf> leaves;

  Case(const Cornered& k, double distance) {
    Values at{k.corner + distance};
    at.insert(at.end(), k.rest.begin(), k.rest.end());
    x = tape.leaf(Tensor(Shape{static_cast<Index>(at.size())}, std::span<const double>(at)), "x");
    cost = k.record(x) + sum(sigmoid(x));
    leaves = {{"x", 1, x}};
  }
  [[nodiscard]] ParameterVector gradient() const {
    return gradient_of(cost, leaves, parameters_of(leaves));
  }
  [[nodiscard]] Result check(const ParameterVector& gradient) const {
    NetworkOptions options;
    options.gradient = &gradient;
    return check_network(cost, leaves, options);
  }
};

std::string notes_of(const Result& result) {
  std::string all;
  for (const std::string& note : result.notes) all += note + "\n";
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(corners)

BOOST_DATA_TEST_CASE(the_op_and_its_line_are_found_at_any_distance, data::make(cornered()), k) {
  for (const double distance : {0.0, 1e-3, -1e-3, 3e-7, -3e-7, 1e-10}) {
    const Case c(k, distance);
    const auto at = c.x.data<double>();
    const Values theta(at.begin(), at.end());
    Branches branches(c.cost, std::span(&c.x, 1), theta);
    const std::optional<Corner> corner = branches.nearest(0, 1e-2);
    BOOST_REQUIRE(corner.has_value());
    BOOST_TEST(corner->what == k.op + " recorded at corners.cpp:" + std::to_string(k.line));
    // Found by halving an interval of 1e-2/16 forty times, and rounded with θ.
    BOOST_TEST(std::abs(corner->move + distance) <= 1e-13);
    if (distance != 0) BOOST_TEST(!branches.nearest(0, 0.5 * std::abs(distance)).has_value());
  }
}

BOOST_DATA_TEST_CASE(what_is_smooth_has_no_corner, data::make({0.3, -2.0}), at) {
  Tape tape;
  const Var x = tape.leaf(Tensor(Shape{2}, {at, 1.0}), "x");
  const Var cost = sum(softplus(3 * x) * tanh(x)) + sum(relu(x + 4)) + max(x);
  Branches branches(cost, std::span(&x, 1), Values{at, 1.0});
  for (const double reach : {1e-1, 1e-4, 1e-9}) BOOST_TEST(!branches.nearest(0, reach).has_value());
}

BOOST_DATA_TEST_CASE(a_corner_is_no_bug, data::make(cornered()), k) {
  for (const double distance : {0.0, 1e-4, -1e-4, 1e-8, -1e-8, 1e-12}) {
    const Case c(k, distance);
    const Result result = c.check(c.gradient());
    BOOST_TEST(result, k.op << " at " << distance);
  }
}

BOOST_DATA_TEST_CASE(a_bug_beside_a_corner_is_found, data::make(cornered()), k) {
  for (const double distance : {1e-4, -1e-4, 1e-8, -1e-8}) {
    const Case c(k, distance);
    for (const double error : {1e-5, 1e-2}) {
      ParameterVector wrong = c.gradient();
      wrong.values()[0] += error;
      BOOST_TEST((c.check(wrong).verdict == Verdict::fail), k.op << " at " << distance);
    }
  }
}

BOOST_DATA_TEST_CASE(the_slope_of_the_other_side_is_a_bug, data::make(cornered()), k) {
  for (const double distance : {1e-4, 1e-8, 1e-12}) {
    const Case right(k, distance), other(k, -distance);
    const Result result = right.check(other.gradient());
    BOOST_TEST((result.verdict == Verdict::fail), k.op << " at " << distance);
  }
}

BOOST_DATA_TEST_CASE(at_a_corner_no_more_than_the_two_slopes_is_right, data::make(cornered()), k) {
  const Case c(k, 0), above(k, 1e-3), below(k, -1e-3);
  const double a = above.gradient().values()[0], b = below.gradient().values()[0];
  for (const double part : {0.25, 0.75}) {
    ParameterVector between = c.gradient();
    between.values()[0] = a + part * (b - a);
    const Result result = c.check(between);
    BOOST_TEST(result, k.op);
    BOOST_TEST(notes_of(result).find(k.op + " recorded at corners.cpp:" + std::to_string(k.line)) !=
               std::string::npos);
  }
  for (const double outside : {std::min(a, b) - 1e-2, std::max(a, b) + 1e-2}) {
    ParameterVector wrong = c.gradient();
    wrong.values()[0] = outside;
    BOOST_TEST((c.check(wrong).verdict == Verdict::fail), k.op);
  }
}

/// The seed network with one unit of the first layer on its corner for every example, or all.
ParameterVector on_corner(const nn::RecordedCost& r, bool all) {
  ParameterVector theta = parameters_of(checked_leaves(r.parameters));
  const std::span<double> w = theta.values("W1"), b = theta.values("b1");
  std::ranges::fill(all ? w : w.first(5), 0.0);
  std::ranges::fill(all ? b : b.first(1), 0.0);
  return theta;
}

BOOST_AUTO_TEST_CASE(units_on_their_corners_in_a_network_are_named_and_not_accused) {
  Tape tape;
  const nn::RecordedCost seed = seed_network().record(tape);
  for (const bool all : {false, true}) {
    const ParameterVector theta = on_corner(seed, all);
    NetworkOptions options;
    options.theta = &theta;
    // Some examples leave the corner upwards and some downwards: no slope along one entry bounds
    // what the rules may choose.
    const Result result = check_network(seed, options);
    BOOST_TEST((result.verdict == Verdict::inconclusive));
    BOOST_TEST(result.block("W1").corners > 0U);
    BOOST_TEST((result.block("W3").verdict == Verdict::pass));
    BOOST_TEST(notes_of(result).find("relu recorded at activation.cpp:") != std::string::npos);
    ParameterVector wrong = gradient_of(seed.cost, checked_leaves(seed.parameters), theta);
    wrong.values("W3")[0] += 1e-4;
    options.gradient = &wrong;
    BOOST_TEST(accused(check_network(seed, options)) == "W3 ");
  }
}

BOOST_AUTO_TEST_CASE(ties_of_argmax_are_corners) {
  // The largest of each row, twice the same in one of them.
  Tape tape;
  const Var x = tape.leaf(Tensor(Shape{2, 3}, {1.0, 1.0, 0.5, 0.1, 0.2, 0.3}), "x");
  const Var cost = sum(square(max(x, Axes{1})));
  const std::vector<CheckedLeaf> leaves{{"x", 1, x}};
  BOOST_TEST(check_network(cost, leaves));
  ParameterVector first = gradient_of(cost, leaves, parameters_of(leaves));
  first.values()[0] = 2.0;  // all to the first, as other libraries do, where ours gives halves
  first.values()[1] = 0.0;
  NetworkOptions options;
  options.gradient = &first;
  const Result other = check_network(cost, leaves, options);
  BOOST_TEST(other);
  BOOST_TEST(notes_of(other).find("max recorded at corners.cpp:") != std::string::npos);
  first.values()[5] = 0.7;  // of the row without a tie: 0.6 is right
  BOOST_TEST((check_network(cost, leaves, options).verdict == Verdict::fail));
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace dtheta::gradcheck::test
