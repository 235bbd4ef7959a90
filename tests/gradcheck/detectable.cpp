// What `detectable` promises: a block passes only if no entry of it is wrong by more than that part
// of the block's largest derivative, and that is never more than the tolerance.
#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "gradcheck/check.hpp"
#include "tests/gradcheck/random_models.hpp"

namespace gc = dtheta::gradcheck;
namespace data = boost::unit_test::data;

namespace {

double largest(std::span<const double> values) {
  double most = 0.0;
  for (const double v : values) most = std::max(most, std::abs(v));
  return most;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(detectable)

BOOST_DATA_TEST_CASE(no_block_passes_with_more_than_the_tolerance, data::make({1e-5, 1e-7, 1e-9}),
                     tolerance) {
  gc::Options options;
  options.tolerance = tolerance;
  std::size_t passed = 0;
  std::size_t open = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    const auto drawn = gradcheck_test::random_model(seed);
    const auto& model = drawn.model;
    const auto result = gc::check(model.cost, model.right, model.theta, options);
    const double whole = largest(model.right);
    for (const gc::BlockResult& block : result.blocks) {
      if (block.verdict != gc::Verdict::pass) {
        ++open;
        continue;
      }
      ++passed;
      BOOST_TEST(block.detectable <= tolerance, "seed " << seed << " " << block.name);
      const auto own = std::span(model.right).subspan(block.offset, block.size);
      const double reference = largest(own) > 0.0 ? largest(own) : whole;
      for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
        if (block.corners > 0) break;  // a corner's bar spans both of its slopes
        const double possible = std::abs(result.numeric[i] - result.analytic[i]) + result.bar[i];
        // The largest derivative as measured may differ from the right one within the tolerance.
        BOOST_TEST(possible <= 1.01 * tolerance * reference, "seed " << seed << " " << block.name);
      }
    }
  }
  // At 1e-9 the noise of J leaves much open at small scales; the property must not be empty.
  BOOST_TEST(passed > 200U);
  BOOST_TEST(open > 0U);
}

// One entry is wrong by little more than what would be let pass: never a pass, whatever its step.
BOOST_DATA_TEST_CASE(an_error_just_above_it_is_never_passed, data::make({1.05, -1.3, 2.0}),
                     excess) {
  std::size_t planted = 0;
  std::size_t failed = 0;
  std::size_t corners = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    const auto drawn = gradcheck_test::random_model(seed);
    const auto& model = drawn.model;
    const auto right = gc::check(model.cost, model.right, model.theta);
    for (const gc::BlockResult& block : right.blocks) {
      if (block.corners > 0) continue;
      auto wrong = model.right;
      const auto own = std::span(model.right).subspan(block.offset, block.size);
      const std::size_t where = block.offset + seed % block.size;
      wrong[where] += excess * std::min(block.detectable, 1e3) * largest(own);
      if (std::abs(wrong[where] - model.right[where]) <= block.detectable * largest(own)) continue;
      gc::Options options;
      options.blocks = {block.name};
      const auto result = gc::check(model.cost, wrong, model.theta, options);
      ++planted;
      failed += result.verdict == gc::Verdict::fail ? 1 : 0;
      if (result.blocks[0].corners > 0) {  // a corner nearby, taken for one at θ
        ++corners;
        continue;
      }
      BOOST_TEST((result.verdict != gc::Verdict::pass), "seed " << seed << " " << block.name
                                                                << " entry " << where << "\n"
                                                                << result);
    }
  }
  BOOST_TEST(planted > 300U);
  BOOST_TEST(100 * corners < planted);
  BOOST_TEST(3 * failed > planted);  // the others are left open
}

// A unit that is off in every example has a bias that moves nothing. J stands still there; how much
// it would have to move to be seen is a matter of the step, which grows until it is enough.
BOOST_AUTO_TEST_CASE(entries_that_move_nothing_meet_the_tolerance_too) {
  gc::ParameterVector theta;
  theta.add("b", 1, {3}, std::vector<double>{1e-3, -1e-3, 2e-3});
  const auto cost = [](std::span<const double> t) {
    return 1.0 + 1e-4 * std::sin(t[0]) + std::max(0.0, t[1] - 5.0) + 1e-4 * t[2];
  };
  const std::vector<double> right{1e-4 * std::cos(1e-3), 0.0, 1e-4};
  const auto result = gc::check(cost, right, theta);
  BOOST_TEST(result, result);
  BOOST_TEST(result.blocks[0].detectable <= result.tolerance);
  for (const double slope : {1e-11, -1e-9, 1e-6, -1e-3}) {
    auto wrong = right;
    wrong[1] = slope;
    const auto verdict = gc::check(cost, wrong, theta).verdict;
    BOOST_TEST((verdict != gc::Verdict::pass), slope);
    BOOST_TEST(((verdict == gc::Verdict::fail) || std::abs(slope) < 1e-6), slope);
  }
}

// A gradient that a float program rounds to crumbs of its largest entry: what differs from J by
// less than those crumbs cannot be accused, and must not be passed.
BOOST_AUTO_TEST_CASE(a_block_of_crumbs_is_open) {
  gradcheck_test::ModelSpec spec;
  spec.widths = {5, 6, 4, 3};
  spec.seed = 2;
  spec.first_layer = 1e-7;
  const auto model = gradcheck_test::make_model(spec);
  gc::Options options;
  options.gradient_roundoff = 0x1p-24;
  options.tolerance = 1e-5;
  const auto& w1 = model.theta.block("W1");
  for (const double factor : {1.5, 0.5, -1.0}) {
    auto wrong = model.right_float;
    for (std::size_t i = w1.offset; i < w1.offset + w1.size; ++i) wrong[i] *= factor;
    const auto result = gc::check(model.cost, wrong, model.theta, options);
    BOOST_TEST((result.block("W1").verdict != gc::Verdict::pass), factor << "\n" << result);
    BOOST_TEST(!result);
    BOOST_TEST(bool(result.block("W3").verdict == gc::Verdict::pass));
  }
  auto zero = model.right_float;
  for (std::size_t i = w1.offset; i < w1.offset + w1.size; ++i) zero[i] = 0.0;
  const auto result = gc::check(model.cost, zero, model.theta, options);
  BOOST_TEST((result.block("W1").verdict == gc::Verdict::fail), result);
}

BOOST_AUTO_TEST_SUITE_END()
