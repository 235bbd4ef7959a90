#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <set>
#include <string>

#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/network/attention.hpp"
#include "autodiff/ops/network/normalization.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "data/files.hpp"
#include "nn/init.hpp"
#include "nn/layers/sequence/attention.hpp"
#include "nn/layers/sequence/recurrent.hpp"
#include "nn/layers/sequence/transformer.hpp"
#include "nn/layers/sequential.hpp"
#include "nn/model_ref.hpp"

namespace dtheta::nn::test {
namespace {

namespace bdata = boost::unit_test::data;

constexpr Index samples = 2, length = 3, in = 4, hidden = 5;
const auto kinds = bdata::make({0, 1, 2, 3});

std::string names_of(Sequential& model) {
  std::string names;
  for (const auto& p : fields_of(model).parameters) {
    names += p.path + to_string(p.member->value.shape()) + (p.member->regularized ? " " : "' ");
  }
  return names;
}

Var recorded(Recording& recording, std::size_t i) { return recording.parameters()[i].var; }

}  // namespace

BOOST_AUTO_TEST_SUITE(layers_sequence)

BOOST_DATA_TEST_CASE(a_recurrent_layer_is_its_op_with_samples_in_front,
                     kinds* bdata::make({false, true}), k, reverse) {
  const auto kind = static_cast<RecurrentKind>(k);
  const Recurrent last(kind, in, hidden, {3, 1}, {.reverse = reverse});
  const Recurrent all(kind, in, hidden, {3, 1}, {.all_steps = true, .reverse = reverse});
  Tape tape;
  Recording of_last(tape), of_all(tape);
  const Var x = tape.leaf(normal({samples, length, in}, 0, 1, {3, 2}));
  const Var y = last.forward(of_last, x), ys = all.forward(of_all, x);
  const RecurrentWeights w{recorded(of_all, 0), recorded(of_all, 1), recorded(of_all, 2),
                           recorded(of_all, 3)};
  const Var h = tape.constant(Tensor(Shape{samples, hidden})), steps = swap_axes(x, 0, 1);
  const RecurrentResult r = kind == RecurrentKind::lstm  ? lstm(steps, {h, h}, w, reverse)
                            : kind == RecurrentKind::gru ? gru(steps, h, w, true, reverse)
                            : kind == RecurrentKind::rnn
                                ? rnn(steps, h, w, RecurrentActivation::tanh, reverse)
                                : rnn(steps, h, w, RecurrentActivation::relu, reverse);
  BOOST_TEST((y.value() == r.last.h.value()));
  BOOST_TEST((ys.value() == swap_axes(r.outputs, 0, 1).value()));
}

BOOST_AUTO_TEST_CASE(a_recurrent_layer_starts_uniform_within_its_bound) {
  Recurrent layer(RecurrentKind::lstm, in, hidden, {3, 1});
  std::set<double> seen;
  std::size_t count = 0;
  for (const Parameter* p : parameters_of(layer)) {
    for (double v : p->value.data<double>()) {
      BOOST_TEST(std::abs(v) <= 1 / std::sqrt(static_cast<double>(hidden)));
      seen.insert(v);
      ++count;
    }
  }
  BOOST_TEST(count == static_cast<std::size_t>(4 * hidden * (in + hidden + 2)));
  BOOST_TEST(seen.size() == count);  // no number twice: no stream used twice
}

BOOST_AUTO_TEST_CASE(parameters_have_names) {
  Sequential model{Recurrent(RecurrentKind::gru, 4, 2, {1, 0}, {.all_steps = true}),
                   EncoderLayer(2, 1, 3, {1, 1})};
  BOOST_TEST(names_of(model) ==
             "0.weight_ih_l0(6, 4) 0.weight_hh_l0(6, 2) 0.bias_ih_l0(6)' 0.bias_hh_l0(6)' "
             "1.self_attn.in_proj_weight(6, 2) 1.self_attn.in_proj_bias(6)' "
             "1.self_attn.out_proj.weight(2, 2) 1.self_attn.out_proj.bias(2)' "
             "1.linear1.weight(3, 2) 1.linear1.bias(3)' 1.linear2.weight(2, 3) "
             "1.linear2.bias(2)' 1.norm1.weight(2)' 1.norm1.bias(2)' 1.norm2.weight(2)' "
             "1.norm2.bias(2)' ");
  Tape tape;
  Recording recording(tape);
  const Var y = model.forward(recording, tape.leaf(Tensor(Shape{5, 7, 4})));
  BOOST_TEST((y.shape() == Shape{5, 7, 2}));
  BOOST_TEST(recording.parameters().size() == 16U);
  const std::vector<Parameter*> all = parameters_of(model);
  for (const RecordedParameter& p : recording.parameters()) {
    BOOST_TEST((std::ranges::find(all, p.source) != all.end()));
  }
}

BOOST_AUTO_TEST_CASE(an_encoder_layer_is_its_formula) {
  EncoderLayer layer(4, 2, 6, {5, 1}, {.causal = true});
  std::uint32_t stream = 10;
  for (Parameter* p : parameters_of(layer))
    p->value = normal(p->value.shape(), 0, 1, {5, stream++});
  Tape tape;
  const Var x = tape.leaf(normal({samples, length, 4}, 0, 1, {5, 2}));
  Recording recording(tape);
  const Var y = layer.forward(recording, x);
  std::vector<Var> p;
  for (const Parameter* own : parameters_of(layer)) p.push_back(tape.leaf(own->value));
  const Var a = layer_norm(
      x + multi_head_attention(x, x, x, {p[0], p[2], p[1], p[3]}, 2, {.causal = true}), p[8], p[9]);
  const Var f = affine(relu(affine(a, p[4], p[5])), p[6], p[7]);
  BOOST_TEST((y.value() == layer_norm(a + f, p[10], p[11]).value()));
}

BOOST_AUTO_TEST_CASE(attention_drops_weights_in_training_only) {
  const MultiHeadAttention layer(4, 2, {5, 1}, {.keep_prob = 0.5, .masks = {5, 3}});
  Tape tape;
  const Var x = tape.leaf(normal({samples, length, 4}, 0, 1, {5, 2}));
  Recording train(tape), evaluate(tape, Mode::evaluate);
  const Var trained = layer.forward(train, x), evaluated = layer.forward(evaluate, x);
  const auto leaves = [&](std::size_t i) { return recorded(evaluate, i); };
  const AttentionWeights w{leaves(0), leaves(2), leaves(1), leaves(3)};
  BOOST_TEST((evaluated.value() == multi_head_attention(x, x, x, w, 2).value()));
  BOOST_TEST((trained.value() != evaluated.value()));
}

BOOST_AUTO_TEST_CASE(wrong_sizes_are_refused) {
  BOOST_TEST(message<ShapeError>([] { return Recurrent(RecurrentKind::rnn, 0, 3); }) ==
             "recurrent: 0 inputs and 3 hidden, need at least 1");
  BOOST_TEST(message<ShapeError>([] { return MultiHeadAttention(6, 4); }) ==
             "attention: a width of 6 does not divide by 4 heads");
  BOOST_TEST(message<ShapeError>([] { return EncoderLayer(6, 2, 0); }) ==
             "encoder: an inner width of 0, need at least 1");
  BOOST_TEST(message<ValueError>([] { return MultiHeadAttention(6, 2, {.keep_prob = 0}); }) ==
             "dropout: keep_prob 0 is outside (0, 1]");
  Tape tape;
  Recording recording(tape);
  const Recurrent layer(RecurrentKind::lstm, 4, 3);
  BOOST_TEST(message<ShapeError>([&] {
               return layer.forward(recording, tape.leaf(Tensor(Shape{2, 5, 6})));
             }) == "recurrent: x (2, 5, 6) does not fit: (samples, time, 4) is needed");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
