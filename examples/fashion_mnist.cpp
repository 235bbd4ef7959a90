// The main job: a 784-128-10 classifier of Fashion-MNIST, trained with dropout and an L2 penalty,
// and every gradient on the way held against an oracle:
//
//   1. every op by itself, on all of its samples;
//   2. the network's dθ at initialisation, penalty included and dropout masks frozen;
//   3. training, which runs no check;
//   4. the network's dθ again where training ended.

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <thread>

#include "autodiff/grad.hpp"
#include "autodiff/ops/registry.hpp"
#include "gradcheck/bridge/network_check.hpp"
#include "gradcheck/bridge/ops/op_table.hpp"
#include "gradcheck/report.hpp"
#include "gradcheck/report/report_html.hpp"
#include "nn/data/dataset.hpp"
#include "nn/layers/dropout.hpp"
#include "nn/layers/linear.hpp"
#include "nn/layers/sequential.hpp"
#include "nn/model_cost.hpp"
#include "nn/train/trainer.hpp"

namespace {

using namespace dtheta;
namespace po = boost::program_options;

struct Settings {
  bool quick = false;
  bool help = false;
  int epochs = 12;
  Index batch_size = 64;
  Index check_batch = 16;
  double lambda = 2.0;  // L2 penalty lambda / 2m over the m training examples
  double keep_prob = 0.8;
  std::string data = nn::fashion_mnist_directory;
  std::string report = "build/report";
};

Settings parse(int argc, char** argv) {
  Settings s;
  po::options_description options("usage: fashion_mnist [options]\n\noptions");
  options.add_options()("help,h", po::bool_switch(&s.help), "print this text")(
      "quick", po::bool_switch(&s.quick), "a taste in some seconds: fewer ops, two epochs")(
      "epochs", po::value(&s.epochs)->default_value(s.epochs), "passes over the training images")(
      "data", po::value(&s.data)->default_value(s.data), "folder of the four IDX files")(
      "report", po::value(&s.report)->default_value(s.report), "folder for the report");
  po::variables_map values;
  po::store(po::parse_command_line(argc, argv, options), values);
  po::notify(values);
  if (s.help) std::cout << options;
  if (s.quick && values["epochs"].defaulted()) s.epochs = 2;
  return s;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

nn::Sequential make_model(const Settings& s) {
  const std::uint32_t seed = 1;
  return {nn::Linear(784, 128, {seed, 0}), nn::Activation::relu,
          nn::Dropout(s.keep_prob, {seed, 1}), nn::Linear(128, 10, {seed, 2})};
}

/// The first examples of a data set.
nn::Dataset head_of(const nn::Dataset& data, Index count) {
  std::vector<Index> rows(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<Index>(i);
  nn::Dataset head{Tensor(Shape{count, data.inputs.shape()[1]}, data.inputs.dtype()),
                   Tensor(Shape{count}, DType::int64)};
  nn::gather_rows(data.inputs, rows, head.inputs);
  nn::gather_rows(data.labels, rows, head.labels);
  return head;
}

/// The ops by which the network is computed and differentiated.
std::vector<const OpRecord*> ops_of(const Tape& tape) {
  std::set<const OpRecord*> used;
  for (std::uint32_t i = 0; i < tape.size(); ++i) {
    if (tape.node(i).role == Role::op) used.insert(tape.node(i).op);
  }
  std::vector<const OpRecord*> ops;
  for (const OpRecord* op : all_ops()) {
    if (used.contains(op)) ops.push_back(op);
  }
  return ops;
}

void write(const std::string& folder, const std::string& name, const std::string& text) {
  std::filesystem::create_directories(folder);
  std::ofstream(std::filesystem::path(folder) / name) << text;
}

class Job {
 public:
  explicit Job(const Settings& s)
      : s_(s),
        data_(nn::fashion_mnist(s.data)),
        model_(make_model(s)),
        batch_(head_of(data_.train, s.check_batch)),
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
    const auto start = std::chrono::steady_clock::now();
    std::vector<const OpRecord*> ops(all_ops().begin(), all_ops().end());
    if (s_.quick) {
      Tape tape;
      const auto recorded = record(tape);
      static_cast<void>(grad(recorded.cost, nn::leaves_of(recorded.parameters)));
      ops = ops_of(tape);
    }
    const bool watched = gradcheck::is_terminal(stderr);
    std::size_t done = 0;
    const auto reports = gradcheck::self_test_all(
        ops, std::max(1U, std::thread::hardware_concurrency()), [&](const gradcheck::OpReport& r) {
          if (watched) fmt::print(stderr, "\r\033[Kops {}/{} {}", ++done, ops.size(), r.op);
        });
    if (watched) fmt::print(stderr, "\r\033[K");
    write(s_.report, "ops.html", gradcheck::op_table_html(reports));

    bool good = true;
    std::size_t cases = 0;
    double worst = 0;
    for (const gradcheck::OpReport& r : reports) {
      cases += r.cases;
      worst = std::max(worst, r.difference);
      if (!r) std::cout << r;
      good &= static_cast<bool>(r);
    }
    fmt::print("{} ops, {} cases: {}; worst difference from a quad difference {:.1e}  ({:.1f} s)\n",
               ops.size(), cases, good ? "all pass" : "SOME FAIL", worst, seconds_since(start));
    return good;
  }

  /// The cost that training minimises, on a batch of its own: mean cross-entropy + lambda/2m |W|^2.
  nn::RecordedCost record(Tape& tape) const {
    return nn::record_cost(tape, model_, batch_.inputs, batch_.labels,
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
  nn::Dataset batch_;
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
