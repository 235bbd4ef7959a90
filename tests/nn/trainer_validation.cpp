// Epochs: validation, early stopping, schedules that follow it, logs, Ctrl-C.

#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "data/files.hpp"
#include "nn/train/evaluator.hpp"
#include "nn/train/interrupt.hpp"
#include "nn/train/training_log.hpp"
#include "spiral.hpp"

namespace dtheta::nn::test {
namespace {

const Dataset& data() {
  static const Dataset all = spiral(40);
  return all;
}

std::string text_of(const std::string& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A metric that says one number after the other, whatever the outputs.
Metric scripted(std::string name, std::vector<double> values, bool larger_is_better) {
  auto next = std::make_shared<std::size_t>(0);
  return {.name = std::move(name),
          .add = [](const Tensor&, const Table&, std::vector<double>&) {},
          .value = [next, values](std::span<const double>) { return values.at((*next)++); },
          .larger_is_better = larger_is_better};
}

TrainerOptions validated(const Dataset& validation) {
  TrainerOptions options = quiet(Adam{.learning_rate = 0.02});
  options.validation = validation;
  return options;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(trainer_validation)

BOOST_AUTO_TEST_CASE(validation_is_the_model_in_use_on_those_examples) {
  const Dataset others = spiral(100);  // 300: more than one batch of the evaluation
  Sequential model = stateful_model();
  TrainerOptions options = validated(others);
  options.metrics = {metric::accuracy()};
  Trainer trainer(model, data(), options);
  trainer.fit(2);
  Evaluator evaluator(model, {2});
  BOOST_TEST(trainer.history().back()["accuracy"] == evaluator.accuracy(others));
  // The same from the outputs, in double: 300 terms of order one, rounded to float.
  const Tensor outputs = evaluator.predict(others.inputs);
  std::vector<double> sums;
  const Metric perplexity = metric::perplexity();
  perplexity.add(outputs, Table(others), sums);
  BOOST_TEST(std::abs(std::log(perplexity.value(sums)) -
                      trainer.history().back()["validation cost"]) < 1e-5);
  BOOST_CHECK_THROW(static_cast<void>(trainer.history().back()["recall"]), ValueError);
}

BOOST_AUTO_TEST_CASE(a_split_is_apart_from_what_is_trained_on) {
  const Dataset& all = data();
  std::set<Index> trained;
  TrainerOptions options = quiet(Sgd{.learning_rate = 0});
  options.validation_split = 0.25;
  options.transform = [&](Index, std::span<const Index> rows, std::string_view, std::span<float>) {
    trained.insert(rows.begin(), rows.end());
  };
  Sequential model = spiral_model();
  Trainer trainer(model, all, options);
  BOOST_TEST(trainer.steps_per_epoch() == 3);
  trainer.fit(2);
  BOOST_TEST(trained.size() == 90u);
  // The weights stand still: the cost of all is that of the two parts.
  const double whole = trainer.evaluate(all).front().value;
  BOOST_TEST(std::abs(0.75 * trainer.history()[0].cost +
                      0.25 * trainer.history()[0]["validation cost"] - whole) < 1e-6);
}

BOOST_AUTO_TEST_CASE(early_stopping_waits_and_brings_back_the_best_weights_and_buffers) {
  const Dataset others = spiral(10);
  TrainerOptions options = validated(others);
  //                                     1    2    3    4    5    6: 3 is the best
  options.metrics = {scripted("score", {0.3, 0.5, 0.9, 0.9, 0.2, 0.1, 0.0}, true)};
  options.early_stopping = EarlyStopping{.patience = 2, .watch = "score"};
  Sequential model = stateful_model(), three = stateful_model();
  Trainer trainer(model, data(), options);
  const TrainingReport report = trainer.fit(50);
  BOOST_TEST((report.ending == Ending::early));
  BOOST_TEST(report.epochs.size() == 6u);
  BOOST_TEST((report.best_epoch == 3));
  options.metrics = {};
  options.early_stopping = {};
  Trainer(three, data(), options).fit(3);
  BOOST_TEST((values_of(model) == values_of(three)));
  // Running statistics are of that epoch, too: the two say the same of everything.
  BOOST_TEST((Evaluator(model, {2}).predict(others.inputs) ==
              Evaluator(three, {2}).predict(others.inputs)));
  BOOST_TEST((trainer.predict(others) == Evaluator(three, {2}).predict(others.inputs)));
}

BOOST_AUTO_TEST_CASE(early_stopping_of_a_cost_wants_it_small_and_by_enough) {
  const Dataset others = spiral(10);
  TrainerOptions options = validated(others);
  options.metrics = {scripted("loss", {3, 2, 1.95, 1.91, 1.5, NAN, 9, 9}, false)};
  options.early_stopping = EarlyStopping{.patience = 1, .min_change = 0.1, .watch = "loss"};
  Sequential model = spiral_model();
  Trainer trainer(model, data(), options);
  const TrainingReport report = trainer.fit(50);
  BOOST_TEST((report.best_epoch == 2));
  BOOST_TEST(report.epochs.size() == 4u);
}

BOOST_AUTO_TEST_CASE(the_best_weights_do_not_change_how_training_goes_on) {
  const Dataset others = spiral(10);
  const auto options = [&] {
    TrainerOptions o = validated(others);
    o.metrics = {scripted("score", {0.9, 0.5, 0.4, 0.3, 0.2}, true)};
    o.early_stopping = EarlyStopping{.patience = 9, .watch = "score"};
    return o;
  };
  Sequential model = stateful_model(), other = stateful_model();
  Trainer in_two(model, data(), options()), at_once(other, data(), options());
  in_two.fit(2);
  in_two.fit(4);
  at_once.fit(4);
  BOOST_TEST(same_bits(in_two.state(), at_once.state()));
}

BOOST_AUTO_TEST_CASE(a_plateau_lowers_the_rate) {
  const Dataset others = spiral(10);
  TrainerOptions options = validated(others);
  options.metrics = {scripted("score", {1, 1, 1, 1, 1, 1}, true)};
  options.plateau = PlateauSchedule{.factor = 0.5, .patience = 1, .watch = "score"};
  Sequential model = spiral_model();
  Trainer trainer(model, data(), options);
  trainer.fit(6);
  std::vector<double> rates;
  for (const EpochReport& e : trainer.history()) rates.push_back(e.learning_rate);
  // The first is the best; the two after it make one more than the patience.
  BOOST_TEST(rates == (std::vector<double>{0.02, 0.02, 0.02, 0.01, 0.01, 0.005}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(logs_hold_all_epochs_after_each) {
  const TempFolder folder;
  const Dataset others = spiral(10);
  TrainerOptions options = validated(others);
  options.metrics = {metric::accuracy()};
  options.csv = folder / "run.csv";
  options.curves = folder / "run.html";
  std::vector<std::size_t> lines;
  options.after_epoch = [&](const EpochReport&) {
    const std::string text = text_of(options.csv);
    lines.push_back(static_cast<std::size_t>(std::ranges::count(text, '\n')));
  };
  Sequential model = spiral_model();
  Trainer trainer(model, data(), options);
  trainer.fit(3);
  BOOST_TEST(lines == (std::vector<std::size_t>{2, 3, 4}), boost::test_tools::per_element());
  const std::string csv = text_of(options.csv), page = text_of(options.curves);
  BOOST_TEST(
      csv.starts_with("epoch,steps,cost,seconds,learning_rate,validation cost,accuracy\n1,4,"));
  BOOST_TEST(csv == history_csv(trainer.history()));
  BOOST_TEST(page.starts_with("<!doctype html>"));
  const auto count = [&](const std::string& what) {
    std::size_t n = 0;
    for (auto at = page.find(what); at != std::string::npos; at = page.find(what, at + 1)) ++n;
    return n;
  };
  BOOST_TEST(count("<svg ") == 3u);          // costs, accuracy, learning rate
  BOOST_TEST(count("class='curve'") == 4u);  // two costs in one figure
  BOOST_TEST(count("<circle ") == 4u * 3u);  // each epoch of each
  BOOST_TEST(count("http") == 0u);           // it needs nothing else
  BOOST_TEST(count("nan") == 0u);
}

BOOST_AUTO_TEST_CASE(names_are_quoted_where_they_must_be) {
  EpochReport epoch{.epoch = 1, .metrics = {{"a,\"b\" <c>", 0.5}}};
  BOOST_TEST(history_csv({&epoch, 1}) ==
             "epoch,steps,cost,seconds,learning_rate,\"a,\"\"b\"\" <c>\"\n1,0,0,0.000,0,0.5\n");
  BOOST_TEST((learning_curves({&epoch, 1}).find("a,\"b\" &lt;c&gt;") != std::string::npos));
  BOOST_TEST((learning_curves({}).find("<svg") == std::string::npos));
}

BOOST_AUTO_TEST_CASE(ctrl_c_ends_after_the_step_with_everything_stored) {
  struct sigaction before {
  }, during{}, after{};
  ::sigaction(SIGINT, nullptr, &before);
  TrainerOptions options = quiet(Adam{});
  int saved = 0;
  options.save = [&](const Trainer& t) { saved = static_cast<int>(t.step()); };
  options.after_step = [&](const StepReport& s) {
    if (s.step != 5) return;
    ::sigaction(SIGINT, nullptr, &during);
    ::raise(SIGINT);
  };
  Sequential model = spiral_model(), other = spiral_model();
  Trainer trainer(model, data(), options);
  const TrainingReport report = trainer.fit(9);
  ::sigaction(SIGINT, nullptr, &after);
  BOOST_TEST((report.ending == Ending::interrupted));
  BOOST_TEST(trainer.step() == 6);
  BOOST_TEST(saved == 6);
  BOOST_TEST((during.sa_handler != before.sa_handler));
  BOOST_TEST((after.sa_handler == before.sa_handler));
  Trainer six(other, data(), quiet(Adam{}));
  for (int i = 0; i < 6; ++i) six.run_step();
  six.store();
  BOOST_TEST((values_of(model) == values_of(other)));
  // It can go on, and is not interrupted by what was.
  options.after_step = {};
  BOOST_TEST((trainer.fit(2).ending == Ending::epochs));
}

BOOST_AUTO_TEST_CASE(a_second_ctrl_c_finds_the_handler_of_before) {
  static int caught = 0;
  struct sigaction own {
  }, before{};
  own.sa_handler = [](int) { ++caught; };
  ::sigaction(SIGINT, &own, &before);
  {
    const detail::InterruptGuard guard(true);
    BOOST_TEST(!guard.interrupted());
    ::raise(SIGINT);
    BOOST_TEST(guard.interrupted());
    BOOST_TEST(caught == 0);
    ::raise(SIGINT);
    BOOST_TEST(caught == 1);
  }
  ::raise(SIGINT);
  BOOST_TEST(caught == 2);
  {
    const detail::InterruptGuard off(false);
    ::raise(SIGINT);
    BOOST_TEST(!off.interrupted());
    BOOST_TEST(caught == 3);
  }
  ::sigaction(SIGINT, &before, nullptr);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
