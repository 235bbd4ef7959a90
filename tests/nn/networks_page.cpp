// The code of docs/networks.md, compiled and run.

#include <fmt/core.h>

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iterator>
#include <string>

#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "nn/nn.hpp"

using namespace dtheta;
using namespace dtheta::nn;

namespace {

struct Block {
  Conv2d conv{8, 8, 3, {.padding = 1, .bias = false}};
  BatchNorm2d norm{8};
  Parameter scale = given("scale", constant({1}, 0.5));

  void fields(Fields& f) { f("conv", conv)("norm", norm)("scale", scale); }
  Var forward(Recording& r, Var x) const { return relu(x + r(scale) * r(norm, r(conv, x))); }
};

Sequential first_model() {
  Sequential model{Conv2d(1, 8, 3, {.padding = 1, .bias = false}),
                   BatchNorm2d(8),
                   Activation::relu,
                   MaxPool2d(2),
                   Flatten(),
                   Dropout(0.75),
                   Linear(8 * 14 * 14, 10)};
  initialize(model, 1);
  return model;
}

std::string text_of(const std::string& file_name) {
  std::ifstream file(DTHETA_TEST_DATA "/../../" + file_name);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(networks_page)

BOOST_AUTO_TEST_CASE(paths_and_freezing) {
  Sequential model = first_model();
  for (const auto& p : fields_of(model).parameters) fmt::print("{}\n", p.path);
  freeze(model, "0");  // what stands at or below it is recorded, but not trained
  unfreeze(model, "0");
  std::string paths;
  const Sequential blocks{Linear(4, 8), Block{}};
  for (const auto& p : fields_of(blocks).parameters) paths += p.path + " ";
  BOOST_TEST(paths == "0.weight 0.bias 1.conv.weight 1.norm.weight 1.norm.bias 1.scale ");
  BOOST_TEST(fields_of(blocks).buffers[0].path == "1.norm.running_mean");
}

BOOST_AUTO_TEST_CASE(the_summary_is_as_printed) {
  const Sequential model = first_model();
  const std::string text = to_string(summary(model, {32, 1, 28, 28}));
  fmt::print("{}", to_string(summary(model, {32, 1, 28, 28})));
  const std::string page = text_of("docs/networks.md");
  BOOST_TEST((page.find("```\n" + text + "```\n") != std::string::npos), text);
}

BOOST_AUTO_TEST_CASE(a_module_of_ones_own_is_a_layer) {
  Sequential model{Block{}, Block{}};
  initialize(model, 1);
  Tape tape;
  Recording recording(tape, fields_of(model));
  const Var y = recording(model, tape.leaf(constant({2, 8, 4, 4}, 1)));
  BOOST_TEST((y.shape() == Shape{2, 8, 4, 4}));
  BOOST_TEST(recording.unused().empty());
}

BOOST_AUTO_TEST_CASE(sequences_and_attention) {
  Tape tape;
  Recording r(tape);
  LSTM lstm(16, 32, {.layers = 2, .bidirectional = true});
  initialize(lstm, 1);
  {
    const Var x = tape.leaf(Tensor(Shape{2, 5, 16}));
    const Var lengths = tape.leaf(Tensor(Shape{2}, std::initializer_list<Index>{5, 3}));
    Var last = r(lstm, x, lengths);                               // (samples, 64)
    RecurrentOutputs all = lstm.run(r, x, {.lengths = lengths});  // outputs, h and c
    BOOST_TEST((last.shape() == Shape{2, 64}));
    BOOST_TEST((all.h.shape() == Shape{4, 2, 32}));
  }
  MultiHeadAttention attention(64, 4, {.causal = true});
  initialize(attention, 1);
  const Var x = tape.leaf(Tensor(Shape{2, 3, 64})), memory = tape.leaf(Tensor(Shape{2, 5, 64}));
  const Var padding = tape.leaf(Tensor(Shape{2, 5}));
  Var y = r(attention, x);
  Var z = r(attention, x, memory, AttentionMasks{.key_padding = padding});
  Attended both = attention.attend(r, x, memory, memory);  // values, and the weights of each head
  BOOST_TEST((y.shape() == Shape{2, 3, 64}));
  BOOST_TEST((z.shape() == Shape{2, 3, 64}));
  BOOST_TEST((both.weights.shape() == Shape{2, 4, 3, 5}));
}

BOOST_AUTO_TEST_SUITE_END()
