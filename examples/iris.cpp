// Fisher's irises: a table is read from a CSV file, split, standardised, and learned; then the
// gradient is checked on some of its rows.
//   iris [FILE]

#include <fmt/format.h>

#include <exception>
#include <iostream>
#include <string>

#include "gradcheck/bridge/network_check.hpp"
#include "nn/nn.hpp"

namespace {

using namespace dtheta;

int run(const std::string& file) {
  const nn::CsvTable table = nn::read_csv(file);
  const nn::CsvColumn& species = table["species"];  // categories, by their names
  auto [train, test, classes] =
      nn::split({table.features_without({"species"}), table.labels("species")}, 0.3, 4);
  const nn::Standardizer standard(train.inputs);  // by what the training part tells
  train.inputs = standard(train.inputs);
  test.inputs = standard(test.inputs);

  nn::Sequential model{nn::Linear(4, 16), nn::Activation::tanh, nn::Linear(16, classes)};
  nn::initialize(model, 1);
  nn::TrainerOptions options{.batch_size = 15, .optimizer = nn::AdamW{.learning_rate = 0.01}};
  options.validation_split = 0.2;
  options.early_stopping = nn::EarlyStopping{.patience = 20};
  nn::Trainer trainer(model, train, options);
  const nn::TrainingReport report = trainer.fit(200);
  fmt::print("{} irises; training ended after {} epochs, the best was {}\n", train.count(),
             report.epochs.size(), report.best_epoch.value_or(0));

  nn::ConfusionMatrix matrix(classes);
  matrix.add(trainer.predict(test), test.labels);
  for (Index c = 0; c < classes; ++c) {
    fmt::print("  {:<10}  precision {:.2f}  recall {:.2f}\n",
               species.categories[static_cast<std::size_t>(c)], matrix.precision(c),
               matrix.recall(c));
  }
  fmt::print("accuracy {:.3f} on {} others\n", matrix.accuracy(), test.count());

  Tape tape;
  const auto result =
      gradcheck::check_network(nn::record_cost(tape, model, test.inputs, test.labels, {}));
  std::cout << result;
  return result ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc > 1 ? argv[1] : "examples/data/iris.csv");
  } catch (const std::exception& e) {
    fmt::print(stderr, "iris: {}\n", e.what());
    return 2;
  }
}
