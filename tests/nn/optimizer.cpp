#include "nn/optimizer.hpp"

#include <algorithm>
#include <array>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "autodiff/errors.hpp"
#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"
#include "data/files.hpp"

namespace dtheta::nn::test {
namespace {

namespace bdata = boost::unit_test::data;

/// Two parameters and the cost 1/2 sum c (p - q)^2, whose gradient is c (p - q).
const std::vector<double> start{1.0, -2.0, 0.5, 3.0, -0.25, 0.75, 2.0};
const std::vector<double> pull{0.5, 2.0, 1.0, 0.1, 4.0, 1.5, 0.7};
const std::vector<double> target{0.25, -1.0, 0.5, 1.0, 2.0, -0.5, 0.0};
constexpr std::size_t in_first = 3;  // the rest is the second, (2, 2)

Tensor first_of(const std::vector<double>& v) {
  return {Shape{3}, std::span<const double>(v).first(in_first)};
}
Tensor second_of(const std::vector<double>& v) {
  return {Shape{2, 2}, std::span<const double>(v).subspan(in_first)};
}

struct Problem {
  explicit Problem(DType precision = DType::float64) : tape(precision) {
    p = tape.leaf(first_of(start));
    q = tape.leaf(second_of(start));
    cost = term(p, first_of(pull), first_of(target)) + term(q, second_of(pull), second_of(target));
    gradients = grad(cost, {p, q});
  }
  Var term(Var x, const Tensor& c, const Tensor& at) {
    return sum(tape.constant(c) * square(x - tape.constant(at))) / 2;
  }
  Tape tape;
  Var p, q, cost;
  std::vector<Var> gradients;
  std::vector<Var> parameters() { return {p, q}; }
};

template <Scalar T>
std::vector<double> run(const Optimizer& optimizer, int steps, DType precision = DType::float64) {
  Problem problem(precision);
  const OptimizerStep step = optimizer(problem.parameters(), problem.gradients);
  Workspace<T> ws(Plan({problem.cost}, {.updates = step.updates}));
  for (int i = 0; i < steps; ++i) ws.run();
  std::vector<double> result;
  for (const Var x : {problem.p, problem.q}) {
    for (const T v : ws[x]) result.push_back(static_cast<double>(v));
  }
  return result;
}

/// One element's next value from its gradient, its value, the step from 1, and state from 0.
using Rule = double (*)(double g, double p, int t, std::array<double, 3>& s);

std::vector<double> run_plain(Rule rule, int steps) {
  std::vector<double> p = start;
  for (std::size_t i = 0; i < p.size(); ++i) {
    std::array<double, 3> state{};
    for (int t = 1; t <= steps; ++t) p[i] = rule(pull[i] * (p[i] - target[i]), p[i], t, state);
  }
  return p;
}

/// Adam's direction, m and v in s[0] and s[1], the largest v in s[2].
double adam(double g, int t, std::array<double, 3>& s, double b1, double b2, double epsilon,
            bool amsgrad) {
  s[0] = b1 * s[0] + (1 - b1) * g;
  s[1] = b2 * s[1] + (1 - b2) * g * g;
  s[2] = std::max(s[2], s[1]);
  const double v = (amsgrad ? s[2] : s[1]) / (1 - std::pow(b2, t));
  return s[0] / (1 - std::pow(b1, t)) / (std::sqrt(v) + epsilon);
}

struct Case {
  std::string name;
  Optimizer optimizer;
  Rule rule;
};
std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }

using State = std::array<double, 3>;
const std::vector<Case> cases{
    {"sgd", Sgd{.learning_rate = 0.1}, [](double g, double p, int, State&) { return p - 0.1 * g; }},
    {"sgd with decay", Sgd{.learning_rate = 0.1, .weight_decay = 0.3},
     [](double g, double p, int, State&) { return p - 0.1 * (g + 0.3 * p); }},
    {"momentum", Sgd{.learning_rate = 0.1, .momentum = 0.9},
     [](double g, double p, int, State& s) {
       s[0] = 0.9 * s[0] + g;
       return p - 0.1 * s[0];
     }},
    {"nesterov", Sgd{.learning_rate = 0.1, .momentum = 0.9, .nesterov = true},
     [](double g, double p, int, State& s) {
       s[0] = 0.9 * s[0] + g;
       return p - 0.1 * (g + 0.9 * s[0]);
     }},
    {"adagrad", Adagrad{.learning_rate = 0.2, .epsilon = 1e-3, .initial_accumulator = 0.1},
     [](double g, double p, int t, State& s) {
       if (t == 1) s[0] = 0.1;
       s[0] += g * g;
       return p - 0.2 * g / (std::sqrt(s[0]) + 1e-3);
     }},
    {"adadelta", Adadelta{.learning_rate = 0.5, .decay = 0.8, .epsilon = 1e-3},
     [](double g, double p, int, State& s) {
       s[0] = 0.8 * s[0] + 0.2 * g * g;
       const double by = std::sqrt(s[1] + 1e-3) / std::sqrt(s[0] + 1e-3) * g;
       s[1] = 0.8 * s[1] + 0.2 * by * by;
       return p - 0.5 * by;
     }},
    {"rmsprop", RmsProp{.learning_rate = 0.05, .decay = 0.9, .epsilon = 1e-3},
     [](double g, double p, int, State& s) {
       s[0] = 0.9 * s[0] + 0.1 * g * g;
       return p - 0.05 * g / (std::sqrt(s[0]) + 1e-3);
     }},
    {"rmsprop, centered, with momentum",
     RmsProp{
         .learning_rate = 0.05, .decay = 0.9, .epsilon = 1e-2, .momentum = 0.5, .centered = true},
     [](double g, double p, int, State& s) {
       s[0] = 0.9 * s[0] + 0.1 * g * g;
       s[1] = 0.9 * s[1] + 0.1 * g;
       s[2] = 0.5 * s[2] + g / (std::sqrt(s[0] - s[1] * s[1]) + 1e-2);
       return p - 0.05 * s[2];
     }},
    {"adam", Adam{.learning_rate = 0.1},
     [](double g, double p, int t, State& s) {
       return p - 0.1 * adam(g, t, s, 0.9, 0.999, 1e-8, false);
     }},
    {"adam with decay", Adam{.learning_rate = 0.1, .beta1 = 0.8, .weight_decay = 0.3},
     [](double g, double p, int t, State& s) {
       return p - 0.1 * adam(g + 0.3 * p, t, s, 0.8, 0.999, 1e-8, false);
     }},
    {"amsgrad", Adam{.learning_rate = 0.3, .beta2 = 0.5, .amsgrad = true},
     [](double g, double p, int t, State& s) {
       return p - 0.3 * adam(g, t, s, 0.9, 0.5, 1e-8, true);
     }},
    {"adamw", AdamW{.learning_rate = 0.1, .weight_decay = 0.2},
     [](double g, double p, int t, State& s) {
       return p * (1 - 0.1 * 0.2) - 0.1 * adam(g, t, s, 0.9, 0.999, 1e-8, false);
     }},
    {"adamax", Adamax{.learning_rate = 0.1, .beta2 = 0.7},
     [](double g, double p, int t, State& s) {
       s[0] = 0.9 * s[0] + 0.1 * g;
       s[1] = std::max(0.7 * s[1], std::abs(g) + 1e-8);
       return p - 0.1 / (1 - std::pow(0.9, t)) * s[0] / s[1];
     }},
    {"lion", Lion{.learning_rate = 0.05, .weight_decay = 0.1},
     [](double g, double p, int, State& s) {
       const double d = 0.9 * s[0] + 0.1 * g;
       s[0] = 0.99 * s[0] + 0.01 * g;
       return p * (1 - 0.05 * 0.1) - 0.05 * ((d > 0) - (d < 0));
     }},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(optimizer)

BOOST_DATA_TEST_CASE(every_step_is_that_of_a_plain_loop, bdata::make(cases), c) {
  for (const int steps : {1, 2, 3, 10, 40}) {
    const std::vector<double> recorded = run<double>(c.optimizer, steps);
    const std::vector<double> plain = run_plain(c.rule, steps);
    for (std::size_t i = 0; i < plain.size(); ++i) {
      // 1 - beta2^t loses three digits of sixteen in the plain loop: 1e-13 of each step, of which
      // the parameters see at most 40 of size one.
      BOOST_TEST(std::abs(recorded[i] - plain[i]) <= 40 * 1e-13);
    }
  }
}

BOOST_DATA_TEST_CASE(float32_follows_float64, bdata::make(cases), c) {
  const std::vector<double> narrow = run<float>(c.optimizer, 10, DType::float32);
  const std::vector<double> wide = run<double>(c.optimizer, 10);
  for (std::size_t i = 0; i < wide.size(); ++i) {
    // Some twenty roundings a step, of values up to four; where a gradient comes near 0 the
    // quotients g / sqrt(g^2) magnify them up to tenfold.
    BOOST_TEST(std::abs(narrow[i] - wide[i]) <= 10 * 20 * 4 * 0x1p-24 * 10);
  }
}

BOOST_AUTO_TEST_CASE(adams_first_step_in_float32_is_the_learning_rate) {
  const std::vector<double> after = run<float>(Adam{.learning_rate = 0.125}, 1, DType::float32);
  for (std::size_t i = 0; i < start.size(); ++i) {
    const double g = pull[i] * (start[i] - target[i]);
    const double expected = start[i] - 0.125 * ((g > 0) - (g < 0));
    // m' / sqrt(v') is 1 within the roundings of its dozen operations.
    BOOST_TEST(std::abs(after[i] - expected) <= (12 * 0.125 + std::abs(expected)) * 0x1p-24);
  }
}

BOOST_AUTO_TEST_CASE(the_learning_rate_is_a_leaf) {
  Problem problem;
  const OptimizerStep step = Sgd{.learning_rate = 0.5}(problem.parameters(), problem.gradients);
  Workspace<double> ws(Plan({problem.cost}, {.updates = step.updates}));
  BOOST_TEST(ws.leaf(step.learning_rate)[0] == 0.5);
  ws.leaf(step.learning_rate)[0] = 0;
  ws.run();
  BOOST_TEST((ws.tensor(problem.p) == problem.p.value()));
}

BOOST_AUTO_TEST_CASE(gradients_are_clipped_together_or_one_by_one) {
  Problem problem;
  double norm = 0;
  for (std::size_t i = 0; i < start.size(); ++i) {
    norm += std::pow(pull[i] * (start[i] - target[i]), 2);
  }
  norm = std::sqrt(norm);
  const ClippedGradients small = clip_by_norm(problem.gradients, 1);
  const ClippedGradients same = clip_by_norm(problem.gradients, 100);
  const std::vector<Var> limited = clip_by_value(problem.gradients, 0.5);
  // A sum of seven squares, its root, one quotient.
  BOOST_TEST(std::abs(small.norm.item() - norm) <= 8 * 0x1p-53 * norm);
  std::size_t i = 0;
  for (std::size_t k = 0; k < 2; ++k) {
    for (std::size_t j = 0; j < problem.gradients[k].data<double>().size(); ++j, ++i) {
      const double g = pull[i] * (start[i] - target[i]);
      BOOST_TEST(std::abs(small.gradients[k].data<double>()[j] - g / (norm + 1e-6)) <=
                 12 * 0x1p-53 * std::abs(g));
      BOOST_TEST(same.gradients[k].data<double>()[j] == problem.gradients[k].data<double>()[j]);
      BOOST_TEST(limited[k].data<double>()[j] ==
                 std::clamp(problem.gradients[k].data<double>()[j], -0.5, 0.5));
    }
  }
}

BOOST_AUTO_TEST_CASE(settings_outside_their_range_are_refused) {
  Problem problem;
  const auto refusal = [&](const Optimizer& optimizer) {
    return message<ValueError>([&] { return optimizer(problem.parameters(), problem.gradients); });
  };
  BOOST_TEST(refusal(Sgd{.learning_rate = -1}) == "sgd: learning_rate -1, must be at least 0");
  BOOST_TEST(refusal(Sgd{.learning_rate = NAN}) == "sgd: learning_rate nan, must be at least 0");
  BOOST_TEST(refusal(Sgd{.momentum = -0.5}) == "sgd: momentum -0.5, must be at least 0");
  BOOST_TEST(refusal(Adam{.beta1 = 1}) == "adam: beta1 1, must be in [0, 1)");
  BOOST_TEST(refusal(AdamW{.beta2 = -0.1}) == "adamw: beta2 -0.1, must be in [0, 1)");
  BOOST_TEST(refusal(RmsProp{.decay = 2}) == "rmsprop: decay 2, must be in [0, 1)");
  BOOST_TEST(refusal(Lion{.weight_decay = -1}) == "lion: weight_decay -1, must be at least 0");
  BOOST_CHECK_THROW(static_cast<void>(clip_by_norm(problem.gradients, 0)), ValueError);
  BOOST_CHECK_THROW(static_cast<void>(clip_by_value(problem.gradients, -1)), ValueError);
}

BOOST_AUTO_TEST_CASE(gradients_must_fit_their_parameters) {
  Problem problem;
  const auto refusal = [&](const std::vector<Var>& parameters, const std::vector<Var>& gradients) {
    return message<ShapeError>([&] { return Sgd{}(parameters, gradients); });
  };
  BOOST_TEST(refusal({problem.p}, problem.gradients) == "sgd: 2 gradients for 1 parameters");
  BOOST_TEST(refusal({}, {}) == "sgd: 0 gradients for 0 parameters");
  BOOST_TEST(refusal({problem.q, problem.p}, problem.gradients) ==
             "sgd: gradient 0 of (3) does not have the shape (2, 2) of its parameter");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
