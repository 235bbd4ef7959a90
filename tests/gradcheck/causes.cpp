// Causes in the terms of whoever made the mistake: what a course writes, what a program forgot.
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <ostream>
#include <string>
#include <vector>

#include "gradcheck/check.hpp"
#include "gradcheck/compare.hpp"
#include "gradcheck/report/report.hpp"
#include "tests/gradcheck/models.hpp"

namespace gc = dtheta::gradcheck;
namespace data = boost::unit_test::data;
using gc::Pattern;
using Span = std::span<const double>;
using Values = std::vector<double>;

namespace {

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

gc::Options textbook() {
  gc::Options options;
  options.method = gc::Method::textbook;
  return options;
}

const Values points{0.7, -1.3, 0.4, 1.9, -0.6, 2.2, 1.1, -0.9};
const Values weights{1.5, -0.5, 2.0, 0.75, 1.25, -1.0, 0.5, 3.0};

/// J = sum of w_i f(theta_i), with a gradient that has `written` where f' is due.
struct Elementwise {
  std::string name;
  double (*f)(double);
  double (*written)(double);
  std::string expected;
};
std::ostream& operator<<(std::ostream& out, const Elementwise& e) { return out << e.name; }

double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

const std::vector<Elementwise> slips{
    {"x for tanh x", [](double x) { return std::tanh(x); }, [](double x) { return 1.0 - x * x; },
     "x in place of tanh x"},
    {"x for sigmoid x", sigmoid, [](double x) { return x * (1.0 - x); }, "x in place of sigmoid"},
    {"factor 1 - s", sigmoid, sigmoid, "the factor 1 - s is missing"},
    {"1.702", [](double x) { return x * sigmoid(1.702 * x); },
     [](double x) {
       const double s = sigmoid(1.702 * x);
       return s + x * s * (1.0 - s);
     },
     "the 1.702 is missing"},
    {"half of a product rule", [](double x) { return x * sigmoid(x); }, sigmoid,
     "half of the product rule"},
    {"a chain of x^2", [](double x) { return std::sin(x * x); },
     [](double x) { return 2.0 * std::cos(x * x); }, "a factor theta is missing"},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(causes)

BOOST_DATA_TEST_CASE(elementwise_slips_are_named, data::make(slips), slip) {
  const gc::Cost cost = [&](Span t) {
    double sum = 0.0;
    for (std::size_t i = 0; i < t.size(); ++i) sum += weights[i] * slip.f(t[i]);
    return sum;
  };
  Values gradient;
  for (std::size_t i = 0; i < points.size(); ++i)
    gradient.push_back(weights[i] * slip.written(points[i]));
  for (const gc::Options& options : {gc::Options{}, textbook()}) {
    const gc::Result result = gc::check(cost, gradient, points, options);
    BOOST_TEST((result.verdict == gc::Verdict::fail));
    BOOST_REQUIRE(!result.causes.empty());
    BOOST_TEST((result.causes.front().pattern == Pattern::slip), result.causes.front().sentence);
    BOOST_TEST(says(result.causes.front().sentence, slip.expected), result.causes.front().sentence);
  }
}

// A factor is the same everywhere: no function of theta is made responsible for it.
BOOST_AUTO_TEST_CASE(a_factor_is_no_slip) {
  const gc::Cost cost = [](Span t) {
    double sum = 0.0;
    for (const double x : t) sum += std::tanh(x);
    return sum;
  };
  Values gradient;
  for (const double x : points) gradient.push_back(1.75 * (1.0 - std::tanh(x) * std::tanh(x)));
  const auto result = gc::check(cost, gradient, points);
  BOOST_TEST((result.causes.front().pattern == Pattern::factor));
}

BOOST_AUTO_TEST_CASE(blocks_in_another_order_are_named) {
  const auto model = gradcheck_test::make_model({});
  const auto& theta = model.theta;
  Values gradient;
  for (const bool biases : {false, true}) {
    for (const gc::Block& block : theta.blocks()) {
      if (block.name.starts_with('b') != biases) continue;
      const auto part = Span(model.right).subspan(block.offset, block.size);
      gradient.insert(gradient.end(), part.begin(), part.end());
    }
  }
  for (const gc::Options& options : {gc::Options{}, textbook()}) {
    const auto result = gc::check(model.cost, gradient, theta, options);
    BOOST_TEST((result.verdict == gc::Verdict::fail));
    BOOST_REQUIRE(result.causes.size() == 1U);
    BOOST_TEST((result.causes.front().pattern == Pattern::block_order));
    BOOST_TEST(says(result.causes.front().sentence,
                    "holds W1, W2, W3, b1, b2, b3 where theta has W1, b1, W2, b2, W3, b3"),
               result.causes.front().sentence);
  }
}

BOOST_AUTO_TEST_CASE(one_wrong_number_has_no_factor) {
  const gc::Cost cost = [](Span t) { return std::sin(t[0]) + t[1] * t[1] * t[2] + t[2] * t[3]; };
  gc::ParameterVector theta;
  theta.add("a", 0, {}, Values{0.7});
  theta.add("W", 1, {3}, Values{0.5, -1.25, 2.0});
  Values gradient{std::cos(0.7), -1.25, 2.25, -1.25};
  BOOST_REQUIRE(bool(gc::check(cost, gradient, theta)));
  gradient[0] *= 0.913;
  const auto result = gc::check(cost, gradient, theta);
  BOOST_REQUIRE(!result.causes.empty());
  BOOST_TEST((result.causes.front().pattern == Pattern::one_entry));
  BOOST_TEST(says(result.causes.front().sentence, "one number alone"));
  BOOST_TEST(!says(gc::report(result), "times the right one: a constant factor"));
  // The same factor in a block that bears it out is a factor of both.
  for (std::size_t i = 1; i < 4; ++i) gradient[i] *= 0.913;
  const auto both = gc::check(cost, gradient, theta);
  BOOST_REQUIRE(both.causes.size() == 1U);
  BOOST_TEST((both.causes.front().pattern == Pattern::factor));
  BOOST_TEST(says(both.causes.front().sentence, "a, W: "), both.causes.front().sentence);
}

BOOST_AUTO_TEST_CASE(counts_are_named_known_or_not) {
  const auto model = gradcheck_test::make_model({});
  Values gradient = model.right;
  for (double& v : gradient) v *= 0.05;
  const auto unknown = gc::check(model.cost, gradient, model.theta);
  BOOST_TEST(says(unknown.causes.front().sentence, "1/20 times the right one: divided by 20"),
             unknown.causes.front().sentence);
  gc::Options options;
  options.hints.examples = 20;
  const auto known = gc::check(model.cost, gradient, model.theta, options);
  BOOST_TEST(says(known.causes.front().sentence, "1/m (m = 20)"), known.causes.front().sentence);
}

// lambda/m = 0.7/50, as courses write it.
BOOST_AUTO_TEST_CASE(a_penalty_is_told_as_it_was_given) {
  gradcheck_test::ModelSpec spec;
  spec.l2 = 0.7 / 50.0;
  const auto model = gradcheck_test::make_model(spec);
  Values gradient = model.right;
  for (const gc::Block& block : model.theta.blocks()) {
    if (!block.name.starts_with('W')) continue;
    for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
      gradient[i] -= spec.l2 * model.theta.values()[i];
    }
  }
  gc::Options options;
  const auto sentence = [&] {
    const auto result = gc::check(model.cost, gradient, model.theta, options);
    BOOST_REQUIRE(!result.causes.empty());
    BOOST_TEST((result.causes.front().pattern == Pattern::l2));
    return result.causes.front().sentence;
  };
  options.hints.examples = 50;
  BOOST_TEST(says(sentence(), "lambda/m with lambda about 0.7 (m = 50)"), sentence());
  options.hints.l2 = spec.l2;
  options.hints.l2_words = "lambda/m = 0.7/50";
  BOOST_TEST(says(sentence(), "the L2 term with lambda/m = 0.7/50 is missing"), sentence());
}

// A scalar is explained by any lambda, unless the caller's own explains it.
BOOST_AUTO_TEST_CASE(one_number_is_no_penalty) {
  const gc::Cost cost = [](Span t) { return std::sin(t[0]); };
  gc::Options options;
  options.hints.l2 = 0.01;
  const Values theta{0.7};
  const Values wrong{std::cos(0.7) - 0.0037};
  const auto result = gc::check(cost, wrong, theta, options);
  BOOST_TEST((result.causes.front().pattern == Pattern::one_entry), result.causes.front().sentence);
  const Values missing{std::cos(0.7) - 0.007};
  BOOST_TEST((gc::check(cost, missing, theta, options).causes.front().pattern == Pattern::l2));
}

BOOST_AUTO_TEST_CASE(a_factor_on_one_part_of_J) {
  const auto model = gradcheck_test::make_model({});
  Values part(model.right.size());
  for (std::size_t i = 0; i < part.size(); ++i) part[i] = 0.3 * std::sin(1.0 + double(i)) + 0.5;
  gc::Options options;
  options.hints.suspects.push_back({"the data term", part});
  options.hints.examples = 20;
  const auto sentence = [&](double times) {
    Values gradient = model.right;
    for (std::size_t i = 0; i < part.size(); ++i) gradient[i] += (times - 1.0) * part[i];
    const auto result = gc::check(model.cost, gradient, model.theta, options);
    BOOST_REQUIRE(!result.causes.empty());
    BOOST_TEST((result.causes.front().pattern == Pattern::suspect));
    return result.causes.front().sentence;
  };
  BOOST_TEST(says(sentence(0.0), "the data term is missing"), sentence(0.0));
  BOOST_TEST(says(sentence(2.0), "the data term is counted once too often"), sentence(2.0));
  BOOST_TEST(says(sentence(20.0), "the data term enters m = 20 times, not once"), sentence(20.0));
  BOOST_TEST(says(sentence(0.5), "the data term enters 1/2 times, not once"), sentence(0.5));
}

// theta = 3e9: the distance to the next double is 4.8e-7, and epsilon is gone.
BOOST_AUTO_TEST_CASE(an_epsilon_lost_in_theta_is_named) {
  const gc::Cost line = [](Span t) { return 1e-9 * t[0]; };
  const auto lost = gc::check(line, Values{1e-9}, Values{3e9}, textbook());
  BOOST_REQUIRE(lost.causes.size() == 1U);
  BOOST_TEST((lost.causes.front().pattern == Pattern::lost_step));
  BOOST_TEST(says(lost.causes.front().sentence, "3e+09 + 1e-07 is 3e+09"),
             lost.causes.front().sentence);
  const std::string text = gc::report(lost);
  BOOST_TEST(says(text, "This says nothing of the gradient"), text);
  BOOST_TEST(!says(text, "lambda"), text);
  // 1e8: the step is rounded to seven spacings of 1.5e-8, 4 % more than was asked for.
  const auto rounded =
      gc::check([](Span t) { return t[0] - 1e8; }, Values{1.0}, Values{1e8}, textbook());
  BOOST_REQUIRE(!rounded.causes.empty());
  BOOST_TEST((rounded.causes.front().pattern == Pattern::lost_step),
             rounded.causes.front().sentence);
  // A wrong entry beside lost ones keeps its own cause.
  const auto both = gc::check([](Span t) { return 1e-9 * t[0] + std::sin(t[1]) + std::sin(t[2]); },
                              Values{1e-9, 2.0 * std::cos(0.5), 2.0 * std::cos(0.25)},
                              Values{3e9, 0.5, 0.25}, textbook());
  BOOST_REQUIRE(both.causes.size() == 2U);
  BOOST_TEST((both.causes[0].pattern == Pattern::factor), both.causes[0].sentence);
  BOOST_TEST((both.causes[1].pattern == Pattern::lost_step));
  BOOST_TEST(says(gc::report(both), "The gradient is wrong"));
}

BOOST_AUTO_TEST_CASE(a_J_that_is_no_number_accuses_nobody) {
  const gc::Cost nan = [](Span) { return std::nan(""); };
  for (const Values& gradient : {Values{1.0, 2.0}, Values{0.0, 0.0}}) {
    for (const gc::Options& options : {gc::Options{}, textbook()}) {
      const auto result = gc::check(nan, gradient, Values{0.5, 1.5}, options);
      const std::string text = gc::report(result);
      BOOST_TEST(!says(text, "the gradient is zero where the right one is not"), text);
      BOOST_TEST(!says(text, "The gradient is wrong"), text);
      BOOST_TEST(says(text, "J is nan at this theta"), text);
    }
  }
  // Finite at theta, nowhere beside it.
  const gc::Cost island = [](Span t) { return t[0] == 0.5 ? 1.0 : std::nan(""); };
  const auto result = gc::check(island, Values{0.0}, Values{0.5}, textbook());
  BOOST_REQUIRE(!result.causes.empty());
  BOOST_TEST((result.causes.front().pattern == Pattern::not_finite));
  BOOST_TEST(says(result.causes.front().sentence, "J is not finite beside theta"));
}

BOOST_AUTO_TEST_SUITE_END()
