// Slopes between corners: the polynomial fit, the piece, and the adaptive check that rests on them.
#include "gradcheck/numeric/smooth_piece.hpp"

#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <random>

#include "gradcheck/check.hpp"
#include "gradcheck/numeric/polynomial_fit.hpp"
#include "tests/gradcheck/models.hpp"

namespace gc = dtheta::gradcheck;
namespace data = boost::unit_test::data;
using gc::detail::PieceSlope;
using gc::detail::SmoothPiece;
using gradcheck_test::Kind;

namespace {

template <class F>
SmoothPiece explored(const F& f, double reach, double noise) {
  SmoothPiece piece(reach, noise);
  for (auto moves = piece.wanted(); !moves.empty(); moves = piece.wanted()) {
    for (const double t : moves) piece.add(t, f(t) - f(0.0));
    piece.conclude();
  }
  return piece;
}

gradcheck_test::Model net(Kind kind, double scale, unsigned seed) {
  gradcheck_test::ModelSpec spec;
  spec.kind = kind;
  spec.widths = {8, 6, 6, 4};
  spec.examples = 10;
  spec.l2 = 1e-3;
  spec.seed = seed;
  spec.scale = scale;
  spec.zero_bias = seed % 3 == 0;
  return gradcheck_test::make_model(spec);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(smooth_piece)

BOOST_AUTO_TEST_CASE(fit_of_a_polynomial_is_exact) {
  const std::vector<double> t{-1e-3, 0.0, 5e-4, 1e-3, 2e-3, 3e-3, 4e-3};
  std::vector<double> y;
  for (const double x : t) y.push_back(7.0 + 3.0 * x - 40.0 * x * x + 900.0 * x * x * x);
  const auto fit = gc::detail::fit_polynomial(t, y, 3);
  // Seven values of size 7 with half an ulp each: 7·2⁻⁵³ over a range of 5e-3, times the gain.
  BOOST_TEST(std::abs(fit.slope - 3.0) < 8e-16 * fit.noise_gain * 7.0);
  BOOST_TEST(fit.worst_residual < 1e-14);
  BOOST_TEST(gc::detail::fit_polynomial(t, y, 1).worst_residual > 1e-5);
}

// J(t) = sin t + a corner at c: noise 1e-15 leaves the corner visible, the slope at 0 is 1. The bar
// of six deviations over a reach of about |c| must hold, and be of that size.
BOOST_DATA_TEST_CASE(corner_on_one_side, data::make({-1e-3, -1e-5, 1e-5, 1e-3}), c) {
  std::mt19937_64 bits(1);
  std::normal_distribution<double> normal;
  const auto f = [&](double t) {
    const double beyond = c > 0.0 ? std::max(0.0, t - c) : std::max(0.0, c - t);
    return std::sin(t) + 0.3 * beyond + (t == 0.0 ? 0.0 : 1e-15 * normal(bits));
  };
  const SmoothPiece piece = explored(f, 1e-4, 1e-15);
  const auto slope = piece.slope();
  BOOST_REQUIRE(slope.has_value());
  BOOST_TEST(std::abs(slope->value - 1.0) <= slope->bar);
  BOOST_TEST(slope->bar < 1e-8);
}

BOOST_AUTO_TEST_CASE(corner_at_the_point_has_two_slopes) {
  const SmoothPiece piece =
      explored([](double t) { return std::abs(t) + std::sin(t); }, 1e-3, 1e-16);
  BOOST_TEST(!piece.slope().has_value());
  BOOST_REQUIRE((piece.below() && piece.above()));
  BOOST_TEST(std::abs(piece.below()->value - 0.0) <= piece.below()->bar);
  BOOST_TEST(std::abs(piece.above()->value - 2.0) <= piece.above()->bar);
}

// Small weights put corners 1e-4 apart where the noise asks for steps of 1e-3.
BOOST_DATA_TEST_CASE(right_gradients_are_settled_at_every_scale,
                     data::make({0.05, 0.2, 1.0, 5.0}) *
                         data::make({Kind::relu, Kind::hinge, Kind::maxpool}),
                     scale, kind) {
  int open = 0;
  std::size_t evaluations = 0;
  std::size_t entries = 0;
  constexpr unsigned nets = 50;
  for (unsigned seed = 0; seed < nets; ++seed) {
    const auto model = net(kind, scale, seed);
    const auto result = gc::check(model.cost, model.right, model.theta);
    BOOST_TEST((result.verdict != gc::Verdict::fail), "seed " << seed << "\n" << result);
    if (!result) ++open;
    evaluations += result.evaluations;
    entries += model.theta.size();
  }
  BOOST_TEST(open <= 1);  // 2 %
  // Six for an entry, and for a net a look at what J does over wide steps (judge/stairs.hpp).
  constexpr std::size_t look = 12;
  BOOST_TEST(evaluations < 6 * entries + look * nets);
}

BOOST_DATA_TEST_CASE(wrong_gradients_between_corners_never_pass, data::make({1e-2, 1e-4, 1e-6}),
                     excess) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const auto model = net(Kind::relu, 0.05, seed);
    auto g = model.right;
    const auto& w1 = model.theta.block("W1");
    for (std::size_t i = 0; i < w1.size; ++i) g[w1.offset + i] *= 1.0 + excess;
    const auto result = gc::check(model.cost, g, model.theta);
    BOOST_TEST((result.block("W1").verdict == gc::Verdict::fail), "seed " << seed);
  }
}

BOOST_AUTO_TEST_SUITE_END()
