// The monitor of a training run: silent while the gradient is right, dropout included, and loud
// within two probes of a bug.
#include "gradcheck/monitor.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <functional>
#include <ostream>

#include "autodiff/grad.hpp"
#include "autodiff/ops/arithmetic.hpp"
#include "gradcheck/bridge/tape_monitor.hpp"
#include "gradcheck/errors.hpp"
#include "networks.hpp"
#include "nn/layers/activation.hpp"
#include "nn/layers/dropout.hpp"
#include "nn/layers/linear.hpp"
#include "nn/model_cost.hpp"
#include "nn/optimizer.hpp"

namespace dtheta::gradcheck::test {
namespace {

namespace data = boost::unit_test::data;

constexpr Index examples = 32;

/// A small network with dropout and an L2 penalty, learning the sign of a product, each step from
/// a new batch. From some step on, its gradient may be made wrong.
class Training {
 public:
  enum class Bug { none, factor, sign, no_penalty, other_masks, stale };

  explicit Training(DType precision, Bug bug = Bug::none, Index first = 0)
      : tape_(precision), bug_(bug), first_(first) {
    const Tensor x(Shape{examples, 2}), y(Shape{examples, 1});
    r_ = nn::record_cost(tape_, model_, x, y,
                         {.loss = nn::Loss::binary_cross_entropy_with_logits,
                          .regularizers = {{nn::Penalty::l2, 1.0, nn::Convention::lambda_over_2m}},
                          .examples = examples});
    const std::vector<Var> parameters = nn::leaves_of(r_.parameters);
    gradients_ = grad(r_.cost, parameters);
    unpenalised_ = grad(r_.parts.front().value, parameters);
    outputs_ = gradients_;
    spoil_ = tape_.leaf(Tensor(1.0), "spoil");
    outputs_[2] = gradients_[2] * spoil_;
    const nn::OptimizerStep step = nn::Adam{.learning_rate = 0.01}(parameters, outputs_);
    std::vector<Var> all{r_.cost, tape_.step()};
    all.insert(all.end(), outputs_.begin(), outputs_.end());
    all.insert(all.end(), unpenalised_.begin(), unpenalised_.end());
    updates_ = step.updates;
    plan_.emplace(all, PlanOptions{.updates = updates_});
  }

  /// From now on the cost is not among the outputs of a step.
  void hide_cost() {
    std::vector<Var> all{tape_.step()};
    all.insert(all.end(), outputs_.begin(), outputs_.end());
    all.insert(all.end(), unpenalised_.begin(), unpenalised_.end());
    plan_.emplace(all, PlanOptions{.updates = updates_});
  }

  /// Runs `steps` steps and returns the first one with an alarm, or -1.
  template <Scalar T>
  Index run(Index steps, MonitorOptions options,
            TapeMonitor::Where where = TapeMonitor::Where::here) {
    Index alarm = -1;
    options.on_alarm = [&](const MonitorAlarm& a) {
      if (alarm < 0) last = a;
      if (alarm < 0) alarm = static_cast<Index>(a.step);
    };
    TapeMonitor monitor(r_.cost, checked_leaves(r_.parameters), options, where);
    Workspace<T> ws(*plan_);
    Workspace<T> other(*plan_);  // computes what a bug takes for the gradient
    for (Index i = 0; i < steps && alarm < 0; ++i) {
      load(ws, i);
      const bool wrong = bug_ != Bug::none && i >= first_;
      if (wrong && bug_ == Bug::factor) ws.leaf(spoil_)[0] = T(1.2);
      if (wrong && bug_ == Bug::sign) ws.leaf(spoil_)[0] = T(-1);
      if (wrong && bug_ == Bug::other_masks) copy_of(ws, other, i + 1);
      const auto step = static_cast<std::size_t>(i);
      monitor.before(step, ws);
      if (bug_ != Bug::stale) ws.run();
      if (!wrong) {
        if (bug_ == Bug::stale) ws.run();
        monitor.after(step, ws, outputs_);
      } else if (bug_ == Bug::no_penalty) {
        monitor.after(step, ws, unpenalised_);
      } else if (bug_ == Bug::other_masks) {
        other.run();
        monitor.after(step, other, outputs_);
      } else {
        monitor.after(step, ws, outputs_);  // for `stale`, of the step before
        if (bug_ == Bug::stale) ws.run();
      }
    }
    monitor.finish();
    probes = monitor.monitor().probes();
    glances = monitor.monitor().glances();
    return alarm;
  }

  MonitorAlarm last;
  std::size_t probes = 0, glances = 0;

 private:
  template <Scalar T>
  void load(Workspace<T>& ws, Index i) {
    const Tensor x = nn::uniform({examples, 2}, -1, 1, {3, static_cast<std::uint32_t>(i)});
    const auto in = x.data<double>();
    for (std::size_t k = 0; k < in.size(); ++k) ws.leaf(r_.input)[k] = static_cast<T>(in[k]);
    for (std::size_t k = 0; k < in.size() / 2; ++k) {
      ws.leaf(r_.target)[k] = in[2 * k] * in[2 * k + 1] > 0 ? T(1) : T(0);
    }
    ws.index_leaf(tape_.step())[0] = i;
  }
  template <Scalar T>
  void copy_of(const Workspace<T>& ws, Workspace<T>& to, Index step) {
    for (const Var p : nn::leaves_of(r_.parameters)) std::ranges::copy(ws[p], to.leaf(p).begin());
    for (const Var p : {r_.input, r_.target}) std::ranges::copy(ws[p], to.leaf(p).begin());
    to.index_leaf(tape_.step())[0] = step;
  }

  nn::Sequential model_{nn::Linear(2, 16, {1, 1}),  nn::Activation::relu, nn::Dropout(0.8, {1, 2}),
                        nn::Linear(16, 16, {1, 3}), nn::Activation::tanh, nn::Dropout(0.8, {1, 4}),
                        nn::Linear(16, 1, {1, 5})};
  Tape tape_;
  Bug bug_;
  Index first_;
  nn::RecordedCost r_;
  std::vector<Var> gradients_, unpenalised_, outputs_;
  std::vector<std::pair<Var, Var>> updates_;
  Var spoil_;
  std::optional<Plan> plan_;
};

using Bug = Training::Bug;
const std::vector<std::string> bug_names{"none",       "factor",      "sign",
                                         "no penalty", "other masks", "stale"};
std::ostream& operator<<(std::ostream& out, Bug b) {
  return out << bug_names[static_cast<std::size_t>(b)];
}
const std::vector<Bug> bugs{Bug::factor, Bug::sign, Bug::no_penalty, Bug::other_masks, Bug::stale};

/// Σ a_i θ_i² / 2 with its gradient, and a wrong entry.
struct Bowl {
  Values a{1.0, 3.0, 0.5, 2.0};
  ParameterVector theta;
  Values gradient;

  Bowl() {
    theta.add("u", 1, {2}, Values{0.3, -1.0});
    theta.add("v", 2, {2}, Values{2.0, 0.1});
    for (std::size_t i = 0; i < 4; ++i) gradient.push_back(a[i] * theta.values()[i]);
  }
  [[nodiscard]] Cost cost() const {
    return [this](std::span<const double> t) {
      double j = 0;
      for (std::size_t i = 0; i < 4; ++i) j += a[i] * t[i] * t[i] / 2;
      return j;
    };
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(monitor)

BOOST_AUTO_TEST_CASE(a_right_gradient_never_exceeds_what_is_allowed) {
  const Bowl bowl;
  Monitor monitor(bowl.theta, {});
  for (std::size_t step = 0; step < 2000; ++step) {
    const MonitorProbe p = monitor.look(step, bowl.cost(), bowl.theta.values(), bowl.gradient);
    BOOST_REQUIRE(p.excess() <= 1.0);
    BOOST_REQUIRE(p.evaluations == 2U);
  }
  BOOST_TEST(monitor.alarms() == 0U);
  BOOST_TEST(monitor.probes() == 2000U);
  BOOST_TEST(monitor.evidence() == 0.0);
}

BOOST_AUTO_TEST_CASE(an_alarm_names_the_block_and_the_cause) {
  Bowl bowl;
  for (std::size_t i : {2U, 3U}) bowl.gradient[i] *= 2;
  std::vector<MonitorAlarm> alarms;
  Monitor monitor(bowl.theta,
                  {.on_alarm = [&](const MonitorAlarm& alarm) { alarms.push_back(alarm); }});
  for (std::size_t step = 0; step < 2; ++step) {
    monitor.look(step, bowl.cost(), bowl.theta.values(), bowl.gradient);
  }
  BOOST_REQUIRE(!alarms.empty());
  BOOST_TEST(alarms[0].blocks == std::vector<std::string>{"v"}, boost::test_tools::per_element());
  BOOST_TEST((alarms[0].result.verdict == Verdict::fail));
  BOOST_TEST((alarms[0].result.causes.front().pattern == Pattern::factor));
  BOOST_TEST(alarms[0].message.find("wrong: v") != std::string::npos);
  BOOST_TEST(alarms[0].probe.evaluations == 4U);
}

BOOST_AUTO_TEST_CASE(without_a_handler_an_alarm_is_thrown) {
  Bowl bowl;
  bowl.gradient[0] = -bowl.gradient[0];
  bowl.gradient[1] = -bowl.gradient[1];
  Monitor monitor(bowl.theta, {});
  const auto two_looks = [&] {
    for (std::size_t step = 0; step < 2; ++step) {
      monitor.look(step, bowl.cost(), bowl.theta.values(), bowl.gradient);
    }
  };
  BOOST_CHECK_EXCEPTION(two_looks(), GradientAlarm, [](const GradientAlarm& e) {
    return e.alarm().blocks == std::vector<std::string>{"u"};
  });
}

BOOST_AUTO_TEST_CASE(a_gradient_that_is_not_finite_is_an_alarm_at_once) {
  Bowl bowl;
  bowl.gradient[3] = std::nan("");
  Monitor monitor(bowl.theta, {});
  BOOST_CHECK_THROW(monitor.look(0, bowl.cost(), bowl.theta.values(), bowl.gradient),
                    GradientAlarm);
}

BOOST_AUTO_TEST_CASE(lengths_and_options_are_checked) {
  const Bowl bowl;
  Monitor monitor(bowl.theta, {});
  BOOST_CHECK_THROW(monitor.look(0, bowl.cost(), bowl.theta.values(), Values{1.0}),
                    gradcheck::ShapeError);
  BOOST_CHECK_THROW(Monitor(ParameterVector{}, {}), gradcheck::ShapeError);
  BOOST_CHECK_THROW(Monitor(bowl.theta, {.smallest_error = 0}), OptionError);
  BOOST_TEST(monitor.due(0));
  BOOST_TEST(!monitor.due(99));
  BOOST_TEST(monitor.due(100));
}

/// J of the bowl as float computes it, at θ and moved along d, and what the gradient promises.
template <class T>
Monitor::Glance glance_at(const Bowl& bowl, Monitor& monitor) {
  const std::vector<T> theta(bowl.theta.values().begin(), bowl.theta.values().end());
  std::vector<T> moved(theta.size());
  Monitor::Glance seen;
  seen.roundoff = unit_roundoff_of<T>();
  for (const Block& b : bowl.theta.blocks()) {
    monitor.direction().measure(b.offset, std::span(theta).subspan(b.offset, b.size));
  }
  monitor.direction().turn(monitor.probes());
  monitor.direction().move(0, std::span(theta), Monitor::glance_step(seen.roundoff),
                           std::span(moved));
  const auto cost = [&](const std::vector<T>& t) {
    T j = 0;
    for (std::size_t i = 0; i < 4; ++i) j += static_cast<T>(bowl.a[i]) * t[i] * t[i] / 2;
    return static_cast<double>(j);
  };
  seen.here = cost(theta);
  seen.moved = cost(moved);
  seen.promised = monitor.direction().along(0, std::span<const double>(bowl.gradient));
  return seen;
}

BOOST_AUTO_TEST_CASE(a_glance_is_in_no_doubt_of_a_right_gradient) {
  const Bowl bowl;
  Monitor narrow(bowl.theta, {.gradient_roundoff = 0x1p-24}), wide(bowl.theta, {});
  for (int k = 0; k < 2000; ++k) {
    BOOST_REQUIRE(narrow.glance(glance_at<float>(bowl, narrow)));
    BOOST_REQUIRE(wide.glance(glance_at<double>(bowl, wide)));
  }
  BOOST_TEST(narrow.glances() == 2000U);
  BOOST_TEST(narrow.probes() == 2000U);
}

BOOST_AUTO_TEST_CASE(a_glance_doubts_a_wrong_gradient_and_leaves_it_to_a_look) {
  Bowl bowl;
  // In float ten times what a glance allows, in double four times: the error along d is Gaussian,
  // and within a tenth or a quarter of its deviation in 8 or 20 of 100 cases.
  bowl.gradient[1] *= 1.2, bowl.gradient[2] *= 1.2;
  Monitor narrow(bowl.theta, {.gradient_roundoff = 0x1p-24});
  int missed = 0;
  for (int k = 0; k < 300; ++k) missed += narrow.glance(glance_at<float>(bowl, narrow));
  BOOST_TEST(missed < 300 * 0.2);
  BOOST_TEST(narrow.evidence() == 0.0);
  bowl = {};
  bowl.gradient[1] *= 1.004, bowl.gradient[2] *= 1.004;
  Monitor wide(bowl.theta, {});
  missed = 0;
  for (int k = 0; k < 300; ++k) missed += wide.glance(glance_at<double>(bowl, wide));
  BOOST_TEST(missed < 300 * 0.4);
}

BOOST_AUTO_TEST_CASE(a_glance_doubts_a_gradient_whose_squares_overflow) {
  const Bowl bowl;
  Monitor monitor(bowl.theta, {.gradient_roundoff = 0x1p-24});
  Monitor::Glance seen = glance_at<float>(bowl, monitor);
  const std::vector<float> exploded{1e30F, -2e30F, 3e30F, 1e29F};
  seen.promised = monitor.direction().along(0, std::span<const float>(exploded));
  BOOST_TEST(std::isfinite(seen.promised.value));
  BOOST_TEST(!monitor.glance(seen));
}

BOOST_AUTO_TEST_CASE(in_float_some_looks_are_exact_and_all_while_there_is_evidence) {
  Bowl bowl;
  Monitor monitor(bowl.theta, {.gradient_roundoff = 0x1p-24, .exact_every = 3});
  for (int k = 0; k < 9; ++k) {
    BOOST_TEST(monitor.wants_exact(0x1p-24) == (k % 3 == 0));
    BOOST_TEST(!monitor.wants_exact(0x1p-53));
    BOOST_REQUIRE(monitor.glance(glance_at<float>(bowl, monitor)));
  }
  bowl.gradient[1] *= 1.003;
  while (monitor.evidence() == 0.0) {
    monitor.look(9, bowl.cost(), bowl.theta.values(), bowl.gradient);
  }
  BOOST_TEST(monitor.wants_exact(0x1p-53));
  BOOST_CHECK_THROW(Monitor(bowl.theta, {.exact_every = 0}), OptionError);
}

BOOST_AUTO_TEST_CASE(healthy_training_raises_no_alarm) {
  Training in_float(DType::float32), in_double(DType::float64);
  BOOST_TEST(in_float.run<float>(3000, {.every = 5}) == -1);
  BOOST_TEST(in_float.probes == 600U);
  BOOST_TEST(in_float.glances >= 500U);  // 37 are exact, few in doubt
  BOOST_TEST(in_double.run<double>(1500, {.every = 5}) == -1);
  BOOST_TEST(in_double.probes == 300U);
  BOOST_TEST(in_double.glances >= 290U);
}

BOOST_AUTO_TEST_CASE(a_step_need_not_say_its_cost) {
  Training healthy(DType::float32), wrong(DType::float32, Bug::factor, 500);
  healthy.hide_cost();
  wrong.hide_cost();
  BOOST_TEST(healthy.run<float>(500, {.every = 5}) == -1);
  BOOST_TEST(healthy.glances >= 80U);
  const Index alarm = wrong.run<float>(1000, {.every = 100});
  BOOST_TEST(alarm >= 500);
  BOOST_TEST(alarm <= 600);
}

BOOST_DATA_TEST_CASE(a_bug_at_step_500_is_reported_within_two_probes, data::make(bugs), bug) {
  Training training(DType::float32, bug, 500);
  const Index alarm = training.run<float>(1000, {.every = 100});
  BOOST_TEST(alarm >= 500);
  BOOST_TEST(alarm <= 600);
  BOOST_TEST(!training.last.blocks.empty());
  if (bug == Bug::factor || bug == Bug::sign) {
    BOOST_TEST(training.last.blocks == std::vector<std::string>{"W2"},
               boost::test_tools::per_element());
    BOOST_REQUIRE(!training.last.result.causes.empty());
    const Pattern looks = training.last.result.causes.front().pattern;
    BOOST_TEST((looks == (bug == Bug::factor ? Pattern::factor : Pattern::sign)));
  }
  if (bug == Bug::no_penalty) {
    for (const std::string& block : training.last.blocks) BOOST_TEST(block[0] == 'W');
    BOOST_TEST((training.last.result.causes.front().pattern == Pattern::l2));
  }
}

BOOST_AUTO_TEST_CASE(in_the_background_the_same_is_found) {
  for (const Bug bug : {Bug::none, Bug::factor}) {
    Training here(DType::float32, bug, 500), background(DType::float32, bug, 500);
    const Index expected = here.run<float>(1000, {.every = 50});
    BOOST_TEST(background.run<float>(1000, {.every = 50}, TapeMonitor::Where::background) ==
               expected);
    BOOST_TEST(background.last.message == here.last.message);
  }
}

BOOST_AUTO_TEST_CASE(a_trainer_is_watched_by_its_hook_and_trains_the_same) {
  nn::Dataset points{nn::uniform({256, 2}, -1, 1, {9, 0}), Tensor(Shape{256}, DType::int64)};
  for (std::size_t i = 0; i < 256; ++i) {
    const auto in = points.inputs.data<double>();
    points.labels.data<Index>()[i] = in[2 * i] * in[2 * i + 1] > 0 ? 1 : 0;
  }
  const auto train = [&](const nn::StepHook& hook) {
    nn::Sequential model{nn::Linear(2, 8, {1, 1}), nn::Activation::relu, nn::Dropout(0.8, {1, 2}),
                         nn::Linear(8, 2, {1, 3})};
    nn::TrainerOptions options{.batch_size = 32, .hook = hook, .progress = false};
    nn::Trainer(model, points, options).fit(20);
    Values all;
    for (const nn::Parameter* p : model.parameters()) {
      const auto v = p->value.data<double>();
      all.insert(all.end(), v.begin(), v.end());
    }
    return all;
  };
  std::size_t alarms = 0, looks = 0;
  nn::StepHook hook = monitor_hook({.every = 7, .on_alarm = [&](const auto&) { ++alarms; }});
  hook.after = [&, look = hook.after](const nn::Trainer& trainer) {
    BOOST_TEST(trainer.step() % 7 == 0);
    look(trainer);
    ++looks;
  };
  BOOST_TEST(same_bits(train(hook), train({})));
  BOOST_TEST(alarms == 0U);
  BOOST_TEST(looks == 23U);  // of 160 steps
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace dtheta::gradcheck::test
