// Ranks that train together have the bits of one, and say so where they cannot.

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cmath>
#include <exception>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "../nn/spiral.hpp"
#include "autodiff/errors.hpp"
#include "nn/train/anomaly.hpp"
#include "threads.hpp"

namespace dtheta::nn::test {
namespace {

namespace bdata = boost::unit_test::data;

const Dataset& data() {
  static const Dataset all = spiral(80);  // 240 examples, of which 180 train
  return all;
}

/// All that a training can carry along.
TrainerOptions options_for(Index parts, Team* team) {
  TrainerOptions o = quiet(Adam{.learning_rate = 0.02});
  o.batch_size = 6 * parts;
  o.micro_batches = parts;
  o.team = team;
  o.validation_split = 0.25;
  o.metrics = {metric::accuracy(), metric::macro_f1()};
  o.early_stopping = EarlyStopping{.patience = 2, .watch = "accuracy"};
  o.plateau = PlateauSchedule{.patience = 0};
  o.max_gradient_norm = 1;
  o.average_decay = 0.9;
  return o;
}

/// What the ranks hold after some epochs, or after going on from a state.
TrainerState trained(int ranks, Index parts, int epochs, const TrainerState* from = nullptr) {
  std::vector<TrainerState> states(static_cast<std::size_t>(ranks));
  all_ranks(ranks, [&](Team& team) {
    Sequential model = stateful_model();
    Trainer trainer(model, data(), options_for(parts, &team));
    if (from != nullptr) trainer.restore(*from);
    trainer.fit(epochs);
    states[static_cast<std::size_t>(team.rank())] = trainer.state();
  });
  for (const TrainerState& s : states) BOOST_TEST(same_bits(s, states.front()));
  return states.front();
}

TrainerState alone(Index parts, int epochs) {
  Sequential model = stateful_model();
  Trainer trainer(model, data(), options_for(parts, nullptr));
  trainer.fit(epochs);
  return trainer.state();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(training)

BOOST_DATA_TEST_CASE(any_number_of_ranks_has_the_bits_of_one,
                     bdata::make({1, 2, 3, 4, 5, 6, 7, 8, 10}), ranks) {
  static const TrainerState one = alone(8, 4);
  BOOST_TEST(same_bits(trained(ranks, 8, 4), one));
}

BOOST_DATA_TEST_CASE(any_number_of_parts_can_be_shared,
                     bdata::make({2, 3, 5}) * bdata::make({2, 3}), parts, ranks) {
  BOOST_TEST(same_bits(trained(ranks, parts, 2), alone(parts, 2)));
}

BOOST_AUTO_TEST_CASE(training_goes_on_with_another_number_of_ranks) {
  // In the middle of an epoch.
  TrainerState middle;
  all_ranks(4, [&](Team& team) {
    Sequential model = stateful_model();
    Trainer trainer(model, data(), options_for(8, &team));
    for (int step = 0; step < 5; ++step) trainer.run_step();
    if (team.leads()) middle = trainer.state();
  });
  const TrainerState one = alone(8, 4);
  for (const int ranks : {1, 2, 3}) BOOST_TEST(same_bits(trained(ranks, 8, 4, &middle), one));
}

BOOST_AUTO_TEST_CASE(one_rank_that_asks_to_stop_stops_all) {
  std::vector<Index> steps(3);
  all_ranks(3, [&](Team& team) {
    Sequential model = stateful_model();
    TrainerOptions o = options_for(8, &team);
    Trainer* self = nullptr;
    o.after_step = [&](const StepReport& s) {
      if (team.rank() == 1 && s.step == 4) self->stop();
    };
    Trainer trainer(model, data(), o);
    self = &trainer;
    const bool asked = trainer.fit(9).ending == Ending::asked;
    steps[static_cast<std::size_t>(team.rank())] = asked ? trainer.step() : -1;
  });
  for (const Index s : steps) BOOST_TEST(s == 5);
}

BOOST_AUTO_TEST_CASE(files_are_written_by_rank_0) {
  std::vector<int> saved(3);
  all_ranks(3, [&](Team& team) {
    Sequential model = stateful_model();
    TrainerOptions o = options_for(8, &team);
    o.save = [&](const Trainer&) { ++saved[static_cast<std::size_t>(team.rank())]; };
    Trainer(model, data(), o).fit(2);
  });
  BOOST_TEST(saved == (std::vector{2, 0, 0}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(ranks_that_differ_are_refused_with_what_differs) {
  struct Difference {
    std::string named;
    std::function<void(Sequential&, Dataset&, TrainerOptions&)> make;
  };
  const std::vector<Difference> differences{
      {"model.0.weight", [](Sequential& m, Dataset&, TrainerOptions&) { m = stateful_model(2); }},
      {"the step and the settings", [](Sequential&, Dataset&, TrainerOptions& o) { o.seed = 3; }},
      {"the batch of this step",
       [](Sequential&, Dataset& d, TrainerOptions&) {
         for (double& x : d.inputs.data<double>()) x += 1;
       }},
      {"the parameters, buffers and the state of the optimiser",
       [](Sequential&, Dataset&, TrainerOptions& o) { o.optimizer = Sgd{}; }}};
  for (const Difference& d : differences) {
    const auto thrown = on_ranks(3, [&](Team& team) {
      Sequential model = stateful_model();
      Dataset own = data();
      TrainerOptions o = options_for(8, &team);
      if (team.rank() == 2) d.make(model, own, o);
      Trainer(model, own, o).fit(1);
    });
    for (const auto& e : thrown) {
      const std::string message = said<ValueError>(e);
      BOOST_TEST(message.find("the 3 ranks do not agree in") != std::string::npos, message);
      BOOST_TEST(message.find(d.named) != std::string::npos, message);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_rank_that_fails_is_an_error_on_all_at_once) {
  const auto start = std::chrono::steady_clock::now();
  const auto thrown = on_ranks(4, [&](Team& team) {
    Sequential model = stateful_model();
    TrainerOptions o = options_for(8, &team);
    o.transform = [&](Index step, std::span<const Index>, std::string_view, std::span<float>) {
      if (team.rank() == 2 && step == 3) throw std::runtime_error("the disk is full");
    };
    Trainer(model, data(), o).fit(3);
  });
  for (std::size_t r = 0; r < thrown.size(); ++r) {
    if (r == 2) {
      BOOST_TEST(said<std::runtime_error>(thrown[r]) == "the disk is full");
      continue;
    }
    const std::string message = said<LostRankError>(thrown[r]);
    BOOST_TEST(message.find("rank 2 has ended: the disk is full") != std::string::npos, message);
  }
  BOOST_TEST((std::chrono::steady_clock::now() - start) / std::chrono::seconds(1) < 20);
}

BOOST_AUTO_TEST_CASE(a_rank_that_is_silent_is_named_within_the_patience) {
  const auto thrown = on_ranks(
      2,
      [&](Team& team) {
        Sequential model = stateful_model();
        Trainer trainer(model, data(), options_for(8, &team));
        trainer.run_step();
        if (team.rank() == 1) return;  // as a process that was killed
        trainer.run_step();
      },
      5);
  BOOST_TEST(said<LostRankError>(thrown[0]) ==
             "rank 0 of 2: waited 5 s for the gradients of step 1 from rank 1, which is gone or "
             "hangs");
}

BOOST_AUTO_TEST_CASE(an_infinite_cost_is_found_on_all_ranks_alike) {
  const auto thrown = on_ranks(3, [&](Team& team) {
    Sequential model = stateful_model();
    TrainerOptions o = options_for(8, &team);
    o.max_gradient_norm.reset();
    o.transform = [](Index step, std::span<const Index>, std::string_view column,
                     std::span<float> values) {
      if (column == input_column && step == 2) values[0] = INFINITY;
    };
    Trainer(model, data(), o).fit(3);
  });
  for (const auto& e : thrown) {
    BOOST_TEST(said<AnomalyError>(e) == said<AnomalyError>(thrown.front()));
    BOOST_TEST(said<AnomalyError>(e).find("step 2") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_buffer_becomes_the_mean_of_what_the_parts_make_of_it) {
  // One step of batch norm: the running mean is a tenth of the mean over the whole batch, within
  // some roundings of numbers of order one.
  Sequential model{BatchNorm(2), Linear(2, 3)};
  initialize(model, 1);
  TrainerOptions o = quiet(Sgd{.learning_rate = 0});
  o.micro_batches = 3;
  std::vector<Index> rows;
  o.transform = [&](Index, std::span<const Index> part, std::string_view column, std::span<float>) {
    if (column == input_column) rows.insert(rows.end(), part.begin(), part.end());
  };
  Trainer trainer(model, data(), o);
  trainer.run_step();
  BOOST_REQUIRE(rows.size() == 30u);
  double mean = 0;
  for (const Index r : rows) {
    mean += data().inputs.data<double>()[static_cast<std::size_t>(2 * r)] / 30;
  }
  const TrainerState state = trainer.state();
  const Tensor* running = nullptr;
  for (const auto& t : state.tensors) {
    if (t.name.find("mean") != std::string::npos) running = &t.value;
  }
  BOOST_REQUIRE(running != nullptr);
  BOOST_TEST(std::abs(static_cast<double>(running->data<float>()[0]) - 0.1 * mean) <= 16 * 0x1p-24);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
