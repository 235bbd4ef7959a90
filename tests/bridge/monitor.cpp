// The monitor of a training run: silent while the gradient is right, dropout included, and loud
// within two probes of a bug.
#include "gradcheck/monitor.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "gradcheck/bridge/tape_monitor.hpp"
#include "gradcheck/errors.hpp"
#include "nn/layers/activation.hpp"
#include "nn/layers/dropout.hpp"
#include "nn/layers/linear.hpp"
#include "nn/layers/sequential.hpp"
#include "watched.hpp"

namespace dtheta::gradcheck::test {
namespace {

namespace data = boost::unit_test::data;

using Bug = Training::Bug;
const std::vector<Bug> bugs{Bug::factor, Bug::sign, Bug::no_penalty, Bug::other_masks, Bug::stale};

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

BOOST_AUTO_TEST_CASE(the_size_of_a_cost_raises_no_alarm_and_hides_none) {
  // Squares of the first overflow, those of the last are zero.
  for (const double unit : {1e200, 1e155, 1e-155, 1e-200}) {
    Bowl bowl;
    for (std::size_t i = 0; i < 4; ++i) bowl.a[i] *= unit, bowl.gradient[i] *= unit;
    Monitor monitor(bowl.theta, {});
    for (std::size_t step = 0; step < 100; ++step) {
      monitor.look(step, bowl.cost(), bowl.theta.values(), bowl.gradient);
    }
    BOOST_TEST(monitor.alarms() == 0U);
    BOOST_TEST(monitor.closest() < 0.1);
    bowl.gradient[1] *= 1.2;
    const auto looks = [&] {
      for (std::size_t step = 100; step < 110; ++step) {
        monitor.look(step, bowl.cost(), bowl.theta.values(), bowl.gradient);
      }
    };
    BOOST_CHECK_THROW(looks(), GradientAlarm);
  }
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
    BOOST_TEST(training.last.blocks == std::vector<std::string>{"3.weight"},
               boost::test_tools::per_element());
    BOOST_REQUIRE(!training.last.result.causes.empty());
    const Pattern looks = training.last.result.causes.front().pattern;
    BOOST_TEST((looks == (bug == Bug::factor ? Pattern::factor : Pattern::sign)));
  }
  if (bug == Bug::no_penalty) {
    for (const std::string& block : training.last.blocks) BOOST_TEST(block.ends_with(".weight"));
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

BOOST_AUTO_TEST_CASE(who_catches_an_alarm_from_the_background_may_go_on) {
  Tape tape;
  const Var w = tape.leaf(Tensor(Shape{3}, {0.5, -1.0, 2.0}), "w");
  const Var cost = sum(square(w));
  const std::vector<Var> gradients{grad(cost, w), grad(cost, w) * 2.0};
  const std::vector<Var> right{gradients[0]}, wrong{gradients[1]};
  Workspace<double> ws{Plan(gradients)};
  const std::vector<CheckedLeaf> leaves{{"w", 0, w}};
  TapeMonitor monitor(cost, leaves, {.every = 1}, TapeMonitor::Where::background);
  monitor.before(0, ws);
  ws.run();
  monitor.after(0, ws, wrong);
  for (double& v : ws.leaf(w)) v *= -3;
  BOOST_CHECK_THROW(monitor.before(1, ws), GradientAlarm);
  ws.run();
  monitor.after(1, ws, right);  // of θ as it is now
  BOOST_CHECK_NO_THROW(monitor.finish());
  BOOST_TEST(monitor.monitor().alarms() == 1U);
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
    for (const nn::Parameter* p : nn::parameters_of(model)) {
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
