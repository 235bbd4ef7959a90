// A transformer that sorts: it reads six digits and says them in order, all at once. What it has
// to find out is which digit stands at each place of the sorted sequence, whatever the others are.

#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "gradcheck/bridge/network_check.hpp"
#include "nn/nn.hpp"

namespace {

using namespace dtheta;

constexpr Index digits = 10, length = 6, width = 32;

/// Token ids (count, length) and the same, each row sorted: int64 columns need nothing special.
nn::Table sequences(Index count, std::uint32_t seed) {
  const Tensor drawn = nn::uniform({count, length}, 0, digits, {seed, 0});
  Tensor ids(drawn.shape(), DType::int64);
  std::ranges::transform(drawn.data<double>(), ids.data<Index>().begin(),
                         [](double v) { return static_cast<Index>(v); });
  Tensor sorted = ids;
  for (Index row = 0; row < count; ++row) {
    std::ranges::sort(sorted.data<Index>().subspan(static_cast<std::size_t>(row * length), length));
  }
  return {{"input", ids}, {"target", sorted}};
}

}  // namespace

int main() {
  const nn::EncoderLayer layer(width, 4, 2 * width, {.norm_first = true});
  nn::Sequential model{nn::Embedding(digits, width), nn::LearnedPositions(length, width),
                       nn::TransformerEncoder(layer, 2, nn::LayerNorm(width)),
                       nn::Linear(width, digits)};
  nn::initialize(model, 1);

  const nn::Table train = sequences(6000, 1), test = sequences(1000, 2);
  const int epochs = 10;
  nn::TrainerOptions options{.batch_size = 60, .optimizer = nn::Adam{}};
  options.learning_rate =
      nn::schedule::OneCycle{.rate = 5e-3, .duration = epochs * train.count() / options.batch_size};
  options.validation = test;
  options.metrics = {nn::metric::accuracy()};
  options.threads = 2;
  nn::Trainer trainer(model, train, options);
  trainer.fit(epochs, [](const nn::EpochReport& e) {
    if (e.epoch % 2 == 0) {
      fmt::print("epoch {:>2}  cost {:.4f}  accuracy {:.4f}\n", e.epoch, e.cost, e["accuracy"]);
    }
  });

  const Tensor said = nn::Evaluator(model, {length}, {.inputs = DType::int64})
                          .predict(test["input"]);  // (sequences, places, digits)
  Index right = 0;
  for (Index row = 0; row < test.count(); ++row) {
    bool all = true;
    for (Index place = row * length; place < (row + 1) * length; ++place) {
      const auto scores = said.data<float>().subspan(static_cast<std::size_t>(place * digits),
                                                     static_cast<std::size_t>(digits));
      const Index digit = std::ranges::max_element(scores) - scores.begin();
      all = all && digit == test["target"].data<Index>()[static_cast<std::size_t>(place)];
    }
    right += all ? 1 : 0;
  }
  fmt::print("sorted {} of {} new sequences\n", right, test.count());

  Tape tape;
  const nn::Table few = test.head(2);
  const auto result = gradcheck::check_network(
      nn::record_cost(tape, model, few, nn::cost_of(model, nn::Loss::cross_entropy_with_logits)));
  std::cout << result;
  return result ? 0 : 1;
}
