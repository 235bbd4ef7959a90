// What layers start from, and what they do that no number of PyTorch's can show.

#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/network/positional.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "autodiff/workspace.hpp"
#include "nn/nn.hpp"

namespace dtheta::nn::test {
namespace {

namespace bdata = boost::unit_test::data;

/// The largest absolute value of a parameter, and that all lie apart.
double largest(const Tensor& t) {
  double most = 0;
  for (const double v : t.data<double>()) most = std::max(most, std::abs(v));
  return most;
}

template <class M>
const Tensor& value_of(const M& model, std::string_view path) {
  for (const auto& p : fields_of(model).parameters) {
    if (p.path == path) return p.member->value;
  }
  throw std::logic_error("no parameter " + std::string(path));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(layers_behaviour)

BOOST_AUTO_TEST_CASE(first_values_are_pytorchs) {
  // Uniform in (-bound, bound) with bound = 1 / sqrt(fan): of that many numbers the largest lies
  // within 2% of the bound but for a chance of 0.98^n.
  const auto expect = [](Tensor t, double fan) {
    const double bound = 1 / std::sqrt(fan);
    BOOST_TEST(largest(t) <= bound);
    BOOST_TEST(largest(t) >= 0.98 * bound);
  };
  Conv2d conv(8, 32, 3, {.groups = 2});
  initialize(conv, 1);
  expect(value_of(conv, "weight"), 4 * 9);
  BOOST_TEST(largest(value_of(conv, "bias")) <= 1 / 6.0);
  ConvTranspose1d transposed(32, 8, 3, {.groups = 2});
  initialize(transposed, 1);
  expect(value_of(transposed, "weight"), 4 * 3);
  Bilinear bilinear(5, 20, 30);
  initialize(bilinear, 1);
  expect(value_of(bilinear, "weight"), 5);
  GRU gru(3, 16, {.layers = 2, .bidirectional = true});
  initialize(gru, 1);
  expect(value_of(gru, "weight_ih_l1_reverse"), 16);
  MultiHeadAttention attention(16, 2);
  initialize(attention, 1);
  expect(value_of(attention, "in_proj_weight"), (16 + 48) / 6.0);  // Glorot's, of (48, 16)
  expect(value_of(attention, "out_proj.weight"), 16);
  BOOST_TEST(largest(value_of(attention, "in_proj_bias")) == 0.0);
  BOOST_TEST(largest(value_of(attention, "out_proj.bias")) == 0.0);
}

BOOST_AUTO_TEST_CASE(norms_start_as_plain_ones) {
  Sequential model{BatchNorm2d(3), GroupNorm(1, 3), InstanceNorm2d(3, {.affine = true}),
                   LayerNorm(3), RMSNorm(3)};
  for (const auto& p : fields_of(model).parameters) {
    const bool is_weight = p.path.ends_with("weight");
    for (const double v : p.member->value.data<double>()) BOOST_TEST(v == (is_weight ? 1.0 : 0.0));
    BOOST_TEST(!p.member->regularized);
  }
}

BOOST_AUTO_TEST_CASE(an_embedding_of_padding_stays_as_it_is) {
  Embedding layer(4, 2, {.padding_index = 1});
  initialize(layer, 3);
  const Tensor& w = value_of(layer, "weight");
  BOOST_TEST(w.data<double>()[2] == 0.0);
  BOOST_TEST(w.data<double>()[3] == 0.0);
  BOOST_TEST(w.data<double>()[0] != 0.0);
  Tape tape;
  Recording r(tape, fields_of(layer));
  const Var x = tape.leaf(Tensor(Shape{3}, std::initializer_list<Index>{1, 1, 0}));
  const Var total = sum(r(layer, x));
  const Var slope = grad(total, r.parameters()[0].var);
  BOOST_TEST((slope.value() == Tensor(Shape{4, 2}, {1.0, 1.0, 0, 0, 0, 0, 0, 0})));
}

BOOST_AUTO_TEST_CASE(weight_norm_starts_as_the_layer_itself) {
  WeightNorm model(Conv2d(2, 3, 2));
  initialize(model, 4);
  // The same weights at the same path give the same layer, as g is the length of v.
  const Tensor v = value_of(model, "weight_v"), g = value_of(model, "weight_g");
  BOOST_TEST((g.shape() == Shape{3, 1, 1, 1}));
  for (std::size_t k = 0; k < 3; ++k) {
    double squares = 0;
    for (const double x : v.data<double>().subspan(8 * k, 8)) squares += x * x;
    BOOST_TEST(std::abs(g.data<double>()[k] - std::sqrt(squares)) <= 4 * 0x1p-53);
  }
  WeightNorm given(Linear(Tensor(Shape{1, 2}, {3.0, 4.0}), Tensor(Shape{1})));
  BOOST_TEST(value_of(given, "weight_g").item() == 5.0);
}

BOOST_AUTO_TEST_CASE(dropout2d_drops_whole_channels_in_training) {
  Dropout2d layer(0.5);
  initialize(layer, 5);
  Tape tape;
  const Var x = tape.leaf(constant({20, 30, 2, 2}, 1));
  Recording training(tape, fields_of(layer)), evaluation(tape, fields_of(layer), Mode::evaluate);
  BOOST_TEST(layer.forward(evaluation, x).is(x));
  const Var y = layer.forward(training, x);
  double kept = 0;
  for (std::size_t channel = 0; channel < 600; ++channel) {
    const auto values = y.data<double>().subspan(4 * channel, 4);
    BOOST_REQUIRE(std::ranges::all_of(values, [&](double v) { return v == values[0]; }));
    BOOST_REQUIRE((values[0] == 0 || values[0] == 2));
    kept += values[0] / 2;
  }
  // Five standard deviations of a binomial count.
  BOOST_TEST(std::abs(kept - 300) <= 5 * std::sqrt(150.0));
}

BOOST_AUTO_TEST_CASE(recurrent_layers_drop_between_them_in_training) {
  LSTM layer(3, 4, {.all_steps = true, .layers = 3, .keep_prob = 0.5});
  initialize(layer, 6);
  const ModelFields fields = fields_of(layer);
  BOOST_REQUIRE_EQUAL(fields.streams.size(), 2U);
  BOOST_TEST(fields.streams[0].path == "masks.0");
  BOOST_TEST(fields.streams[0].member->key->stream != fields.streams[1].member->key->stream);
  Tape tape;
  const Var x = tape.leaf(normal({2, 5, 3}, 0, 1, {6, 1}));
  Recording training(tape, fields_of(layer)), evaluation(tape, fields_of(layer), Mode::evaluate);
  BOOST_TEST((layer.forward(training, x).value() != layer.forward(evaluation, x).value()));
}

BOOST_AUTO_TEST_CASE(what_stands_behind_a_sequence_has_no_effect) {
  LSTM layer(2, 3, {.layers = 2, .bidirectional = true});
  initialize(layer, 7);
  Tape tape;
  Recording r(tape, fields_of(layer));
  const Var x = tape.leaf(normal({2, 5, 2}, 0, 1, {7, 1}), "x");
  const Var lengths = tape.leaf(Tensor(Shape{2}, std::initializer_list<Index>{3, 0}));
  const Var y = r(layer, x, lengths);
  // Sequence 0 is what it would be alone, without what stands behind it.
  const Var alone = r(layer, slice(slice(x, 0, {0, 1}), 1, {0, 3}));
  BOOST_TEST((slice(y, 0, {0, 1}).value() == alone.value()));
  for (const double v : select(y, 0, 1).data<double>()) BOOST_TEST(v == 0.0);
  // Another batch has other lengths: they are set in a replay as any input is.
  Workspace<double> ws(Plan{y});
  ws.index_leaf(lengths)[0] = 5;
  ws.run();
  const Var whole = r(layer, slice(x, 0, {0, 1}));
  const Tensor replayed = ws.tensor(y), wanted = whole.value();
  for (std::size_t i = 0; i < 6; ++i) {
    BOOST_TEST(replayed.data<double>()[i] == wanted.data<double>()[i]);
  }
}

BOOST_AUTO_TEST_CASE(rotary_positions_turn_queries_and_keys) {
  // With one head, scores are those of turned queries and keys, values are left alone.
  MultiHeadAttention turned(4, 1, {.rotary = RotaryOptions{}});
  initialize(turned, 8);
  Tape tape;
  Recording r(tape, fields_of(turned));
  const Var x = tape.leaf(normal({1, 3, 4}, 0, 1, {8, 1}));
  const Attended both = turned.attend(r, x, x, x);
  const Var w = r.parameters()[0].var;  // biases are 0
  const auto projected = [&](Index part) {
    return matmul(x, swap_axes(slice(w, 0, {4 * part, 4 * part + 4}), 0, 1));
  };
  const Attended wanted = attend(rope(projected(0)), rope(projected(1)), projected(2));
  const Tensor found = both.weights.value(), expected = wanted.weights.value();
  for (std::size_t i = 0; i < 9; ++i) {
    // Products of four terms on both sides.
    BOOST_TEST(std::abs(found.data<double>()[i] - expected.data<double>()[i]) <= 1e-15);
  }
}

BOOST_AUTO_TEST_CASE(positions_are_added) {
  Tape tape;
  Recording r(tape);
  const Var x = tape.leaf(Tensor(Shape{2, 3, 4}));
  const Var y = SinusoidalPositions().forward(r, x);
  BOOST_TEST((select(y, 0, 1).value() == positional_encoding(tape, 3, 4).value()));
  LearnedPositions learned(5, 4);
  initialize(learned, 9);
  const Var z = learned.forward(r, x);
  BOOST_TEST((select(z, 0, 0).value() == slice(r.parameters()[0].var, 0, {0, 3}).value()));
  BOOST_TEST((RotaryPositions().forward(r, x + 1).value() == rope(x + 1).value()));
}

BOOST_AUTO_TEST_CASE(rms_norm_takes_the_epsilon_of_the_tape) {
  const RMSNorm norm(1);
  for (const DType precision : {DType::float32, DType::float64}) {
    Tape tape(precision);
    Recording r(tape);
    const double epsilon = precision == DType::float32 ? 0x1p-23 : 0x1p-52;
    const Var y = norm.forward(r, tape.leaf(Tensor(Shape{1}, {std::sqrt(epsilon)})));
    // x / sqrt(x^2 + x^2)
    BOOST_TEST(std::abs(y.item() - std::sqrt(0.5)) <= 4 * epsilon);
  }
}

BOOST_AUTO_TEST_CASE(a_residual_layer_adds_what_it_was_given) {
  Residual layer(Linear(2, 2), Linear(2, 2));
  initialize(layer, 10);
  std::string paths;
  for (const auto& p : fields_of(layer).parameters) paths += p.path + " ";
  BOOST_TEST(paths == "inner.weight inner.bias shortcut.weight shortcut.bias ");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
