#include "nn/regularizer.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "autodiff/errors.hpp"
#include "autodiff/grad.hpp"
#include "autodiff/tape.hpp"
#include "data/files.hpp"
#include "nn/cost.hpp"

namespace dtheta::nn::test {
namespace {

/// Two weights, whose |w| add up to 6.5 and w^2 to 14.25, and a bias.
struct Weights {
  Parameter w1{.symbol = "W", .value = Tensor(Shape{2, 2}, {1.0, -2.0, 0.0, 0.5})};
  Parameter b1{.symbol = "b", .value = Tensor(Shape{2}, {7.0, 8.0}), .regularized = false};
  Parameter w2{.symbol = "W", .value = Tensor(Shape{1, 2}, {3.0, 0.0}), .layer = 2};
  Tape tape;
  Recording recording{tape};
  Weights() {
    for (const Parameter* p : {&w1, &b1, &w2}) static_cast<void>(recording(*p));
  }
  Var penalty_of(const Regularizer& r, Index examples = 10) {
    return penalty(r, tape, recording.parameters(), examples);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(regularizer)

BOOST_AUTO_TEST_CASE(statement_11_each_penalty_under_each_convention) {
  Weights w;
  const struct {
    Penalty penalty;
    double sum;
  } penalties[] = {{Penalty::l1, 6.5}, {Penalty::l2, 14.25}, {Penalty::elastic_net, 0.0}};
  const struct {
    Convention convention;
    double scale;
  } conventions[] = {{Convention::lambda_over_2m, 0.5 / 20},
                     {Convention::lambda_over_m, 0.5 / 10},
                     {Convention::lambda, 0.5}};
  for (const auto& p : penalties) {
    for (const auto& c : conventions) {
      const Regularizer r{p.penalty, 0.5, c.convention, 0.25};
      const double sum = p.penalty == Penalty::elastic_net ? 0.25 * 6.5 + 0.75 * 14.25 : p.sum;
      // The sums are exact; scale and product are rounded.
      BOOST_TEST(std::abs(w.penalty_of(r).item() - c.scale * sum) <= 4 * 0x1p-53 * c.scale * sum);
    }
  }
}

BOOST_AUTO_TEST_CASE(statement_11_the_gradient_is_that_of_the_weights_alone) {
  Weights w;
  const std::vector<Var> leaves = leaves_of(w.recording.parameters());
  const auto l2 = grad(w.penalty_of({Penalty::l2, 1, Convention::lambda_over_2m}), leaves);
  // lambda / m * W with m = 10, rounded twice.
  for (std::size_t i = 0; i < 4; ++i) {
    BOOST_TEST(std::abs(l2[0].data<double>()[i] - w.w1.value.data<double>()[i] / 10) <= 0x1p-53);
  }
  BOOST_TEST((l2[1].value() == Tensor(Shape{2})));
  const auto l1 = grad(w.penalty_of({Penalty::l1, 1, Convention::lambda}), leaves);
  BOOST_TEST((l1[0].value() == Tensor(Shape{2, 2}, {1.0, -1.0, 0.0, 1.0})));
}

BOOST_AUTO_TEST_CASE(a_cost_keeps_its_terms_apart) {
  Weights w;
  RecordedCost cost;
  cost.cost = w.tape.constant(2.0);
  cost.parts.push_back({"data", cost.cost});
  cost.parameters = w.recording.parameters();
  add_penalty(cost, {Penalty::l1, 1, Convention::lambda}, 10);
  add_penalty(cost, {Penalty::l2, 1, Convention::lambda}, 10);
  BOOST_REQUIRE(cost.parts.size() == 3u);
  BOOST_TEST(cost.parts[1].name == "l1");
  BOOST_TEST(cost.parts[2].name == "l2");
  BOOST_TEST(cost.cost.item() == 2 + 6.5 + 14.25);
  BOOST_TEST(cost.parts[2].value.item() == 14.25);
}

BOOST_AUTO_TEST_CASE(without_weights_there_is_no_penalty) {
  Tape tape;
  BOOST_TEST(penalty({Penalty::l2, 1}, tape, {}, 10).item() == 0.0);
}

BOOST_AUTO_TEST_CASE(conventions_have_names) {
  for (const char* name : {"lambda/2m", "lambda/m", "lambda"}) {
    BOOST_TEST(to_string(parse_convention(name)) == name);
  }
}

BOOST_AUTO_TEST_CASE(settings_outside_their_range_are_refused) {
  Weights w;
  const auto refusal = [&](const Regularizer& r, Index examples) {
    return message<ValueError>([&] { return w.penalty_of(r, examples); });
  };
  BOOST_TEST(refusal({Penalty::l2, -1}, 10) == "l2: lambda -1, must be finite and at least 0");
  BOOST_TEST(refusal({Penalty::l1, std::numeric_limits<double>::infinity()}, 10) ==
             "l1: lambda inf, must be finite and at least 0");
  BOOST_TEST(refusal({Penalty::l2, 1}, 0) == "l2: 0 examples, need at least 1");
  BOOST_TEST(refusal({Penalty::elastic_net, 1, Convention::lambda, 2}, 1) ==
             "elastic_net: l1_ratio 2 is outside [0, 1]");
}

BOOST_AUTO_TEST_CASE(penalties_over_rows_and_matrices) {
  Weights w;
  // A handful of additions and square roots of numbers of order one to a hundred.
  const auto close = boost::test_tools::tolerance(1e-14);
  const auto value = [&](Regularizer r) { return w.penalty_of(r).item(); };
  BOOST_TEST(
      value({.penalty = Penalty::group_lasso, .lambda = 1, .convention = Convention::lambda}) ==
          std::sqrt(5.0) + 0.5 + 3,
      close);
  BOOST_TEST(value({.penalty = Penalty::max_norm,
                    .lambda = 1,
                    .convention = Convention::lambda,
                    .max_norm = 2}) == (std::sqrt(5.0) - 2) * (std::sqrt(5.0) - 2) + 1,
             close);
  // W1 W1^T - I = [[4, -1], [-1, -0.75]], W2 W2^T - 1 = 8
  BOOST_TEST(
      value({.penalty = Penalty::orthogonal, .lambda = 1, .convention = Convention::lambda}) ==
          16 + 1 + 1 + 0.5625 + 64,
      close);
  BOOST_CHECK_THROW(value({.penalty = Penalty::max_norm, .lambda = 1, .max_norm = 0}), ValueError);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
