// The cheaper and the further modes: sampled entries, directions, group testing, Taylor, Hessians.
#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "gradcheck/directions.hpp"
#include "gradcheck/errors.hpp"
#include "gradcheck/sample.hpp"
#include "gradcheck/second_order.hpp"
#include "gradcheck/taylor.hpp"
#include "tests/gradcheck/models.hpp"

namespace gc = dtheta::gradcheck;
namespace data = boost::unit_test::data;
using Span = std::span<const double>;
using Values = std::vector<double>;

namespace {

gradcheck_test::Model net(unsigned seed) {
  gradcheck_test::ModelSpec spec;
  spec.widths = {8, 10, 8, 4};
  spec.seed = seed;
  return gradcheck_test::make_model(spec);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(modes)

BOOST_AUTO_TEST_CASE(size_of_a_sample) {
  BOOST_TEST(gc::sample_size(100000, 0.99, 0.5) == 7U);  // 2⁻⁷ < 1 %
  BOOST_TEST(gc::sample_size(5, 0.99, 0.01) == 5U);
  BOOST_CHECK_THROW(gc::sample_size(5, 1.0, 0.01), gc::OptionError);
}

BOOST_AUTO_TEST_CASE(sampled_entries) {
  const auto model = net(1);
  gc::SampleOptions options;
  options.confidence = 0.99;
  options.wrong_part = 0.1;
  const auto right = gc::check_sample(model.cost, model.right, model.theta, options);
  BOOST_TEST(bool(right));
  BOOST_TEST(right.positions.size() < 60U);
  BOOST_TEST(right.confidence >= 0.99);
  BOOST_TEST(right.result.blocks.size() == model.theta.blocks().size());
  auto wrong = model.right;
  for (double& v : wrong) v *= 1.001;
  const auto found = gc::check_sample(model.cost, wrong, model.theta, options);
  BOOST_TEST((found.result.verdict == gc::Verdict::fail));
  const gc::Component worst = found.result.worst().front();
  const auto where = model.theta.position(worst.key.name, worst.key.index);
  BOOST_TEST(wrong[where] == worst.analytic);
}

BOOST_AUTO_TEST_CASE(directions_are_signed_gaussian_and_reproducible) {
  const auto model = net(1);
  const auto d = gc::gaussian_direction(model.theta, 7, 3);
  BOOST_TEST(d == gc::gaussian_direction(model.theta, 7, 3), boost::test_tools::per_element());
  BOOST_TEST(d != gc::gaussian_direction(model.theta, 7, 4));
  const auto negative = std::ranges::count_if(d, [](double v) { return v < 0.0; });
  // Binomial(n, 1/2) within six deviations.
  const auto n = static_cast<double>(d.size());
  BOOST_TEST(std::abs(static_cast<double>(negative) - 0.5 * n) < 3.0 * std::sqrt(n));
}

BOOST_AUTO_TEST_CASE(random_directions_stop_when_sure) {
  for (unsigned seed = 0; seed < 10; ++seed) {
    const auto model = net(seed);
    const auto right = gc::check_directions(model.cost, model.right, model.theta);
    BOOST_TEST(bool(right), right.statement);
    BOOST_TEST(right.miss <= 1e-6);
    BOOST_TEST(right.evaluations < model.theta.size());  // cheaper than one per entry
    auto wrong = model.right;
    const auto& w1 = model.theta.block("W1");
    for (std::size_t i = 0; i < w1.size; ++i) wrong[w1.offset + i] *= 1.01;
    BOOST_TEST((gc::check_directions(model.cost, wrong, model.theta).verdict == gc::Verdict::fail));
  }
}

// J = sum a^2 + 1e-12 sum sin b: the gradient of b is lost beside that of a, and all zero.
BOOST_AUTO_TEST_CASE(a_block_that_the_others_drown_does_not_pass_unseen) {
  gc::ParameterVector theta;
  theta.add("a", 1, {4}, Values{0.5, -1.5, 1.0, 2.0});
  theta.add("b", 2, {3}, Values{0.4, -0.7, 1.1});
  const auto scaled = [&](double size) {
    return [size](Span t) {
      double sum = 0.0;
      for (std::size_t i = 0; i < 4; ++i) sum += t[i] * t[i];
      for (std::size_t i = 4; i < 7; ++i) sum += size * std::sin(t[i]);
      return sum;
    };
  };
  Values gradient{1.0, -3.0, 2.0, 4.0, 0.0, 0.0, 0.0};
  // Large enough for its own direction, and for none of the whole: the wrong zeros are found.
  const auto found = gc::check_directions(scaled(1e-7), gradient, theta);
  BOOST_TEST((found.verdict == gc::Verdict::fail), found.statement);
  BOOST_TEST(found.statement.find("of block b alone") != std::string::npos, found.statement);
  // Below the rounding of J: the floor is stated, and it holds for what is really wrong.
  const auto lost = gc::check_directions(scaled(1e-19), gradient, theta);
  BOOST_TEST((lost.verdict == gc::Verdict::pass), lost.statement);
  BOOST_TEST(lost.statement.find("not seen would be an error in b") != std::string::npos,
             lost.statement);
  BOOST_REQUIRE(lost.blocks.size() == 2U);
  BOOST_TEST(lost.blocks[0].miss <= 1e-6);
  BOOST_TEST(lost.blocks[1].miss == 1.0);
  BOOST_TEST(lost.blocks[1].floor > 1e-19);
  // The right gradient passes both ways.
  for (std::size_t i = 4; i < 7; ++i) gradient[i] = 1e-7 * std::cos(theta.values()[i]);
  const auto right = gc::check_directions(scaled(1e-7), gradient, theta);
  BOOST_TEST((right.verdict == gc::Verdict::pass), right.statement);
}

BOOST_AUTO_TEST_CASE(bad_entries_are_found_in_about_log_n_probes) {
  const auto model = net(3);
  const auto n = static_cast<double>(model.theta.size());
  BOOST_TEST(gc::find_bad_entries(model.cost, model.right, model.theta).positions.empty());
  auto wrong = model.right;
  wrong[17] += 0.01;
  auto found = gc::find_bad_entries(model.cost, wrong, model.theta);
  BOOST_TEST(found.positions == std::vector<std::size_t>{17}, boost::test_tools::per_element());
  // One test of the whole, at most two for each halving.
  BOOST_TEST(static_cast<double>(found.probes) <= 1.0 + 2.0 * std::ceil(std::log2(n)));
  wrong[150] -= 0.02;
  found = gc::find_bad_entries(model.cost, wrong, model.theta);
  BOOST_TEST(found.positions == (std::vector<std::size_t>{17, 150}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(taylor_remainder_has_slope_two_for_a_right_gradient) {
  for (unsigned seed = 0; seed < 10; ++seed) {
    const auto model = net(seed);
    const auto right = gc::taylor_test(model.cost, model.right, model.theta, seed);
    BOOST_TEST(bool(right), right.statement);
    BOOST_TEST(std::abs(right.slope - 2.0) < 0.2);
    auto wrong = model.right;
    for (double& v : wrong) v *= 1.01;
    const auto bad = gc::taylor_test(model.cost, wrong, model.theta, seed);
    BOOST_TEST((bad.verdict == gc::Verdict::fail), bad.statement);
  }
  const gc::ParameterVector theta = gc::unnamed(Values{1.0, 2.0});
  BOOST_TEST(
      bool(gc::taylor_test([](Span t) { return t[0] + 3.0 * t[1]; }, Values{1.0, 3.0}, theta)));
  BOOST_TEST(!bool(gc::taylor_test([](Span) { return 1.0; }, Values{0.0, 0.0}, theta)));
}

// J = Σ sin(t_i) t_{i+1} with its Hessian by hand.
BOOST_AUTO_TEST_CASE(hessians) {
  const auto gradient = [](Span t, std::span<double> g) {
    for (double& v : g) v = 0.0;
    for (std::size_t i = 0; i + 1 < t.size(); ++i) {
      g[i] += std::cos(t[i]) * t[i + 1];
      g[i + 1] += std::sin(t[i]);
    }
  };
  const auto product = [](double cross, Span t, Span v, std::span<double> out) {
    for (double& x : out) x = 0.0;
    for (std::size_t i = 0; i + 1 < t.size(); ++i) {
      out[i] += -std::sin(t[i]) * t[i + 1] * v[i] + std::cos(t[i]) * v[i + 1];
      out[i + 1] += cross * std::cos(t[i]) * v[i];
    }
  };
  const auto theta = gc::unnamed(Values{0.3, -0.8, 1.2, 0.7, -0.2});
  const auto right = [&](Span t, Span v, std::span<double> o) { product(1.0, t, v, o); };
  const auto skew = [&](Span t, Span v, std::span<double> o) { product(1.0001, t, v, o); };
  const auto twice = [&](Span t, Span v, std::span<double> o) {
    product(1.0, t, v, o);
    for (double& x : o) x *= 2.0;
  };
  const auto good = gc::check_second_order(gradient, right, theta);
  BOOST_TEST(bool(good), good.statement);
  BOOST_TEST(good.symmetric);
  const auto asymmetric = gc::check_second_order(gradient, skew, theta);
  BOOST_TEST(!asymmetric.symmetric);
  BOOST_TEST((asymmetric.verdict == gc::Verdict::fail));
  const auto doubled = gc::check_second_order(gradient, twice, theta);
  BOOST_TEST(doubled.symmetric);
  BOOST_TEST((doubled.verdict == gc::Verdict::fail));
}

BOOST_AUTO_TEST_SUITE_END()
