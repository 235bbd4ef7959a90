// An LSTM learns a poem by its characters, then goes on from its first words: once with the
// likeliest character each time, and once as drawn from what it holds likely.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <string>

#include "gradcheck/bridge/network_check.hpp"
#include "nn/nn.hpp"

namespace {

using namespace dtheta;

// W. Shakespeare, Sonnet 18 (1609).
const std::string poem =
    "Shall I compare thee to a summer's day?\n"
    "Thou art more lovely and more temperate:\n"
    "Rough winds do shake the darling buds of May,\n"
    "And summer's lease hath all too short a date;\n"
    "Sometime too hot the eye of heaven shines,\n"
    "And often is his gold complexion dimm'd;\n"
    "And every fair from fair sometime declines,\n"
    "By chance or nature's changing course untrimm'd;\n"
    "But thy eternal summer shall not fade,\n"
    "Nor lose possession of that fair thou ow'st;\n"
    "Nor shall death brag thou wander'st in his shade,\n"
    "When in eternal lines to time thou grow'st:\n"
    "So long as men can breathe or eyes can see,\n"
    "So long lives this, and this gives life to thee.\n";
constexpr std::size_t window = 20;

/// The characters that occur, in order: their places are the ids.
std::string alphabet_of(std::string text) {
  std::ranges::sort(text);
  text.erase(std::unique(text.begin(), text.end()), text.end());
  return text;
}
const std::string alphabet = alphabet_of(poem);

/// Writes `window` characters of the poem as ids.
void put(std::string_view text, std::span<Index> ids) {
  std::ranges::transform(text, ids.begin(),
                         [](char c) { return static_cast<Index>(alphabet.find(c)); });
}

/// From each place of the poem a window, and what comes behind each of its characters.
nn::Table windows() {
  const std::size_t count = poem.size() - window;
  const Shape shape{static_cast<Index>(count), static_cast<Index>(window)};
  Tensor now(shape, DType::int64), next(shape, DType::int64);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view text = poem;
    put(text.substr(i, window), now.data<Index>().subspan(i * window, window));
    put(text.substr(i + 1, window), next.data<Index>().subspan(i * window, window));
  }
  return {{"input", now}, {"target", next}};
}

/// The character behind a text: the likeliest, or the one that `dice` in [0, 1) falls on.
char after(nn::Evaluator& model, std::string_view text, std::optional<double> dice = {}) {
  Tensor ids(Shape{1, static_cast<Index>(window)}, DType::int64);
  put(text.substr(text.size() - window), ids.data<Index>());
  const Tensor logits = model.predict(ids);
  const auto last = logits.data<float>().last(alphabet.size());
  const auto likeliest = std::ranges::max_element(last);
  if (!dice) return alphabet[static_cast<std::size_t>(likeliest - last.begin())];
  double sum = 0;
  std::vector<double> sums;
  for (const float z : last) sums.push_back(sum += std::exp(static_cast<double>(z - *likeliest)));
  return alphabet[static_cast<std::size_t>(std::ranges::upper_bound(sums, *dice * sum) -
                                           sums.begin())];
}

}  // namespace

int main() {
  const auto letters = static_cast<Index>(alphabet.size());
  nn::Sequential model{nn::Embedding(letters, 16), nn::LSTM(16, 64, {.all_steps = true}),
                       nn::Linear(64, letters)};
  nn::initialize(model, 1);
  const nn::Table data = windows();
  nn::TrainerOptions options{.batch_size = 32, .optimizer = nn::Adam{.learning_rate = 8e-3}};
  options.max_gradient_norm = 1;
  options.threads = 2;
  nn::Trainer trainer(model, data, options);
  trainer.fit(25);
  fmt::print("perplexity {:.3f} of {} letters\n",
             trainer.evaluate(data, {nn::metric::perplexity()})[1].value, letters);

  nn::Evaluator evaluator(model, {static_cast<Index>(window)}, {.inputs = DType::int64});
  std::string recited = poem.substr(0, window), drawn = recited;
  const Tensor dice = nn::uniform({static_cast<Index>(poem.size())}, 0, 1, {2, 0});
  while (recited.size() < poem.size()) recited += after(evaluator, recited);
  while (drawn.size() < 200) drawn += after(evaluator, drawn, dice.data<double>()[drawn.size()]);
  const auto wrong = std::ranges::mismatch(recited, poem);
  fmt::print("recited {} of {} characters\n\n{} ...\n\n", wrong.in1 - recited.begin(), poem.size(),
             drawn);

  Tape tape;
  const nn::Table few = data.head(1);
  const auto result = gradcheck::check_network(
      nn::record_cost(tape, model, few, nn::cost_of(model, nn::Loss::cross_entropy_with_logits)));
  std::cout << result;
  return result ? 0 : 1;
}
