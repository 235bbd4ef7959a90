// How a step is made: micro-batches, clipping, groups, frozen parameters, averages, threads.

#include <fmt/format.h>

#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "nn/schedule.hpp"
#include "spiral.hpp"

namespace dtheta::nn::test {
namespace {

const Dataset& data() {
  static const Dataset all = spiral(40);  // 120 examples, 4 batches
  return all;
}

std::vector<Tensor> trained(const TrainerOptions& options, int epochs = 2, double keep_prob = 1) {
  Sequential model = spiral_model(keep_prob);
  Trainer(model, data(), options).fit(epochs);
  return values_of(model);
}

double largest_difference(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  double largest = 0;
  for (std::size_t p = 0; p < a.size(); ++p) {
    for (std::size_t i = 0; i < a[p].data<double>().size(); ++i) {
      largest = std::max(largest, std::abs(a[p].data<double>()[i] - b[p].data<double>()[i]));
    }
  }
  return largest;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(trainer_steps)

BOOST_DATA_TEST_CASE(micro_batches_are_the_batch_within_rounding,
                     boost::unit_test::data::make({2, 3, 30})) {
  TrainerOptions options = quiet(Sgd{.learning_rate = 0.1, .momentum = 0.9});
  options.regularizers = {{Penalty::l2, 0.5}};
  options.max_gradient_norm = 1;
  Sequential whole_model = spiral_model();
  Trainer whole(whole_model, data(), options);
  options.micro_batches = sample;
  Sequential parts_model = spiral_model();
  Trainer parts(parts_model, data(), options);
  for (int i = 0; i < 8; ++i) {
    const StepReport a = whole.run_step(), b = parts.run_step();
    // Sums of 30 terms of order one in another order: 30 2^-24 of the sum, and eight steps of 0.1
    // carry that on.
    BOOST_TEST(std::abs(a.cost - b.cost) <= 64 * 0x1p-24);
    BOOST_TEST(std::abs(*a.gradient_norm - *b.gradient_norm) <= 128 * 0x1p-24);
  }
  whole.store();
  parts.store();
  BOOST_TEST(largest_difference(values_of(whole_model), values_of(parts_model)) <= 64 * 0x1p-24);
}

BOOST_AUTO_TEST_CASE(micro_batches_draw_masks_of_their_own) {
  TrainerOptions options = quiet(Sgd{.learning_rate = 0});
  options.micro_batches = 2;
  Dataset same = data();  // one example, again and again: only the masks can make a difference
  for (std::size_t i = 0; i < 120; ++i) {
    same.inputs.data<double>()[2 * i] = 0.5;
    same.inputs.data<double>()[2 * i + 1] = -0.3;
    same.labels.data<Index>()[i] = 1;
  }
  Sequential model = spiral_model(0.5);
  std::vector<double> costs;
  options.hook.after = [&](const Trainer& t) {
    costs.push_back(static_cast<double>(t.workspace()[t.recorded().cost.cost][0]));
  };
  Trainer trainer(model, same, options);
  const double mean = trainer.run_step().cost;
  BOOST_REQUIRE(costs.size() == 1u);  // of the second half
  const double first = 2 * mean - costs[0];
  BOOST_TEST(std::abs(first - costs[0]) > 1e-4);
}

BOOST_AUTO_TEST_CASE(threads_change_no_bit) {
  TrainerOptions options = quiet(Adam{});
  const std::vector<Tensor> one = trained(options, 3, 0.8);
  options.threads = 2;
  BOOST_TEST((trained(options, 3, 0.8) == one));
  options.threads = 3;
  BOOST_TEST((trained(options, 3, 0.8) == one));
}

BOOST_AUTO_TEST_CASE(all_threads_take_subnormals_for_zero) {
  // Weights that no example reaches, of a size that float has in full; what they decay by it has
  // not. As zero it leaves them where they are.
  constexpr Index width = 512;
  const Dataset nothing{Tensor(Shape{8, width}), Tensor(Shape{8}, DType::int64)};
  for (const unsigned threads : {1U, 2U}) {
    Sequential model{nn::Linear(constant({width, width}, 1.5e-38), constant({width}, 0))};
    TrainerOptions options = quiet(Sgd{.learning_rate = 1, .weight_decay = 0.5});
    options.batch_size = 8;
    options.threads = threads;
    Trainer(model, nothing, options).fit(1);
    const std::vector<Tensor> after = values_of(model);
    const auto start = static_cast<double>(1.5e-38F);
    BOOST_TEST(std::ranges::count(after[0].data<double>(), start) == width * width);
  }
}

BOOST_AUTO_TEST_CASE(each_element_of_a_gradient_is_limited) {
  TrainerOptions options = quiet(Sgd{.learning_rate = 1});
  options.max_gradient_value = 1e-3;
  options.batch_size = 120;
  const std::vector<Tensor> after = trained(options, 1), before = [] {
    Sequential model = spiral_model();
    return values_of(model);
  }();
  // Half a unit in the last place of a weight below 1, twice: where it starts and where it ends.
  BOOST_TEST(largest_difference(after, before) <= 1e-3 + 0x1p-23);
  BOOST_TEST(largest_difference(after, before) >= 1e-3 - 0x1p-23);
}

BOOST_AUTO_TEST_CASE(groups_have_rates_and_optimisers_of_their_own) {
  TrainerOptions options = quiet(Sgd{.learning_rate = 0.1});
  options.batch_size = 120;
  const std::vector<Tensor> plain = trained(options, 1);
  Sequential model = spiral_model();
  const std::vector<Tensor> start = values_of(model);
  // 0.weight, 0.bias, 3.weight, 3.bias: the longest path that fits decides.
  options.groups = {
      {"0", 0}, {"0.bias", 0.5}, {"3.bias", 1, Optimizer(Lion{.learning_rate = 0.01})}};
  Trainer trainer(model, data(), options);
  BOOST_TEST(trainer.recorded().optimizers.size() == 4u);
  trainer.fit(1);
  const std::vector<Tensor> after = values_of(model);
  const auto moved = [&](std::size_t p) { return largest_difference({after[p]}, {start[p]}); };
  const auto plainly = [&](std::size_t p) { return largest_difference({plain[p]}, {start[p]}); };
  BOOST_TEST(moved(0) <= 0x1p-24);  // what rounding to float moves
  BOOST_TEST(std::abs(moved(1) - 0.5 * plainly(1)) <= 0x1p-23);
  BOOST_TEST((after[2] == plain[2]));
  BOOST_TEST(std::abs(moved(3) - 0.01) <= 0x1p-23);  // Lion moves all by its rate
}

BOOST_AUTO_TEST_CASE(a_schedule_sets_the_rate_of_all_groups) {
  TrainerOptions options = quiet(Sgd{.learning_rate = 9});
  options.groups = {{"0", 0.5}};
  options.learning_rate = schedule::WarmUp{schedule::Cosine{0.2, 8}, 2};
  Sequential model = spiral_model();
  Trainer trainer(model, data(), options);
  const StepReport first = trainer.run_step(), second = trainer.run_step();
  BOOST_TEST(first.learning_rate == 0.1);
  BOOST_TEST(second.learning_rate == schedule::cosine(0.2, 1, 8));
  for (std::size_t g = 0; g < 2; ++g) {
    const Var rate = trainer.recorded().optimizers[g].learning_rate;
    BOOST_TEST(trainer.workspace()[rate][0] ==
               static_cast<float>(second.learning_rate * (g == 0 ? 1 : 0.5)));
  }
}

BOOST_AUTO_TEST_CASE(a_rate_that_cannot_be_names_its_step) {
  for (const double bad : {-1e-3, double{NAN}, double{INFINITY}}) {
    Sequential model = spiral_model();
    TrainerOptions options = quiet(Adam{});
    options.learning_rate = [=](Index step) { return step < 2 ? 0 : bad; };
    const Dataset& all = data();
    Trainer trainer(model, all, options);
    trainer.run_step();
    trainer.run_step();
    BOOST_CHECK_EXCEPTION(trainer.run_step(), ValueError, [&](const ValueError& e) {
      return e.what() == fmt::format(
                             "trainer: learning_rate says {} for step 2: a finite number "
                             "that is not negative is needed",
                             bad);
    });
  }
}

BOOST_AUTO_TEST_CASE(frozen_parameters_stay) {
  Sequential model = spiral_model();
  freeze(model, "0");
  const std::vector<Tensor> before = values_of(model);
  Trainer(model, data(), quiet(Adam{.learning_rate = 0.1})).fit(2);
  const std::vector<Tensor> after = values_of(model);
  // To the bit, also of what float32 does not hold.
  for (std::size_t p : {0, 1}) BOOST_TEST((after[p] == before[p]));
  for (std::size_t p : {2, 3}) BOOST_TEST(largest_difference({after[p]}, {before[p]}) > 0.1);
}

BOOST_AUTO_TEST_CASE(the_average_of_the_weights_is_what_is_used) {
  TrainerOptions options = quiet(Sgd{.learning_rate = 0.2});
  Sequential raw_model = spiral_model();
  Trainer raw(raw_model, data(), options);
  options.average_decay = 0.75;
  Sequential model = spiral_model();
  Trainer trainer(model, data(), options);
  std::vector<Tensor> average;
  for (int step = 0; step < 6; ++step) {
    raw.run_step();
    raw.store();
    trainer.run_step();
    std::vector<Tensor> now = values_of(raw_model);
    for (std::size_t p = 0; step > 0 && p < now.size(); ++p) {
      for (std::size_t i = 0; i < now[p].data<double>().size(); ++i) {
        double& v = now[p].data<double>()[i];
        v = 0.75 * average[p].data<double>()[i] + 0.25 * v;
      }
    }
    average = std::move(now);
  }
  trainer.store();
  // Six averages in float of weights of order one.
  BOOST_TEST(largest_difference(values_of(model), average) <= 6 * 0x1p-23);
  BOOST_TEST(largest_difference(values_of(model), values_of(raw_model)) > 1e-3);
  BOOST_TEST(trainer.accuracy(data()) == Trainer(model, data(), options).accuracy(data()));
  // Training itself goes on from the weights, not from their average.
  BOOST_TEST(trainer.run_step().cost == raw.run_step().cost);
}

BOOST_AUTO_TEST_CASE(a_transform_changes_what_is_trained_on_and_nothing_else) {
  TrainerOptions options = quiet(Sgd{.learning_rate = 0.1});
  std::vector<Index> steps;
  options.transform = [&](Index step, std::span<const Index> rows, std::string_view column,
                          std::span<float> values) {
    BOOST_TEST(column == "input");
    BOOST_TEST(values.size() == 2 * rows.size());
    steps.push_back(step);
    for (float& v : values) v = -v;
  };
  Dataset mirrored = data();
  for (double& v : mirrored.inputs.data<double>()) v = -v;
  Sequential model = spiral_model(), other = spiral_model();
  Trainer trainer(model, data(), options);
  options.transform = {};
  Trainer plain(other, mirrored, options);
  for (int i = 0; i < 5; ++i) BOOST_TEST(trainer.run_step().cost == plain.run_step().cost);
  BOOST_TEST(steps == (std::vector<Index>{0, 1, 2, 3, 4}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(callbacks_see_each_step_and_epoch_and_can_stop) {
  TrainerOptions options = quiet(Adam{});
  std::vector<Index> steps;
  std::vector<int> epochs, saved;
  Trainer* at_work = nullptr;
  options.after_step = [&](const StepReport& s) {
    steps.push_back(s.step);
    if (s.step == 5) at_work->stop();
  };
  options.after_epoch = [&](const EpochReport& e) { epochs.push_back(e.epoch); };
  options.save = [&](const Trainer& t) { saved.push_back(static_cast<int>(t.step())); };
  options.save_every = 3;
  Sequential model = spiral_model();
  Trainer trainer(model, data(), options);
  at_work = &trainer;
  const TrainingReport report = trainer.fit(9);
  BOOST_TEST((report.ending == Ending::asked));
  BOOST_TEST(trainer.step() == 6);
  BOOST_TEST(steps == (std::vector<Index>{0, 1, 2, 3, 4, 5}), boost::test_tools::per_element());
  BOOST_TEST(epochs == std::vector<int>{1}, boost::test_tools::per_element());
  // Every third step, the end of the epoch, and once where it ended.
  BOOST_TEST(saved == (std::vector<int>{3, 4, 6}), boost::test_tools::per_element());
  BOOST_TEST((trainer.fit(3).ending == Ending::epochs));
  BOOST_TEST(trainer.epoch() == 3);
  BOOST_TEST(trainer.history().size() == 3u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
