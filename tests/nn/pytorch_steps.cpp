// Steps of optimisers and schedules beside PyTorch's, as tests/pytorch/optimizers.py has written
// them down.

#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "autodiff/errors.hpp"
#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/trigonometric.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"
#include "data/files.hpp"
#include "nn/optimizer.hpp"
#include "nn/schedule.hpp"

namespace dtheta::nn::test {
namespace {

namespace bdata = boost::unit_test::data;
using Numbers = std::vector<double>;

const nlohmann::json& fixtures() {
  static const nlohmann::json all = [] {
    std::ifstream file(DTHETA_TEST_DATA "/optimizers.json");
    return nlohmann::json::parse(file);
  }();
  return all;
}

std::vector<Numbers> pytorchs_steps(const std::string& optimizer) {
  return fixtures()["optimizers"].at(optimizer).get<std::vector<Numbers>>();
}
Numbers pytorchs_rates(const std::string& schedule) {
  return fixtures()["schedules"].at(schedule).get<Numbers>();
}

/// The cost that PyTorch stepped on: the sum of c/2 (p - q)^2 + sin(p).
struct Problem {
  explicit Problem(DType precision = DType::float64) : tape(precision) {
    const auto& f = fixtures();
    const auto start = f["start"].get<Numbers>(), pull = f["pull"].get<Numbers>(),
               target = f["target"].get<Numbers>();
    std::size_t at = 0;
    for (const auto& dims : f["shapes"]) {
      const auto sizes = dims.get<std::vector<Index>>();
      const Shape shape{std::span<const Index>(sizes)};
      const auto part = [&](const Numbers& v) {
        return Tensor(shape, std::span(v).subspan(at, static_cast<std::size_t>(shape.size())));
      };
      const Var p = tape.leaf(part(start));
      const Var off = p - tape.constant(part(target));
      const Var term = sum(tape.constant(part(pull)) * square(off) / 2 + sin(p));
      cost = cost.exists() ? cost + term : term;
      parameters.push_back(p);
      at += static_cast<std::size_t>(shape.size());
    }
    gradients = grad(cost, parameters);
  }
  Tape tape;
  Var cost;
  std::vector<Var> parameters, gradients;
};

/// The parameters after the steps that the fixtures kept.
template <Scalar T = double>
std::vector<Numbers> steps_of(const Optimizer& optimizer) {
  Problem problem(dtype_of<T>);
  const OptimizerStep step = optimizer(problem.parameters, problem.gradients);
  Workspace<T> ws(Plan({problem.cost}, {.updates = step.updates}));
  std::vector<Numbers> after;
  int done = 0;
  for (const int wanted : fixtures()["kept"]) {
    for (; done < wanted; ++done) ws.run();
    Numbers now;
    for (const Var p : problem.parameters) {
      for (const T v : ws[p]) now.push_back(static_cast<double>(v));
    }
    after.push_back(std::move(now));
  }
  return after;
}

struct Case {
  std::string name;
  Optimizer optimizer;
};
std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }

const std::vector<Case> cases{
    {"sgd", Sgd{}},
    {"sgd/momentum", Sgd{.learning_rate = 0.05, .momentum = 0.9, .weight_decay = 0.1}},
    {"sgd/nesterov", Sgd{.learning_rate = 0.05, .momentum = 0.8, .nesterov = true}},
    {"adagrad", Adagrad{}},
    {"adagrad/all",
     Adagrad{
         .learning_rate = 0.2, .epsilon = 1e-3, .initial_accumulator = 0.3, .weight_decay = 0.1}},
    {"adadelta", Adadelta{}},
    {"adadelta/all",
     Adadelta{.learning_rate = 0.5, .decay = 0.8, .epsilon = 1e-3, .weight_decay = 0.1}},
    {"rmsprop", RmsProp{}},
    {"rmsprop/all", RmsProp{.learning_rate = 0.02,
                            .decay = 0.9,
                            .epsilon = 1e-3,
                            .momentum = 0.5,
                            .centered = true,
                            .weight_decay = 0.1}},
    {"adam", Adam{}},
    {"adam/all", Adam{.learning_rate = 0.1,
                      .beta1 = 0.8,
                      .beta2 = 0.95,
                      .epsilon = 1e-3,
                      .amsgrad = true,
                      .weight_decay = 0.1}},
    {"adamw", AdamW{}},
    {"adamw/all", AdamW{.learning_rate = 0.1,
                        .beta1 = 0.8,
                        .beta2 = 0.95,
                        .epsilon = 1e-3,
                        .amsgrad = true,
                        .weight_decay = 0.2}},
    {"adamax", Adamax{}},
    {"adamax/all",
     Adamax{
         .learning_rate = 0.1, .beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-3, .weight_decay = 0.1}},
    {"nadam", NAdam{}},
    {"nadam/all", NAdam{.learning_rate = 0.1,
                        .beta1 = 0.8,
                        .beta2 = 0.95,
                        .epsilon = 1e-3,
                        .momentum_decay = 0.02,
                        .weight_decay = 0.1}},
    {"nadam/decoupled", NAdam{.weight_decay = 0.1, .decoupled_weight_decay = true}},
    {"lion", Lion{}},
    {"lion/all", Lion{.learning_rate = 0.05, .beta1 = 0.8, .beta2 = 0.95, .weight_decay = 0.1}},
    {"adafactor", Adafactor{}},
    {"adafactor/all", Adafactor{.learning_rate = 0.2,
                                .beta2_decay = -0.5,
                                .epsilon1 = 1e-2,
                                .epsilon2 = 0.5,
                                .clip = 1.5,
                                .weight_decay = 0.1}},
    {"muon", Muon{}},
    {"muon/all", Muon{.learning_rate = 0.05,
                      .momentum = 0.8,
                      .nesterov = false,
                      .weight_decay = 0.2,
                      .match_adamw = true,
                      .others = {.learning_rate = 0.05}}},
};

struct Schedule {
  std::string name;
  std::function<double(Index)> rate;
};
std::ostream& operator<<(std::ostream& out, const Schedule& s) { return out << s.name; }

const std::vector<Schedule> schedules{
    {"step", [](Index at) { return schedule::step(0.4, at, 7, 0.3); }},
    {"exponential", [](Index at) { return schedule::exponential(0.4, at, 0.93); }},
    {"cosine", [](Index at) { return schedule::cosine(0.4, at, 49, 0.01); }},
    {"warm_up", [](Index at) { return 0.4 * schedule::warm_up(at, 12); }},
};

/// PyTorch computes a rate from the one before: 50 steps round as often.
void check_rate(double found, double wanted, std::size_t at) {
  BOOST_TEST(std::abs(found - wanted) <= 50 * 0x1p-52 * wanted,
             "step " << at << ": " << found << " for " << wanted);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(pytorch_steps)

BOOST_DATA_TEST_CASE(twenty_steps_are_pytorchs, bdata::make(cases), c) {
  const auto wanted = pytorchs_steps(c.name);
  const std::vector<Numbers> found = steps_of(c.optimizer);
  BOOST_REQUIRE(found.size() == wanted.size());
  for (std::size_t k = 0; k < wanted.size(); ++k) {
    BOOST_REQUIRE(found[k].size() == wanted[k].size());
    for (std::size_t i = 0; i < wanted[k].size(); ++i) {
      // Values are about 1 and round some twenty times a step. Where a gradient passes 0, g over
      // the root of g^2 magnifies that, in five passes of Muon up to 3.4^5 times.
      BOOST_TEST(std::abs(found[k][i] - wanted[k][i]) <= 20 * 20 * 500 * 0x1p-53,
                 "kept " << k << ", " << i << ": " << found[k][i] << " for " << wanted[k][i]);
    }
  }
}

BOOST_AUTO_TEST_CASE(float32_follows_float64) {
  constexpr double rate = 0.05;
  const std::vector<Case> all{{"nadam", NAdam{.learning_rate = rate}},
                              {"adafactor", Adafactor{.learning_rate = rate}},
                              {"muon", Muon{.learning_rate = rate}}};
  for (const Case& c : all) {
    const Numbers narrow = steps_of<float>(c.optimizer).back();
    const Numbers wide = steps_of(c.optimizer).back();
    for (std::size_t i = 0; i < wide.size(); ++i) {
      // 20 steps, each as long as the rate or, Adafactor's, as twice that, in a direction whose
      // twenty roundings are magnified 500 times at most; see above.
      BOOST_TEST(std::abs(narrow[i] - wide[i]) <= 20 * 2 * rate * 20 * 500 * 0x1p-24,
                 c.name << ", " << i << ": " << narrow[i] << " for " << wide[i]);
    }
  }
}

BOOST_AUTO_TEST_CASE(settings_out_of_range_are_told) {
  Problem problem;
  const auto refusal = [&](const Optimizer& optimizer) {
    return message<ValueError>([&] {
      optimizer(problem.parameters, problem.gradients);
      return 0;
    });
  };
  BOOST_TEST(refusal(NAdam{.beta1 = 1}) == "nadam: beta1 1, must be in [0, 1)");
  BOOST_TEST(refusal(NAdam{.momentum_decay = -1}) ==
             "nadam: momentum_decay -1, must be at least 0");
  BOOST_TEST(refusal(Adafactor{.beta2_decay = 0.5}) ==
             "adafactor: beta2_decay 0.5, must be at most 0");
  BOOST_TEST(refusal(Adafactor{.clip = 0.5}) == "adafactor: clip 0.5, must be at least 1");
  BOOST_TEST(refusal(Adafactor{.weight_decay = -1}) ==
             "adafactor: weight_decay -1, must be at least 0");
  BOOST_TEST(refusal(Muon{.learning_rate = 0}) == "muon: learning_rate 0, must be positive");
  BOOST_TEST(refusal(Muon{.passes = 0}) == "muon: passes 0, must be in [1, 100)");
  BOOST_TEST(refusal(Muon{.others = {.beta2 = 1}}) == "muon: beta2 1, must be in [0, 1)");
  BOOST_TEST(refusal(Muon{}).empty());
}

BOOST_AUTO_TEST_CASE(muon_takes_matrices_alone_or_none) {
  Tape tape;
  for (const Shape& shape : {Shape{2, 3}, Shape{3}, Shape{}}) {
    const std::vector<Var> one{tape.leaf(Tensor(shape))};
    BOOST_TEST(Muon{}(one, one).updates.size() == (shape.rank() == 2 ? 2U : 4U));
  }
}

BOOST_AUTO_TEST_CASE(every_fixture_is_looked_at) {
  std::set<std::string> seen;
  for (const Case& c : cases) seen.insert(c.name);
  BOOST_TEST(seen.size() == fixtures()["optimizers"].size());
  BOOST_TEST(schedules.size() + 1 == fixtures()["schedules"].size());
}

BOOST_DATA_TEST_CASE(fifty_rates_are_pytorchs, bdata::make(schedules), s) {
  const auto wanted = pytorchs_rates(s.name);
  BOOST_REQUIRE(wanted.size() == 50);
  for (std::size_t at = 0; at < wanted.size(); ++at) {
    check_rate(s.rate(static_cast<Index>(at)), wanted[at], at);
  }
}

BOOST_AUTO_TEST_CASE(a_plateau_is_pytorchs) {
  const auto wanted = pytorchs_rates("plateau");
  const auto losses = fixtures()["losses"].get<Numbers>();
  schedule::Plateau plateau(0.4, 0.5, 2, 0.05, 0.02);
  for (std::size_t at = 0; at < wanted.size(); ++at)
    check_rate(plateau(losses[at]), wanted[at], at);
  BOOST_TEST(std::ranges::is_sorted(wanted, std::greater{}));
  BOOST_TEST(wanted.back() < wanted.front());
}

BOOST_AUTO_TEST_CASE(state_has_names_for_checkpoints) {
  Tape tape;
  const std::vector<Var> parameters{tape.leaf(Tensor(Shape{2, 2}), "0.weight"),
                                    tape.leaf(Tensor(Shape{2}), "0.bias")};
  const auto names_of = [&](const Optimizer& optimizer) {
    std::vector<std::string> names;
    for (const auto& [leaf, next] : optimizer(parameters, parameters).updates) {
      names.emplace_back(tape.name(leaf.index()));
    }
    std::ranges::sort(names);
    return names;
  };
  const auto is = [&](const Optimizer& optimizer, std::vector<std::string> state) {
    state.insert(state.end(), {"0.bias", "0.weight"});
    std::ranges::sort(state);
    BOOST_TEST(names_of(optimizer) == state, boost::test_tools::per_element());
  };
  is(Sgd{}, {});
  is(Sgd{.momentum = 0.5}, {"0.weight.sgd.velocity", "0.bias.sgd.velocity"});
  is(Adagrad{}, {"0.weight.adagrad.squares", "0.bias.adagrad.squares"});
  is(Adadelta{}, {"0.weight.adadelta.squares", "0.bias.adadelta.squares", "0.weight.adadelta.moved",
                  "0.bias.adadelta.moved"});
  is(RmsProp{.momentum = 0.5, .centered = true},
     {"0.weight.rmsprop.squares", "0.weight.rmsprop.mean", "0.weight.rmsprop.velocity",
      "0.bias.rmsprop.squares", "0.bias.rmsprop.mean", "0.bias.rmsprop.velocity"});
  is(Adam{.amsgrad = true},
     {"adam.steps", "0.weight.adam.m", "0.weight.adam.v", "0.weight.adam.largest_v",
      "0.bias.adam.m", "0.bias.adam.v", "0.bias.adam.largest_v"});
  is(AdamW{},
     {"adamw.steps", "0.weight.adamw.m", "0.weight.adamw.v", "0.bias.adamw.m", "0.bias.adamw.v"});
  is(Adamax{}, {"adamax.steps", "0.weight.adamax.m", "0.weight.adamax.largest", "0.bias.adamax.m",
                "0.bias.adamax.largest"});
  is(NAdam{}, {"nadam.steps", "nadam.mu_product", "0.weight.nadam.m", "0.weight.nadam.v",
               "0.bias.nadam.m", "0.bias.nadam.v"});
  is(Lion{}, {"0.weight.lion.m", "0.bias.lion.m"});
  is(Adafactor{}, {"adafactor.steps", "0.weight.adafactor.rows", "0.weight.adafactor.columns",
                   "0.bias.adafactor.v"});
  is(Muon{}, {"muon.steps", "0.weight.muon.mean", "0.bias.muon.m", "0.bias.muon.v"});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
