// Requests that cannot be met are refused in words, and what a worker thread throws arrives.
#include <atomic>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "gradcheck/bridge/probes/replay_probes.hpp"
#include "gradcheck/bridge/probes/stacked_probes.hpp"
#include "gradcheck/errors.hpp"
#include "gradcheck/shared/team.hpp"
#include "networks.hpp"

namespace dtheta::gradcheck::test {
namespace {

namespace data = boost::unit_test::data;

struct Says {
  std::string part;
  bool operator()(const std::exception& e) const {
    return std::string(e.what()).find(part) != std::string::npos;
  }
};

struct Small {
  Tape tape;
  Var x = tape.leaf(Tensor(Shape{2, 3}, {0.1, 0.2, 0.3, 0.4, 0.5, 0.6}), "x");
  Var squares = square(x);
  Var cost = sum(squares);

  Result check(Var j, Var leaf, const ParameterVector* gradient = nullptr) {
    NetworkOptions options;
    options.gradient = gradient;
    return check_network(j, std::vector<CheckedLeaf>{{"W1", 1, leaf}}, options);
  }
  ParameterVector gradient() {
    const std::vector<CheckedLeaf> leaves{{"W1", 1, x}};
    return gradient_of(cost, leaves, parameters_of(leaves));
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(requests)

BOOST_AUTO_TEST_CASE(what_is_checked_must_be_a_leaf) {
  Small s;
  BOOST_CHECK_EXCEPTION(s.check(s.cost, s.squares), ValueError,
                        Says{"W1 is not a leaf but the result of square, recorded at "});
  BOOST_CHECK_EXCEPTION(s.check(s.cost, s.squares), ValueError, Says{"requests.cpp:"});
  BOOST_CHECK_EXCEPTION(s.check(s.cost, s.tape.constant(Tensor(Shape{2}))), ValueError,
                        Says{"W1 is not a leaf but a constant"});
  BOOST_CHECK_EXCEPTION(s.check(s.cost, s.tape.leaf(Tensor(Shape{2}, DType::int64))), ValueError,
                        Says{"W1 holds indices"});
  BOOST_CHECK_EXCEPTION(s.check(s.cost, Var{}), ValueError, Says{"W1 was not recorded"});
  Small other;
  BOOST_CHECK_EXCEPTION(s.check(s.cost, other.x), ValueError, Says{"another tape"});
  BOOST_TEST(s.check(s.cost, s.x));
}

BOOST_AUTO_TEST_CASE(a_cost_is_one_number) {
  Small s;
  const ParameterVector gradient = s.gradient();
  for (const ParameterVector* given : {static_cast<const ParameterVector*>(nullptr), &gradient}) {
    BOOST_CHECK_EXCEPTION(s.check(s.squares, s.x, given), gradcheck::ShapeError,
                          Says{"the cost has shape (2, 3)"});
  }
  BOOST_CHECK_THROW(s.check(Var{}, s.x), ValueError);
  BOOST_TEST(s.check(reshape(s.cost, {1, 1}), s.x));  // one number all the same
}

template <class Probes>
void probes_lie_within_theta() {
  Small s;
  const std::vector<Var> leaves{s.x};
  Probes answer(s.cost, leaves);
  Values out(2);
  const std::vector<Probe> right{{0, 1.0}, {5, 1.0}}, beyond{{0, 1.0}, {6, 1.0}};
  answer(right, out);
  // A sum of six squares below one.
  BOOST_TEST(std::abs(out[0] - (s.cost.item() - 0.1 * 0.1 + 1)) <= 8 * 0x1p-53 * out[0]);
  BOOST_CHECK_EXCEPTION(answer(beyond, out), gradcheck::ShapeError,
                        Says{"no entry 6 in a theta of 6 entries"});
  BOOST_CHECK_EXCEPTION(answer(right, std::span(out).first(1)), gradcheck::ShapeError,
                        Says{"2 probes, but room for 1"});
  const Values seven(7, 0.0);
  BOOST_CHECK_EXCEPTION(Probes(s.cost, leaves, seven), gradcheck::ShapeError,
                        Says{"theta has 7 entries, but the leaves together have 6"});
}

BOOST_AUTO_TEST_CASE(probes_lie_within_theta_when_replayed) {
  probes_lie_within_theta<ReplayProbes>();
}

BOOST_AUTO_TEST_CASE(probes_lie_within_theta_when_stacked) {
  probes_lie_within_theta<StackedProbes>();
}

BOOST_DATA_TEST_CASE(what_a_thread_cannot_answer_is_nan_and_told_once, data::make({1U, 2U, 5U}),
                     threads) {
  // A branch on a recorded value: a probe that crosses it cannot be answered.
  Tape tape;
  const Var w = tape.leaf(Tensor(Shape{12, 12}), "w");
  const Var total = sum(w);
  const Var cost = total > -0.5 ? sum(square(w)) + total : total;
  const std::vector<Var> leaves{w};
  std::vector<Probe> probes;
  for (std::size_t i = 0; i < 144; ++i) probes.push_back({i, i < 143 ? 1.0 : -1.0});
  Values out(probes.size());
  ReplayProbes replay(cost, leaves, {}, threads);
  const auto unanswered = [&](auto& evaluate) {
    probes.back().value = -1.0;
    evaluate(probes, out);
    BOOST_TEST(std::isnan(out.back()));
    BOOST_TEST(evaluate.edges().count() == 1U);
    BOOST_TEST(evaluate.edges().first().find("the branch recorded at") != std::string::npos);
    probes.back().value = 1.0;  // and the evaluator is as good as new
    evaluate(probes, out);
    for (const double j : out) BOOST_TEST(j == 2.0);
    BOOST_TEST(evaluate.edges().count() == 1U);
  };
  unanswered(replay);
  StackedProbes stacked(cost, leaves, {}, threads);
  unanswered(stacked);
}

BOOST_AUTO_TEST_CASE(of_several_exceptions_the_first_arrives_after_all_have_ended) {
  std::atomic<int> ended = 0;
  const auto work = [&](std::size_t t) {
    ++ended;
    if (t % 2 == 1) throw std::runtime_error(std::to_string(t));
  };
  BOOST_CHECK_EXCEPTION(detail::in_parallel(6, work), std::runtime_error, Says{"1"});
  BOOST_TEST(ended == 6);
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace dtheta::gradcheck::test
