// The main job: a 784-128-10 classifier of Fashion-MNIST, trained with dropout and an L2 penalty,
// and every gradient on the way held against an oracle:
//
//   1. every op by itself, on all of its samples;
//   2. the network's dθ at initialisation, penalty included and dropout masks frozen;
//   3. training, which runs no check;
//   4. the network's dθ again where training ended.

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <iostream>
#include <thread>

#include "autodiff/grad.hpp"
#include "fashion_mnist_parts.hpp"
#include "gradcheck/bridge/network_check.hpp"
#include "gradcheck/report/report_html.hpp"
#include "nn/nn.hpp"

namespace {

using namespace dtheta;
using namespace main_job;

nn::Sequential make_model(const Settings& s) {
  const std::uint32_t seed = 1;
  return {nn::Linear(784, 128, {seed, 0}), nn::Activation::relu,
          nn::Dropout(s.keep_prob, {seed, 1}), nn::Linear(128, 10, {seed, 2})};
}

class Job {
 public:
  explicit Job(const Settings& s)
      : s_(s),
        data_(nn::fashion_mnist(s.data)),
        model_(make_model(s)),
        batch_(nn::Table(data_.train).head(s.check_batch)),
        penalty_{nn::Penalty::l2, s.lambda, nn::Convention::lambda_over_2m} {}

  int run() {
    bool good = check_ops();
    good &= check_network("at initialisation", "initial.html");
    const double accuracy = train();
    good &= check_network("after training", "trained.html");
    fmt::print("\n{}; test accuracy {:.4f}; report: {}/{{ops,initial,trained}}.html\n",
               good ? "every gradient agrees with its oracle" : "A GRADIENT IS WRONG", accuracy,
               s_.report);
    return good ? 0 : 1;
  }

 private:
  bool check_ops() {
    if (!s_.quick) return main_job::check_ops({all_ops().begin(), all_ops().end()}, s_);
    Tape tape;
    const auto recorded = record(tape);
    static_cast<void>(grad(recorded.cost, nn::leaves_of(recorded.parameters)));
    return main_job::check_ops(ops_of(tape), s_);
  }

  /// The cost that training minimises, on a batch of its own: mean cross-entropy + lambda/2m |W|^2.
  nn::RecordedCost record(Tape& tape) const {
    return nn::record_cost(tape, model_, batch_["input"], batch_["target"],
                           {.regularizers = {penalty_}, .examples = data_.train.count()});
  }

  bool check_network(std::string_view when, const std::string& page) {
    const auto start = std::chrono::steady_clock::now();
    Tape tape;
    const nn::RecordedCost recorded = record(tape);
    gradcheck::NetworkOptions options;
    options.frozen_masks = true;
    options.threads = std::max(1U, std::thread::hardware_concurrency());
    const gradcheck::Result result = gradcheck::check_network(recorded, options);
    fmt::print(
        "\ndθ {}, {} parameters, batch of {}  ({:.1f} s)\n{}", when, result.analytic.size(),
        s_.check_batch, seconds_since(start),
        gradcheck::report(result, {.colour = gradcheck::is_terminal(stdout), .components = 4}));
    write(s_.report, page, gradcheck::report_html(result, fmt::format("dθ {}", when)));
    return result.verdict != gradcheck::Verdict::fail;
  }

  double train() {
    nn::TrainerOptions options;
    options.batch_size = s_.batch_size;
    options.regularizers = {penalty_};
    options.optimizer = nn::Adam{.learning_rate = 1e-3};
    nn::Trainer trainer(model_, data_.train, options);
    fmt::print("\ntraining 784-128-10 on {} images, batch {}, dropout {}, L2 {}\n",
               data_.train.count(), s_.batch_size, s_.keep_prob, s_.lambda);
    double accuracy = 0;
    trainer.fit(s_.epochs, [&](const nn::EpochReport& epoch) {
      accuracy = trainer.accuracy(data_.test);
      fmt::print("  epoch {:>2}  cost {:.4f}  test accuracy {:.4f}  {:.1f} s\n", epoch.epoch,
                 epoch.cost, accuracy, epoch.seconds);
      std::fflush(stdout);
    });
    return accuracy;
  }

  Settings s_;
  nn::DatasetSplit data_;
  nn::Sequential model_;
  nn::Table batch_;
  nn::Regularizer penalty_;
};

}  // namespace

int main(int argc, char** argv) {
  try {
    const Settings settings = parse(argc, argv);
    return settings.help ? 0 : Job(settings).run();
  } catch (const std::exception& e) {
    fmt::print(stderr, "fashion_mnist: {}\n", e.what());
    return 2;
  }
}
