// Several processes train one classifier of Fashion-MNIST and check its gradient, before and after.
// With any number of them the weights have the same bits, and so have the checks' results:
//
//   mpirun -n 4 build/examples/distributed [--quick] [--epochs=N] [--checkpoint=FILE]
//                                          [--patience=SECONDS]
//
// --quick takes some seconds: fewer images, or drawn stripes where Fashion-MNIST is not installed.
// --checkpoint goes on from the file, if it is there, with as many processes as there are now.
// --patience is how long a process is waited for that does not answer.

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gradcheck/bridge/network_check.hpp"
#include "gradcheck/bridge/team_crew.hpp"
#include "gradcheck/report.hpp"
#include "nn/distributed/mpi.hpp"
#include "nn/nn.hpp"
#include "nn/train/checkpoint.hpp"
#include "stripes.hpp"

namespace {

using namespace dtheta;

struct Settings {
  bool quick = false;
  int epochs = 0;  // 0: 12, or 2 of the quick kind
  std::string checkpoint;
  double patience = 30;
};

Settings parse(int argc, char** argv) {
  Settings s;
  for (const std::string& argument : std::vector<std::string>(argv + 1, argv + argc)) {
    if (argument == "--quick")
      s.quick = true;
    else if (argument.starts_with("--epochs="))
      s.epochs = std::stoi(argument.substr(9));
    else if (argument.starts_with("--checkpoint="))
      s.checkpoint = argument.substr(13);
    else if (argument.starts_with("--patience="))
      s.patience = std::stod(argument.substr(11));
    else
      throw ValueError(fmt::format(
          "{} is not --quick, --epochs=N, --checkpoint=FILE or --patience=SECONDS", argument));
  }
  if (s.epochs == 0) s.epochs = s.quick ? 2 : 12;
  return s;
}

nn::Dataset first_of(const nn::Dataset& data, Index count) {
  const std::vector<Index> rows = nn::all_rows(count);
  return {nn::rows_of(data.inputs, rows), nn::rows_of(data.labels, rows)};
}

nn::DatasetSplit load(bool quick) {
  if (!quick) return nn::fashion_mnist();
  if (!std::filesystem::exists(nn::fashion_mnist_directory)) {
    return {draw_stripes(3200, 1), draw_stripes(500, 2), 10};
  }
  const nn::DatasetSplit all = nn::fashion_mnist();
  return {first_of(all.train, 6400), first_of(all.test, 1000)};
}

class Job {
 public:
  Job(nn::Team& team, const Settings& s)
      : team_(team),
        s_(s),
        data_(load(s.quick)),
        width_(s.quick ? 32 : 128),
        model_{nn::Linear(784, width_), nn::Activation::relu, nn::Dropout(0.8),
               nn::Linear(width_, 10)} {
    nn::initialize(model_, 1);
  }

  int run() {
    say(fmt::format("784-{}-10 on {} images, 8 parts a batch, {} ranks\n", width_,
                    data_.train.count(), team_.size()));
    const bool before = check("at initialisation");
    const double accuracy = train();
    const bool after = check("after training");
    const std::string verdict = before && after ? "pass" : "NOT PASSED";
    say(fmt::format("test accuracy {:.4f}; weights {:016x}; gradient check: {}\n", accuracy,
                    weights(), verdict));
    return before && after ? 0 : 1;
  }

 private:
  /// One speaks for all.
  void say(const std::string& text) const {
    if (!team_.leads()) return;
    fmt::print("{}", text);
    std::fflush(stdout);
  }

  double train() {
    nn::TrainerOptions options;
    options.batch_size = 64;
    options.micro_batches = 8;  // what can be shared; their number is part of the result
    options.team = &team_;
    options.optimizer = nn::Adam{.learning_rate = 1e-3};
    options.validation = data_.test;
    options.metrics = {nn::metric::accuracy()};
    if (!s_.checkpoint.empty()) options.save = nn::checkpoint_to(s_.checkpoint);
    nn::Trainer trainer(model_, data_.train, options);
    if (!s_.checkpoint.empty() && nn::resume(s_.checkpoint, trainer)) {
      say(fmt::format("resumed after step {}\n", trainer.step()));
    }
    trainer.fit(s_.epochs, [&](const nn::EpochReport& epoch) {
      say(fmt::format("  epoch {:>2}  cost {:.6f}  test accuracy {:.4f}\n", epoch.epoch, epoch.cost,
                      epoch["accuracy"]));
    });
    const nn::Traffic& traffic = team_.traffic();
    say(fmt::format("  rank 0 sent {} messages, {:.1f} MB, and waited {:.2f} s\n", traffic.messages,
                    static_cast<double>(traffic.bytes) / 1e6, traffic.seconds));
    return trainer.history().back()["accuracy"];
  }

  bool check(std::string_view when) {
    const nn::Dataset batch = first_of(data_.train, 16);
    Tape tape;
    const nn::RecordedCost cost = nn::record_cost(tape, model_, batch.inputs, batch.labels, {});
    const gradcheck::Crew crew = gradcheck::crew_of(team_);
    gradcheck::NetworkOptions options;
    options.frozen_masks = true;
    options.crew = &crew;
    const gradcheck::Result result = gradcheck::check_network(cost, options);
    say(fmt::format("dθ {}: {} of {} parameters, {} evaluations, difference {:.3e}\n", when,
                    to_string(result.verdict), result.analytic.size(), result.evaluations,
                    result.difference.value));
    if (!result) say(gradcheck::report(result));
    return static_cast<bool>(result);
  }

  /// A number that stands for all bits of the weights.
  std::uint64_t weights() {
    std::uint64_t all = 0;
    for (const nn::Parameter* p : nn::parameters_of(model_)) {
      all = nn::fingerprint(std::as_bytes(p->value.data<double>()), all);
    }
    return all;
  }

  nn::Team& team_;
  Settings s_;
  nn::DatasetSplit data_;
  Index width_;
  nn::Sequential model_;
};

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  try {
    settings = parse(argc, argv);
  } catch (const std::exception& e) {
    fmt::print(stderr, "distributed: {}\n", e.what());
    return 2;
  }
  nn::Mpi mpi(argc, argv, {.patience_seconds = settings.patience});
  try {
    return Job(mpi.team(), settings).run();
  } catch (const std::exception& e) {
    mpi.abort(e.what());
  }
}
